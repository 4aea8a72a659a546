"""The copy that a rehearsal works on: SQLite's own backup of the open file, taken by a reader, deleted afterwards."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from relay.unknown import NoRoomForCopy

PREFIX: Final = "rehearsal-"
SPARE: Final = 64 << 20
"""Bytes that stay free beside the copy."""


@contextmanager
def copied(database: Path) -> Iterator[Path]:
    """A copy with everything that is committed, in a directory of its own beside the original. Blocks.

    The original is opened so that nothing can be written to it. Raises `NoRoomForCopy`.
    """
    size = database.stat().st_size
    free = shutil.disk_usage(database.parent).free
    if free < size + SPARE:
        raise NoRoomForCopy(size, free)
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=database.parent) as directory:
        copy = Path(directory) / "copy.db"
        original = f"{database.as_uri()}?mode=ro"
        with closing(sqlite3.connect(original, uri=True)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        yield copy


def remove_leftovers(home: Path) -> None:
    """Copies of a server that was killed in the middle of a rehearsal."""
    for directory in home.glob(f"{PREFIX}*"):
        shutil.rmtree(directory, ignore_errors=True)
