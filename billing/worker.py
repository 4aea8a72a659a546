"""The worker: processes the inbox and runs due jobs, woken by every commit, asleep when nothing is due.

Events and jobs have a loop each, so that a slow answer of Stripe's never delays an event; so have notices. Everything
that it does is at least once: a job is finished in a transaction after its work, and its work may be repeated.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from sqlmodel import Session

from billing import inbox, job_queue
from billing.changes import Changes, Kind
from billing.clock import Clock
from billing.db import Database
from billing.errors import DatabaseLocked, GatewayUnavailable, Refused, TestModeOff
from billing.guard import AlwaysOn, TestModeGuard
from billing.handlers import HANDLERS, Rule
from billing.job_queue import DueJob
from billing.notice_desk import NoticeDesk
from billing.policy import Policy
from billing.pump import Pump
from billing.services.auto_topup import AutoTopupService
from billing.services.payment_calls import next_look
from billing.services.prepaid import PrepaidBillingService
from billing.services.topup import StripeTopupService

log = logging.getLogger(__name__)

EVENTS_PER_COMMIT: Final = 64
COMMIT_S: Final = 0.002
"""So long a batch of events may go on while others wait for the writer: a delivery is to be answered first."""
FLOODED: Final = 19
RECEIVING: Final = 2
"""A batch of events is followed by a rest that is so many times as long, in a flood or while a delivery waits."""
JOBS_AT_ONCE: Final = 8
"""So many Stripe calls are under way at most; real test mode allows 25 requests a second."""
SWEEP_EVERY: Final = timedelta(minutes=5)
PERIODIC: Final = ("expire_topups", "sweep_reservations")

_ARRIVALS: Final = frozenset({Kind.EVENT, Kind.DELIVERY})

JobHandler = Callable[[Mapping[str, Any]], Awaitable[datetime | None]]
"""Does the work of one kind; returns when to do it again, None = never."""


class Worker:
    """Start it once per server. `wake()` after writes; commits of `db` wake it by themselves."""

    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        topups: StripeTopupService,
        auto_topups: AutoTopupService,
        prepaid: PrepaidBillingService,
        policy: Policy | None = None,
        guard: TestModeGuard | None = None,
        by_hand: bool = False,
        rules: Mapping[str, Rule[Any]] = HANDLERS,
    ) -> None:
        """`by_hand`: nothing is done by itself; whoever moves the clock calls `work`. Then the order of all that is
        done depends on nothing but the clock and what was asked."""
        self._db = db
        self._clock = clock
        self._topups = topups
        self._auto_topups = auto_topups
        self._prepaid = prepaid
        self._policy = policy or Policy()
        self._guard = guard or AlwaysOn()
        self._is_flooded = self._is_receiving = _never
        self._batch_s, self._batch_ended = 0.0, 0.0
        self._notices = NoticeDesk(db=db, clock=clock, policy=self._policy)
        self._by_hand = by_hand
        self._rules = rules
        self._asked: set[asyncio.Task[object]] = set()
        self._running: dict[int, asyncio.Task[None]] = {}
        self._events = Pump("billing events", self._process_events)
        self._jobs = Pump("billing jobs", self._start_jobs)
        self._handlers: Mapping[str, JobHandler] = {
            "auto_topup_check": self._auto_topup_check,
            "retry_unpaid": self._retry_unpaid,
            "settle_topup": self._settle_topup,
            "send_refund": self._send_refund,
            "expire_topups": self._expire_topups,
            "sweep_reservations": self._sweep_reservations,
        }
        if not by_hand:
            db.on_commit(self._committed)

    async def start(self) -> None:
        """Take up what was left open, then keep going until `stop`."""
        await self._db.write(job_queue.recover, periodic=PERIODIC, now=self._clock.now())
        self._notices.start(by_hand=self._by_hand)
        if not self._by_hand:
            self._events.start()
            self._jobs.start()

    async def stop(self) -> None:
        """Stop; what was cut off is done again after the next start."""
        await self._notices.stop()
        await self._events.stop()
        await self._jobs.stop()
        running = [*self._running.values(), *self._asked]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def wake(self) -> None:
        """There may be events or jobs to do. By hand the events are done all the same: somebody waits for them."""
        if self._by_hand:
            task: asyncio.Task[object] = asyncio.create_task(self._events_by_hand(), name="billing events, asked for")
            self._asked.add(task)
            task.add_done_callback(self._asked.discard)
            return
        self._events.wake()
        self._jobs.wake()

    def give_way_while(self, *, flooded: Callable[[], bool], receiving: Callable[[], bool]) -> None:
        """Acknowledging comes first: while `receiving()` at most a third of the time goes into processing events, while
        `flooded()` a twentieth."""
        self._is_flooded, self._is_receiving = flooded, receiving

    async def idle(self) -> None:
        """Return when nothing is due by the clock, nothing runs, and everybody was told."""
        self.wake()
        while not (self._events.is_asleep and self._jobs.is_asleep and not self._running):
            await self._events.asleep()
            await self._jobs.asleep()
            if self._running:
                await asyncio.wait(list(self._running.values()), return_when=asyncio.FIRST_COMPLETED)
        await self._notices.catch_up()

    async def work(self) -> bool:
        """Do all that is due by the clock: events, then jobs one after the other. False: there was nothing."""
        did = False
        while True:
            did = await self._events_by_hand() or did
            if not self._is_on():
                return did
            jobs, _ = await self._db.write(
                job_queue.due_jobs, now=self._clock.now(), limit=1, running=frozenset(self._running)
            )
            if not jobs:
                return did
            await self._run_job(jobs[0])
            did = True

    async def tell(self) -> None:
        """Send the notices that are due by the clock."""
        await self._notices.catch_up()

    async def next_due(self) -> datetime | None:
        """When there will be something to do after now, the regular sweeps apart: they find it whenever they come."""
        return await self._db.write(job_queue.next_work_at, but=PERIODIC, now=self._clock.now())

    async def _events_by_hand(self) -> bool:
        did = False
        while self._is_on() and (await self._process_batch())[0]:
            did = True
        return did

    def _committed(self, changes: Changes) -> None:
        self._events.wake()
        # Whatever enqueues a job also announces what it is about; mere arrivals never do.
        if not changes.keys() <= _ARRIVALS:
            self._jobs.wake()

    # Events -----------------------------------------------------------------------------------------------------

    async def _process_events(self) -> float | None:
        if not self._is_on():
            return None
        start = time.monotonic()
        if start < (rests_until := self._batch_ended + self._batch_s * self._rest_share()):
            return rests_until - start
        more, due_at = await self._process_batch()
        self._batch_ended = time.monotonic()
        self._batch_s = self._batch_ended - start
        return 0 if more else self._seconds_until(due_at)

    def _rest_share(self) -> int:
        return FLOODED if self._is_flooded() else RECEIVING if self._is_receiving() else 0

    async def _process_batch(self) -> tuple[bool, datetime | None]:
        # By hand a batch never ends by the time it takes: what is done together must be the same each time.
        is_wanted = _never if self._by_hand else self._db.is_wanted
        return await self._db.write(
            _process_some, now=self._clock.now(), policy=self._policy, rules=self._rules, is_wanted=is_wanted
        )

    # Jobs -------------------------------------------------------------------------------------------------------

    async def _start_jobs(self) -> float | None:
        if not self._is_on():
            return None
        free = JOBS_AT_ONCE - len(self._running)
        if free <= 0:
            return None  # the end of a job wakes this loop
        jobs, due_at = await self._db.write(
            job_queue.due_jobs, now=self._clock.now(), limit=free, running=frozenset(self._running)
        )
        for job in jobs:
            task = asyncio.create_task(self._run_job(job), name=f"job {job.id} {job.kind}")
            self._running[job.id] = task
            task.add_done_callback(partial(self._job_ended, job.id))
        return self._seconds_until(due_at)

    def _job_ended(self, job_id: int, _task: asyncio.Task[None]) -> None:
        del self._running[job_id]
        self._jobs.wake()

    async def _run_job(self, job: DueJob) -> None:
        try:
            await self._do_job(job)
        except DatabaseLocked as error:
            log.warning("what became of job %s %s could not be noted, so it is done again: %s", job.id, job.kind, error)

    async def _do_job(self, job: DueJob) -> None:
        try:
            handler = self._handlers[job.kind]
            again_at = await handler(job.payload)
        except (TestModeOff, GatewayUnavailable, DatabaseLocked) as error:
            # None of them says anything about the job; it waits as long as it takes.
            await self._db.write(job_queue.postpone, job, error.message, gives_up=False, now=self._clock.now())
        except Refused as error:
            log.warning("job %s %s refused: %s", job.id, job.kind, error.message)
            await self._db.write(job_queue.reject, job, error.message, now=self._clock.now())
        except Exception as error:
            log.exception("job %s %s failed", job.id, job.kind)
            await self._db.write(job_queue.postpone, job, repr(error), gives_up=True, now=self._clock.now())
        else:
            await self._db.write(job_queue.finish, job.id, again_at=again_at, now=self._clock.now())

    async def _auto_topup_check(self, payload: Mapping[str, Any]) -> None:
        await self._auto_topups.check(
            payload["company_id"], triggered_by=payload["triggered_by"], call_id=payload["call_id"]
        )

    async def _retry_unpaid(self, payload: Mapping[str, Any]) -> None:
        await self._prepaid.retry_unpaid(payload["company_id"])

    async def _settle_topup(self, payload: Mapping[str, Any]) -> datetime | None:
        topup = await self._topups.resume(payload["topup_id"])
        return next_look(topup, now=self._clock.now())

    async def _send_refund(self, payload: Mapping[str, Any]) -> None:
        await self._topups.resume_refund(payload["refund_row_id"])

    async def _expire_topups(self, _payload: Mapping[str, Any]) -> datetime:
        await self._topups.sweep_expired()
        return self._clock.now() + SWEEP_EVERY

    async def _sweep_reservations(self, _payload: Mapping[str, Any]) -> datetime:
        await self._prepaid.sweep_reservations()
        return self._clock.now() + SWEEP_EVERY

    # Both -------------------------------------------------------------------------------------------------------

    def _is_on(self) -> bool:
        """While test mode is off nothing is begun; whoever switches it on wakes the worker."""
        try:
            self._guard.check()
        except TestModeOff:
            return False
        return True

    def _seconds_until(self, due_at: datetime | None) -> float | None:
        if due_at is None:
            return None
        return max(0.05, (due_at - self._clock.now()).total_seconds())


def _process_some(
    session: Session, *, now: datetime, policy: Policy, rules: Mapping[str, Rule[Any]], is_wanted: Callable[[], bool]
) -> tuple[bool, datetime | None]:
    """One batch of events; whether more are due, and when the next one is."""
    until = time.monotonic() + COMMIT_S
    processed = inbox.process(
        session,
        now=now,
        limit=EVENTS_PER_COMMIT,
        policy=policy,
        rules=rules,
        is_enough=lambda: time.monotonic() > until and is_wanted(),
    )
    if processed.count:
        return True, None
    return False, job_queue.next_event_at(session)


def _never() -> bool:
    return False
