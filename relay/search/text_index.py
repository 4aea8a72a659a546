"""The full-text index over the bodies of events: a file of its own beside the inbox, written behind its back.

Nothing waits for it: an event is acknowledged and processed whether it is indexed or not, and a search reads the
bodies that the index has not reached. It may be deleted at any time and is then made anew. Inbox numbers are never
used twice, so what was pruned from the inbox is simply not found there any more.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from billing.changes import Changes, Kind
from billing.locks import LOCK_PATIENCE_S, is_locked, locks_named
from relay.background import Background
from relay.commits import Commits
from relay.filtering.words import readable

log = logging.getLogger(__name__)

FORMAT = 1
"""Another number: the file is made anew."""
STEP_MAX = 200
"""Events in one transaction of the index."""
GATHER_S = 0.1
"""What arrives within this goes into one transaction."""
GIVE_WAY_S = 0.25
IDLE_S = 30.0
STALE_SHARE = 2
"""With so many times more bodies than there are events, it is made anew."""
STALE_MIN = 10_000

_TABLES = (
    "CREATE VIRTUAL TABLE words USING fts5(body, content='', columnsize=0, "
    "tokenize=\"unicode61 remove_diacritics 2 tokenchars '_'\")",
    "CREATE TABLE state (indexed_to INTEGER, last_event TEXT, bodies INTEGER)",
    "INSERT INTO state VALUES (0, NULL, 0)",
    f"PRAGMA user_version = {FORMAT}",
)


class TextIndex:
    """Follows the inbox of `database`. Without a start it stays where it is, and searches read what it lacks."""

    def __init__(self, database: Path, *, gives_way: Callable[[], bool] = lambda: False) -> None:
        self.database = database
        self.path = database.with_name(f"search-{database.stem}.db")
        self._gives_way = gives_way
        self._news = asyncio.Event()
        self._background = Background("text index", self._run)

    def prepare(self) -> None:
        """Make the file, or make it anew where it does not belong to this inbox. Raises `DatabaseLocked`."""
        with locks_named(self.path):
            self._prepare()

    def _prepare(self) -> None:
        if self.path.exists() and not self._belongs():
            log.info("text_index_made_anew", extra={"path": str(self.path)})
            for side in ("", "-wal", "-shm"):
                self.path.with_name(self.path.name + side).unlink(missing_ok=True)
        with closing(self._connect()) as connection, connection:
            if connection.execute("PRAGMA user_version").fetchone() != (FORMAT,):
                for statement in _TABLES:
                    connection.execute(statement)

    def start(self, commits: Commits) -> None:
        self._background.start(commits)

    async def stop(self) -> None:
        await self._background.stop()

    def catch_up(self) -> int:
        """Index one step; returns how many events it took. Blocks: to be called in a thread."""
        with closing(self._connect()) as connection:
            (indexed_to,) = connection.execute("SELECT indexed_to FROM state").fetchone()
            rows = connection.execute(
                "SELECT id, event_id, payload FROM inbox.webhook_events WHERE id > ? ORDER BY id LIMIT ?",
                (indexed_to, STEP_MAX),
            ).fetchall()
            if rows:
                with connection:
                    connection.executemany(
                        "INSERT INTO words (rowid, body) VALUES (?, ?)",
                        ((id_, readable(payload)) for id_, _, payload in rows),
                    )
                    connection.execute(
                        "UPDATE state SET indexed_to = ?, last_event = ?, bodies = bodies + ?",
                        (rows[-1][0], rows[-1][1], len(rows)),
                    )
        return len(rows)

    def sweep(self) -> bool:
        """Forget everything when most of what is indexed was pruned; it is indexed again. Returns whether it was."""
        with closing(self._connect()) as connection:
            (bodies,) = connection.execute("SELECT bodies FROM state").fetchone()
            (events,) = connection.execute("SELECT count(*) FROM inbox.webhook_events").fetchone()
            if bodies < STALE_SHARE * events + STALE_MIN:
                return False
            with connection:
                connection.execute("INSERT INTO words (words) VALUES ('delete-all')")
                connection.execute("UPDATE state SET indexed_to = 0, last_event = NULL, bodies = 0")
        return True

    def _belongs(self) -> bool:
        """Whether the file is whole and speaks of this inbox, not of one that was there before."""
        try:
            with closing(self._connect()) as connection:
                if connection.execute("PRAGMA user_version").fetchone() != (FORMAT,):
                    return False
                indexed_to, last_event = connection.execute("SELECT indexed_to, last_event FROM state").fetchone()
                connection.execute("SELECT count(*) FROM words WHERE words MATCH 'event' LIMIT 1").fetchone()
                there = connection.execute(
                    "SELECT event_id FROM inbox.webhook_events WHERE id = ?", (indexed_to,)
                ).fetchone()
                newest = connection.execute(
                    "SELECT coalesce((SELECT seq FROM inbox.sqlite_sequence WHERE name = 'webhook_events'), 0)"
                ).fetchone()[0]
        except sqlite3.DatabaseError as error:
            if is_locked(error):
                raise
            return False
        return bool(indexed_to <= newest and (there is None or there == (last_event,)))

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=LOCK_PATIENCE_S)
        # The file can be made anew, so nothing waits for the disk; a crash leaves it whole, if a little behind.
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("ATTACH ? AS inbox", (str(self.database),))
        return connection

    def _changed(self, changes: Changes) -> None:
        if Kind.EVENT in changes:
            self._news.set()

    async def _run(self, commits: Commits) -> None:
        with commits.listening(self._changed):
            while True:
                try:
                    await self._follow()
                except (sqlite3.Error, OSError):
                    log.exception("text_index_failed")
                    await asyncio.sleep(IDLE_S)

    async def _follow(self) -> None:
        """Index everything there is, resting as long as it works; then sleep until there is more."""
        self._news.clear()
        while True:
            if self._gives_way():
                await asyncio.sleep(GIVE_WAY_S)
                continue
            began = time.monotonic()
            if await asyncio.to_thread(self.catch_up) < STEP_MAX:
                break
            await asyncio.sleep(time.monotonic() - began)
        await asyncio.to_thread(self.sweep)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), IDLE_S)
        await asyncio.sleep(GATHER_S)
