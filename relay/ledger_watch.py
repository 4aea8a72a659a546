"""Proves the ledger in the background after money has moved, so that a breach is shown when it happens."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

from billing import ledger_check
from billing.changes import Changes, Kind
from billing.db import Database
from relay.pace import rest_s
from relay.views.query import read_sync

log = logging.getLogger(__name__)

SETTLE_S = 1.0
"""After money moved: a burst is proved once, at its end."""
REST_S = 10.0


class LedgerWatch:
    """`ok` is the result of the last proof, None before the first."""

    def __init__(self, db: Database) -> None:
        self.ok: bool | None = None
        self._db = db
        self._moved = asyncio.Event()
        self._listeners: list[Callable[[], None]] = []
        self._task: asyncio.Task[None] | None = None

    def on_result(self, listener: Callable[[], None]) -> None:
        self._listeners.append(listener)

    def changed(self, changes: Changes) -> None:
        """Commit listener of the database."""
        if Kind.LEDGER in changes:
            self._moved.set()

    def start(self) -> None:
        assert self._task is None, "started twice"
        self._moved.set()
        self._task = asyncio.create_task(self._run(), name="ledger-watch")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._moved.wait()
            await asyncio.sleep(SETTLE_S)
            self._moved.clear()
            start = loop.time()
            try:
                async with self._db.read() as session:
                    proof = await read_sync(session, ledger_check.check)
            except Exception:
                log.exception("ledger_check_crashed")
            else:
                self._tell(proof.ok)
            await asyncio.sleep(rest_s(loop.time() - start, at_least_s=REST_S))

    def _tell(self, ok: bool) -> None:
        if not ok:
            log.error("ledger_breached")
        self.ok = ok
        for listener in self._listeners:
            listener()
