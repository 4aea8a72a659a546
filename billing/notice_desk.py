"""Watches commits for what a company must be told, a moment later and apart from everything that moves money.

It hears which balances and top-ups a commit touched, looks at each once however often it was touched, and queues and
sends what is due. If it fails, only notices are late: nothing waits for it, and after a start it looks at everything.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta
from functools import partial
from typing import Final, cast

from sqlmodel import Session

from billing import notice_causes, notices
from billing.changes import Changes, Kind
from billing.clock import Clock
from billing.db import Database
from billing.errors import DatabaseClosed
from billing.policy import Policy

log = logging.getLogger(__name__)

GATHER_S: Final = 0.25
"""Changes of this time are looked at together: four looks a second at most, whatever the load."""
LOOK_MAX: Final = 500
"""Companies, and top-ups, that one look reads."""
SEND_MAX: Final = 100
PATROL_EVERY: Final = timedelta(hours=1)
"""How often every company is looked at: a balance that stays low is told again after its gap, without any change."""
AFTER_ERROR_S: Final = 5.0


class NoticeDesk:
    """Start it once per server."""

    def __init__(self, *, db: Database, clock: Clock, policy: Policy) -> None:
        self._db = db
        self._clock = clock
        self._policy = policy
        self._companies: set[int] = set()
        self._topups: set[int] = set()
        self._news = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()
        self._patrolled_at: datetime | None = None
        self._is_started = False
        self._task: asyncio.Task[None] | None = None
        db.on_commit(self._committed)

    def start(self, *, by_hand: bool = False) -> None:
        """From now on changes are heard. `by_hand`: nothing is told until somebody calls `catch_up`."""
        self._is_started = True
        if by_hand:
            return
        self._task = asyncio.create_task(self._run(), name="billing notices")

    async def stop(self) -> None:
        """What was not told yet is found again after the next start."""
        self._is_started = False
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None

    async def catch_up(self) -> None:
        """Tell at once what is due by now, if it was started."""
        if not self._is_started:
            return
        async with self._one_at_a_time:
            if self._is_patrol_due():
                await self._patrol()
            while self._companies or self._topups:
                await self._look(_take(self._companies), _take(self._topups))

    def _committed(self, changes: Changes) -> None:
        if not self._is_started:
            return
        companies, topups = changes.get(Kind.BALANCE, ()), changes.get(Kind.TOPUP, ())
        self._companies.update(companies)
        self._topups.update(topups)
        if companies or topups:
            self._news.set()

    async def _run(self) -> None:
        while True:
            try:
                await self.catch_up()
                await self._wait()
            except DatabaseClosed:
                return
            except Exception:
                log.exception("notices are late; everything is looked at again")
                self._patrolled_at = None
                await asyncio.sleep(AFTER_ERROR_S)

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(PATROL_EVERY.total_seconds()):
                await self._news.wait()
        except TimeoutError:
            return
        await asyncio.sleep(GATHER_S)
        self._news.clear()

    async def _patrol(self) -> None:
        async with self._db.read() as session:
            read = partial(notice_causes.candidates, now=self._clock.now())
            companies, topups = await session.run_sync(lambda inner: read(cast(Session, inner)))
        self._companies.update(companies)
        self._topups.update(topups)
        self._patrolled_at = self._clock.now()
        await self._send()

    def _is_patrol_due(self) -> bool:
        if self._patrolled_at is None:
            return True
        # Either way: a machine whose clock was set back must not wait until it has caught up.
        return abs(self._clock.now() - self._patrolled_at) >= PATROL_EVERY

    async def _look(self, companies: list[int], topups: list[int]) -> None:
        now = self._clock.now()
        find = partial(notice_causes.find, company_ids=companies, topup_ids=topups, policy=self._policy, now=now)
        async with self._db.read() as session:
            due = await session.run_sync(lambda inner: find(cast(Session, inner)))
        if not due:
            return
        queued = await self._db.write(notices.queue, due, now=now)
        if queued:
            await self._send()

    async def _send(self) -> None:
        while await self._db.write(notices.send, limit=SEND_MAX, now=self._clock.now()) == SEND_MAX:
            continue


def _take(ids: set[int]) -> list[int]:
    return [ids.pop() for _ in range(min(len(ids), LOOK_MAX))]
