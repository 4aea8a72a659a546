"""Group commit for what arrives: everything that came while one commit ran goes into the next.

An arrival is answered when, and only when, it is on disk. The queue is bounded; when it is full the sender is told to
come back, which loses nothing, because it was never acknowledged.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from sqlmodel import Session

from billing import inbox
from billing.db import Database
from billing.errors import DatabaseLocked
from billing.inbox import Arrival, Stored

log = logging.getLogger(__name__)

WAITING_MAX = 10_000
"""Arrivals that may wait for a commit: some seconds of the fastest sender."""
BATCH_MAX = 512
"""Arrivals in one commit: bounds how long the first of them waits for the last."""
BUSY_BATCH = 16
"""So many in one commit are a flood: 1,000 events a second come in batches of three to five."""
BUSY_S = 0.25
"""How long a flood is remembered: longer than the writer is ever kept by something else."""
GATHER_S = 0.004
"""In a flood, how long arrivals gather before a commit, as long as more of them come: larger ones cost less."""


class JournalFull(Exception):
    """Nothing was stored; the sender should try again in a second."""


@dataclass(slots=True)
class _Waiting:
    arrival: Arrival
    started: float
    stored: asyncio.Future[Stored]


class Journal:
    """Stores arrivals through `write`, normally `Database.write`."""

    def __init__(self, db: Database, *, waiting_max: int = WAITING_MAX) -> None:
        self._db = db
        self.waiting_max = waiting_max
        self._waiting: deque[_Waiting] = deque()
        self._in_flight = 0
        self._flood_at = -math.inf
        self._task: asyncio.Task[None] | None = None

    @property
    def depth(self) -> int:
        """Deliveries that are not on disk yet."""
        return len(self._waiting) + self._in_flight

    @property
    def is_flooded(self) -> bool:
        """Arrivals come faster than they can be stored one by one; what can wait should."""
        return self.depth >= BUSY_BATCH or time.monotonic() - self._flood_at < BUSY_S

    async def store(self, arrival: Arrival, *, started: float) -> Stored:
        """Wait until the arrival is durable. `started` is the `time.perf_counter()` of its first byte.

        Raises `JournalFull` at once when too many are waiting.
        """
        if self.depth >= self.waiting_max:
            raise JournalFull
        stored: asyncio.Future[Stored] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(arrival, started, stored))
        if self._task is None:
            self._task = asyncio.create_task(self._write_all(), name="journal")
        return await stored

    async def drain(self) -> None:
        """Wait until everything that was taken in is on disk."""
        while self._task is not None:
            await asyncio.wait([self._task])

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                if self.is_flooded:
                    await self._gather()
                batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), BATCH_MAX))]
                self._in_flight = len(batch)
                if len(batch) >= BUSY_BATCH:
                    self._flood_at = time.monotonic()
                await self._write(batch)
                self._in_flight = 0
        finally:
            self._task = None

    async def _gather(self) -> None:
        """Let the loop read what has already come in; stop when a turn of it brought nothing new."""
        until = time.monotonic() + GATHER_S
        before = -1
        while before < len(self._waiting) < BATCH_MAX and time.monotonic() < until:
            before = len(self._waiting)
            await asyncio.sleep(0)

    async def _write(self, batch: Sequence[_Waiting]) -> None:
        try:
            answers = await self._db.write(_store, batch)
        except Exception as error:
            await self._after_failure(batch, error)
            return
        for waiting, stored in zip(batch, answers, strict=True):
            if not waiting.stored.done():  # its sender may have gone away
                waiting.stored.set_result(stored)

    async def _after_failure(self, batch: Sequence[_Waiting], error: Exception) -> None:
        """One arrival that cannot be stored must not take the others of its batch with it."""
        if len(batch) > 1 and not isinstance(error, DatabaseLocked):  # a lock is on all of them, and was waited for
            for waiting in batch:
                await self._write([waiting])
            return
        log.error("arrivals_not_stored", extra={"count": len(batch)}, exc_info=error)
        for waiting in batch:
            if not waiting.stored.done():
                waiting.stored.set_exception(error)


def _store(session: Session, batch: Sequence[_Waiting]) -> list[Stored]:
    # Only here is known how long each of them has waited.
    now = time.perf_counter()
    timed = msgspec.structs.replace
    arrivals = [timed(waiting.arrival, latency_us=int((now - waiting.started) * 1_000_000)) for waiting in batch]
    return inbox.store(session, arrivals)
