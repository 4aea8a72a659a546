"""Proves the ledger in the background after money has moved, so that a breach is shown when it happens.

What this process writes is announced. What anybody else writes into the file (a person with sqlite3, a second program)
is noticed by SQLite's own count of changes, and proved at once: it went round every rule.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

from billing import ledger_check
from billing.changes import Changes, Kind
from billing.db import Database
from billing.errors import DatabaseClosed
from relay.pace import rest_s
from relay.views.query import read_sync

log = logging.getLogger(__name__)

SETTLE_S = 1.0
"""After money moved: a burst is proved once, at its end."""
REST_S = 10.0
LOOK_S = 0.5
"""How often it is asked whether somebody else has written; it costs 0.1 ms."""


class LedgerWatch:
    """`ok` is the result of the last proof, None before the first."""

    def __init__(self, db: Database) -> None:
        self.ok: bool | None = None
        self._db = db
        self._moved = asyncio.Event()
        self._meddled = asyncio.Event()
        self._stopping = asyncio.Event()
        self._listeners: list[Callable[[], None]] = []
        self._tasks: list[asyncio.Task[None]] = []

    def on_result(self, listener: Callable[[], None]) -> None:
        self._listeners.append(listener)

    def changed(self, changes: Changes) -> None:
        """Commit listener of the database."""
        if Kind.LEDGER in changes:
            self._moved.set()

    def start(self) -> None:
        assert not self._tasks, "started twice"
        self._moved.set()
        self._tasks = [
            asyncio.create_task(self._prove_when_moved(), name="ledger-watch"),
            asyncio.create_task(self._notice_others(), name="ledger-watch-others"),
        ]

    async def stop(self) -> None:
        self._stopping.set()
        for task in self._tasks[:1]:
            task.cancel()
        # The other one ends by itself: cut off within a question, its connection would be closed under the answer.
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    async def _prove_when_moved(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._moved.wait()
            await self._unless_meddled(SETTLE_S)
            self._moved.clear()
            self._meddled.clear()
            start = loop.time()
            try:
                async with self._db.read() as session:
                    proof = await read_sync(session, ledger_check.check)
            except Exception:
                log.exception("ledger_check_crashed")
            else:
                self._tell(proof.ok)
            took_s = loop.time() - start
            await asyncio.sleep(rest_s(took_s, at_least_s=0.0))
            await self._unless_meddled(REST_S)

    async def _notice_others(self) -> None:
        while not self._stopping.is_set():
            try:
                await self._follow_the_file()
            except DatabaseClosed:
                return
            except Exception:
                log.exception("ledger_watch_cannot_read")
                await self._unless_stopped(REST_S)

    async def _follow_the_file(self) -> None:
        """SQLite's count of changes differs for each connection, so one is kept."""
        async with self._db.read() as session:
            connection = await session.connection()
            commits_before = version_before = -1
            while not self._stopping.is_set():
                # The commits first: one between the two questions must not pass for somebody else's.
                commits = self._db.commits
                version = (await connection.exec_driver_sql("PRAGMA data_version")).scalar_one()
                if version != version_before:
                    if commits == commits_before:
                        log.warning("ledger_file_changed_by_others")
                        self._meddled.set()
                    # Among our own writes there may be one of somebody else's, so this is proved too, without haste.
                    self._moved.set()
                commits_before, version_before = commits, version
                await self._unless_stopped(LOOK_S)

    async def _unless_stopped(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()

    async def _unless_meddled(self, seconds: float) -> None:
        """Wait so long, but not when somebody else has written."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._meddled.wait()

    def _tell(self, ok: bool) -> None:
        if not ok:
            log.error("ledger_breached")
        self.ok = ok
        for listener in self._listeners:
            listener()
