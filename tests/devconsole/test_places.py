"""Every operation has a place in the console: a key, the palette or a screen sends it, as a verb of the CLI does."""

from __future__ import annotations

import ast
import importlib.util
from functools import cache
from pathlib import Path

import pytest

import devconsole
from relay.api import OPERATIONS

ROOT = "devconsole.app"
ELSEWHERE = ("devconsole.commands", "devconsole.scenario", "devconsole.lab", "devconsole.server", "devconsole.wiring")
"""What the console starts or opens, but does not consist of."""
HOME = Path(devconsole.__file__).parent.parent

ELSEWHERE_BECAUSE = {
    "balances.list": "the balance of each company stands in the answer of companies.list, and is told live",
    "balances.show": "the same",
    "auto_topup.show": "the automatic top-up of each company stands in the answer of companies.list",
    "test_mode.status": "test mode stands in the answer of server.status, and is told live",
}
"""What the console does not ask, because it knows it already or has no use for it."""


@cache
def tree(module: str) -> ast.Module | None:
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        return None
    return ast.parse(Path(spec.origin).read_text())


def imported(module: str) -> set[str]:
    """The modules of ours that a module names in its imports, also in those inside of functions."""
    found: set[str] = set()
    parsed = tree(module)
    assert parsed is not None, module
    for node in ast.walk(parsed):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("devconsole"):
            for name in (node.module, *(f"{node.module}.{alias.name}" for alias in node.names)):
                if HOME.joinpath(*name.split(".")).with_suffix(".py").exists():
                    found.add(name)
    return {name for name in found if not name.startswith(ELSEWHERE)}


def console_modules() -> set[str]:
    """Everything that the console consists of, from the application on."""
    known, waiting = {ROOT}, [ROOT]
    while waiting:
        for name in imported(waiting.pop()) - known:
            known.add(name)
            waiting.append(name)
    return known


def made(module: str) -> set[str]:
    """The names that are called in a module, as `ListEvents(...)`."""
    parsed = tree(module)
    assert parsed is not None, module
    return {node.func.id for node in ast.walk(parsed) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}


@pytest.fixture(scope="module")
def sent() -> set[str]:
    """The operations that the console makes somewhere."""
    names = {name for module in console_modules() for name in made(module)}
    return {operation.name for operation in OPERATIONS.values() if operation.__name__ in names}


def test_every_operation_has_a_place_in_the_console(sent: set[str]) -> None:
    assert sent | set(ELSEWHERE_BECAUSE) == set(OPERATIONS)


def test_no_exception_has_become_needless(sent: set[str]) -> None:
    assert sent & set(ELSEWHERE_BECAUSE) == set()
