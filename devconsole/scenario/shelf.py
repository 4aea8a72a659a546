"""Where stories lie: the shipped ones by name, one's own by path."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import fixtures
from devconsole.output import ExitCode, Failure

SHIPPED = Path(fixtures.__file__).parent / "scenarios"


def shipped() -> list[Path]:
    """The stories that come with devconsole, by name."""
    return sorted(SHIPPED.glob("*.yaml"))


def find(names: Sequence[str]) -> list[Path]:
    """Files, directories of files, and names of shipped stories; nothing = all shipped. Raises `Failure`."""
    return list(_unique(path for name in names for path in _paths(name))) if names else shipped()


def _paths(name: str) -> list[Path]:
    given = Path(name)
    if given.is_dir():
        return sorted([*given.rglob("*.yaml"), *given.rglob("*.yml")])
    if given.is_file():
        return [given]
    on_shelf = SHIPPED / f"{name}.yaml"
    if given.name == name and on_shelf.is_file():
        return [on_shelf]
    raise Failure(
        f"no story {name!r}",
        remedy="Name a file, a directory, or one of `devconsole scenario list`.",
        code="unknown_story",
        exit_code=ExitCode.USAGE,
    )


def _unique(paths: Iterable[Path]) -> Iterator[Path]:
    yield from dict.fromkeys(paths)
