"""Who hears of commits: one listener at the database, any number here, some only for a while."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from billing.changes import Changes
from billing.db import Database

Listener = Callable[[Changes], None]


class Commits:
    """Listeners are called on the event loop, after the commit and before its writers continue; they must be quick."""

    def __init__(self, db: Database) -> None:
        self._listeners: dict[Listener, None] = {}
        db.on_commit(self._changed)

    def listen(self, listener: Listener) -> None:
        self._listeners[listener] = None

    @contextmanager
    def listening(self, listener: Listener) -> Iterator[None]:
        """Listen while the block runs."""
        self._listeners[listener] = None
        try:
            yield
        finally:
            del self._listeners[listener]

    def _changed(self, changes: Changes) -> None:
        for listener in tuple(self._listeners):
            listener(changes)
