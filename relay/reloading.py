"""Using edited handlers and rules of billing without a restart: all of them anew, or none.

The new code is imported beside the old; only when every module of it came up does it take the old one's place, between
two transactions. An edit that does not even import leaves everything as it was, and says where it breaks.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import logging
import sys
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import billing
from billing.db import Database
from relay.background import Background
from relay.upstreams import Upstreams

log = logging.getLogger(__name__)

ROOT: Final = Path(billing.__file__).resolve().parent
ALWAYS: Final = ("handlers", "rules")
"""Packages that are loaded again as a whole."""
FIXED: Final = frozenset(
    {
        *("models", "migrations", "services", "reports"),
        *("accounts", "bulk", "changes", "clock", "db", "dialect", "errors", "gateway", "guard", "inbox", "inbox_head"),
        *("inbox_process", "inbox_replay", "inbox_store", "job_queue", "jobs", "notice_desk", "policy", "pump"),
        *("schema", "stripe_gateway", "worker"),
    }
)
"""What tables, open files, running tasks and errors that somebody catches are made of: these need a restart."""
CODE: Final = "code"
"""What the server's status calls it."""


class ReloadFailed(Exception):
    """The new code cannot be used; the old one goes on."""


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What was loaded again. `restart`: files that changed and are used only after a restart."""

    modules: tuple[str, ...]
    restart: tuple[str, ...]


def load_again(changed: Iterable[Path] = ()) -> Reloaded:
    """Load handlers, rules and what else `changed` anew. Raises `ReloadFailed`, and then has changed nothing.

    To be called where no handler runs: in a transaction of the writer.
    """
    names = dict.fromkeys(name for package in ALWAYS for name in _modules_in(package))
    restart = []
    for path in sorted(changed):
        name = _module_of(path)
        if name is None:
            continue
        if name.split(".")[1:2] and name.split(".")[1] in FIXED:
            restart.append(str(path.resolve().relative_to(ROOT.parent)))
        elif name != billing.__name__ and path.exists():
            names[name] = None
    wanted = list(names)
    _replace(wanted)
    return Reloaded(tuple(wanted), tuple(restart))


def _modules_in(package: str) -> list[str]:
    files = sorted((ROOT / package).rglob("*.py"))
    return [name for name in map(_module_of, files) if name is not None]


def _module_of(path: Path) -> str | None:
    """The name of the module in this file; None for a file that is not billing's."""
    try:
        parts = path.resolve().relative_to(ROOT.parent).with_suffix("").parts
    except ValueError:
        return None
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts) if path.suffix == ".py" else None


def _replace(names: Sequence[str]) -> None:
    old = {name: module for name in names if (module := sys.modules.pop(name, None)) is not None}
    try:
        importlib.invalidate_caches()
        for module in old.values():
            # Compiled files know seconds; two edits within one would be taken for the same.
            Path(importlib.util.cache_from_source(str(module.__file__))).unlink(missing_ok=True)
        fresh = {name: importlib.import_module(name) for name in names}
        _check(fresh[f"{billing.__name__}.handlers"])
    except BaseException as error:
        for name in [*names]:
            sys.modules.pop(name, None)
        for name, module in old.items():
            _install(name, module)
        raise ReloadFailed(_explained(error)) from error
    _keep_table(old, fresh)
    _rebind(old, fresh)


def _keep_table(old: Mapping[str, ModuleType], fresh: Mapping[str, ModuleType]) -> None:
    """The table stays the same object: workers hold on to it."""
    name = f"{billing.__name__}.handlers"
    table: dict[str, Any] = old[name].HANDLERS
    rules = dict(fresh[name].HANDLERS)
    table.clear()
    table.update(rules)
    vars(fresh[name])["HANDLERS"] = table


def _check(handlers: ModuleType) -> None:
    table = getattr(handlers, "HANDLERS", None)
    if not isinstance(table, Mapping) or not table:
        raise ReloadFailed("billing/handlers/__init__.py has no table HANDLERS any more")
    for name, rule in table.items():
        if not isinstance(name, str) or not callable(getattr(rule, "apply", None)):
            raise ReloadFailed(f"HANDLERS[{name!r}] is no Rule")


def _install(name: str, module: ModuleType) -> None:
    """Put a module where imports look for it, also as an attribute of its package."""
    sys.modules[name] = module
    parent, _, child = name.rpartition(".")
    setattr(sys.modules[parent], child, module)


def _rebind(old: Mapping[str, ModuleType], fresh: Mapping[str, ModuleType]) -> None:
    """Whoever imported a name of the old modules has the new one from now on."""
    successors: dict[tuple[str, int], Any] = {}
    for name, module in old.items():
        for key, value in vars(module).items():
            if not key.startswith("__") and hasattr(fresh[name], key):
                successors[key, id(value)] = getattr(fresh[name], key)
        successors[name.rpartition(".")[2], id(module)] = fresh[name]
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in ("billing", "relay", "devconsole") and name not in fresh:
            for key, value in list(vars(module).items()):
                if (key, id(value)) in successors:
                    setattr(module, key, successors[key, id(value)])


def _explained(error: BaseException) -> str:
    """The place in billing where it breaks, and what Python says of it."""
    if isinstance(error, ReloadFailed):
        return str(error)
    if isinstance(error, SyntaxError) and error.filename:
        return f"{_shown(error.filename)}, line {error.lineno}: {type(error).__name__}: {error.msg}"
    ours = [frame for frame in traceback.extract_tb(error.__traceback__) if str(ROOT) in frame.filename]
    place = f"{_shown(ours[-1].filename)}, line {ours[-1].lineno}: " if ours else ""
    return f"{place}{type(error).__name__}: {error}"


def _shown(filename: str) -> str:
    path = Path(filename).resolve()
    return str(path.relative_to(ROOT.parent)) if path.is_relative_to(ROOT.parent) else filename


class Reloader:
    """Loads again when a file of billing changes. What came of it stands in the server's status under `code`."""

    def __init__(self, db: Database, upstreams: Upstreams) -> None:
        self._db, self._upstreams = db, upstreams
        self._background = Background("reloader", self._watch)

    def start(self) -> None:
        self._upstreams.report(CODE, state="connected", detail=f"watching {ROOT} for edits")
        self._background.start()

    async def stop(self) -> None:
        await self._background.stop()

    async def reload(self, changed: Iterable[Path] = ()) -> Reloaded:
        """Raises `ReloadFailed`; both ends are reported."""
        try:
            reloaded = await self._db.write(lambda _session: load_again(changed))
        except ReloadFailed as error:
            log.warning("code_not_reloaded", extra={"reason": str(error)})
            self._upstreams.report(CODE, state="down", detail=f"{error}; the code of before goes on")
            raise
        log.info("code_reloaded", extra={"modules": len(reloaded.modules)})
        restart = f"; restart for {', '.join(reloaded.restart)}" if reloaded.restart else ""
        edits = ", ".join(sorted(path.name for path in changed)) or "as asked"
        self._upstreams.report(CODE, state="connected", detail=f"handlers and rules loaded anew: {edits}{restart}")
        return reloaded

    async def _watch(self) -> None:
        from watchfiles import PythonFilter, awatch

        async for changes in awatch(ROOT, watch_filter=PythonFilter()):
            with contextlib.suppress(ReloadFailed):
                await self.reload({Path(path) for _, path in changes})
