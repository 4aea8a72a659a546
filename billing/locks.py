"""Database files that another process holds. Light to import: a start that finds nothing to do needs no SQLAlchemy."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from billing.errors import DatabaseLocked

LOCK_PATIENCE_S: Final = 10.0
"""How long whoever needs the file waits while another process holds it."""

_PRIMARY: Final = 0xFF
"""SQLite's extended codes say more in the upper bits."""


@contextmanager
def locks_named(path: Path) -> Iterator[None]:
    """Raise `DatabaseLocked` for what SQLite says when it has given up waiting for another process."""
    try:
        yield
    except Exception as error:
        if is_locked(error):
            raise DatabaseLocked(path) from error
        raise


def is_locked(error: BaseException) -> bool:
    """Whether the driver, itself or through SQLAlchemy (`orig`), tells of a file that another process holds."""
    said = getattr(error, "orig", error)
    return isinstance(said, sqlite3.OperationalError) and said.sqlite_errorcode & _PRIMARY == sqlite3.SQLITE_BUSY
