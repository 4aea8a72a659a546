"""Who does what next while time stands still: one thing at a time, in an order that only the clock decides.

Each operation has the server to itself, and all that it causes (jobs of the sandbox, webhooks, handlers, jobs of
billing, notices, forwards) is carried out before the next one begins. So neither the network nor the event loop has a
say.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from billing.changes import Changes
from devconsole.virtual.time import VirtualTime
from relay.background import Background

if TYPE_CHECKING:
    from billing.db import Database
    from billing.worker import Worker
    from fixtures.sandbox.server import Sandbox
    from relay.forwarding import Forwarding

R = TypeVar("R")

ROUNDS_MAX = 10_000
"""Of one settling. Something that causes itself for ever must not hang the server."""
STOPS_MAX = 100_000
"""Moments at which something is due, in one move of the clock."""


class NeverSettles(RuntimeError):
    """What is done causes more to do, without end."""


class Timekeeper:
    """Fulfils the relay's `Timekeeper`."""

    def __init__(
        self,
        time: VirtualTime,
        *,
        seed: int,
        db: Database,
        sandbox: Sandbox,
        worker: Worker,
        forwarding: Forwarding,
    ) -> None:
        self.seed = seed
        self._time, self._sandbox, self._worker, self._forwarding = time, sandbox, worker, forwarding
        self._alone = asyncio.Lock()
        self._changed = asyncio.Event()
        self._changed.set()
        self._background = Background("timekeeper", self._settle_by_itself)

        def changed(_changes: Changes | None = None) -> None:
            self._changed.set()

        db.on_commit(changed)
        sandbox.on_commit(changed)

    def start(self) -> None:
        """From now on also settle what comes from elsewhere: a browser, an SDK, a foreign webhook."""
        self._background.start()

    async def stop(self) -> None:
        await self._background.stop()

    async def alone(self, work: Callable[[], Awaitable[R]]) -> R:
        """Carry out `work` while nothing else happens, and then all that follows from it."""
        async with self._alone:
            if self._changed.is_set():
                await self._settle()
            try:
                return await work()
            finally:
                await self._settle()

    async def settle(self) -> None:
        """Carry out what follows from what was done so far. For work that is carried out `alone`."""
        await self._settle()

    async def advance(self, to: datetime) -> None:
        """Move the clock, stopping wherever something is due. For work that is carried out `alone`."""
        target_s = to.timestamp()
        for _ in range(STOPS_MAX):
            due_s = await self._next_due()
            if due_s is None or due_s > target_s:
                self._time.move(target_s)
                await self._settle()
                return
            self._time.move(due_s)
            await self._settle()
        raise NeverSettles(f"more than {STOPS_MAX:,} moments at which something is due")

    async def next_due(self) -> datetime | None:
        """When something will be due that nobody has to ask for."""
        due_s = await self._next_due()
        return None if due_s is None else datetime.fromtimestamp(due_s, self._time.now.tzinfo)

    async def _next_due(self) -> float | None:
        ours = (await self._worker.next_due(), await self._forwarding.next_try())
        dues = (
            self._sandbox.next_due(),
            self._time.next_sleeper(),
            *(moment.timestamp() for moment in ours if moment is not None),
        )
        # What is due by now and still there cannot be done now: test mode is off, say.
        return min((due for due in dues if due is not None and due > self._time.now_s), default=None)

    async def _settle(self) -> None:
        for _ in range(ROUNDS_MAX):
            self._changed.clear()
            with self._time.standing():
                sent = await self._sandbox.work(self._forwarding.idle)
            await self._forwarding.idle()
            if not (await self._worker.work() or sent):
                await self._worker.tell()
                return
        raise NeverSettles("what is done causes more to do, without end")

    async def _settle_by_itself(self) -> None:
        while True:
            await self._changed.wait()
            async with self._alone:
                await self._settle()
