"""Keeping the inbox bounded: what is old or too much goes, in small steps, and never what somebody may still need.

Kept for ever: events that are not done with (pending, held, unmatched, quarantined, failed), events that a ledger row
points to, that somebody marked, or that a forward target which is on has not got yet. Everything else goes after `AGE`,
or when more than `EVENTS_MAX` newer ones are there.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ScalarSelect, Select, delete, exists, func, or_, select
from sqlmodel import Session

from billing.clock import Clock
from billing.db import Database
from billing.models import EventStatus, Verdict
from relay.background import Background
from relay.forwarding.rows import FORWARDS, WAITING, count_missed, still_owed
from relay.views.events import DELIVERIES, EVENTS, NOTES
from relay.views.ledger import LEDGER
from relay.views.query import fetch

log = logging.getLogger(__name__)

AGE = timedelta(days=30)
AGE_ON_VIRTUAL_TIME = timedelta(days=365 * 100)
EVENTS_MAX = 1_000_000
REJECTED_MAX = 10_000
"""Deliveries without an event."""
REJECTED_BYTES_MAX = 64 << 20
"""Of their bodies altogether; one alone may have a mebibyte."""
FORWARDS_MAX = 50_000
"""Deliveries passed on to targets, with what they answered: four kibibytes of each at most."""
STEP_MAX = 500
"""Rows in one transaction: arrivals wait for it."""
EVERY_S = 600.0
STEP_PAUSE_S = 0.05


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is kept."""

    age: timedelta = AGE
    events_max: int = EVENTS_MAX
    rejected_max: int = REJECTED_MAX
    forwards_max: int = FORWARDS_MAX
    rejected_bytes_max: int = REJECTED_BYTES_MAX


def doomed_events(bounds: Bounds, now: datetime) -> Select[Any]:
    """The oldest events that may go."""
    surplus = select(EVENTS.c.id).order_by(EVENTS.c.id.desc()).limit(1).offset(bounds.events_max).scalar_subquery()
    too_old = or_(EVENTS.c.received_at < now - bounds.age, EVENTS.c.id <= func.coalesce(surplus, 0))
    return select(EVENTS.c.id).where(too_old, *_NOT_NEEDED).order_by(EVENTS.c.id).limit(STEP_MAX)


def doomed_deliveries(bounds: Bounds, now: datetime) -> Select[Any]:
    """The oldest rejected deliveries that may go."""
    newest_first = select(DELIVERIES.c.id).where(_REJECTED).order_by(DELIVERIES.c.id.desc())
    surplus = newest_first.limit(1).offset(bounds.rejected_max).scalar_subquery()
    too_old = or_(
        DELIVERIES.c.received_at < now - bounds.age,
        DELIVERIES.c.id <= func.coalesce(surplus, 0),
        DELIVERIES.c.id <= func.coalesce(_newest_beyond(bounds.rejected_bytes_max), 0),
    )
    return select(DELIVERIES.c.id).where(_REJECTED, too_old).order_by(DELIVERIES.c.id).limit(STEP_MAX)


def _newest_beyond(bytes_max: int) -> ScalarSelect[Any]:
    """The newest rejected delivery whose body, with those of all newer ones, is more than may be kept.

    `length` of a blob is read without the blob; `body_bytes`, which comes after it in the row, is not.
    """
    so_far = func.sum(func.coalesce(func.length(DELIVERIES.c.body), 0)).over(order_by=DELIVERIES.c.id.desc())
    running = select(DELIVERIES.c.id, so_far.label("so_far")).where(_REJECTED).subquery()
    return select(func.max(running.c.id)).where(running.c.so_far > bytes_max).scalar_subquery()


def delete_events(session: Session, ids: Sequence[int]) -> int:
    """Delete those of these events that are still not needed, with their deliveries; returns how many."""
    connection = session.connection()
    still = list(connection.execute(select(EVENTS.c.id).where(EVENTS.c.id.in_(ids), *_NOT_NEEDED)).scalars())
    count_missed(session, still)
    connection.execute(delete(DELIVERIES).where(DELIVERIES.c.webhook_event_id.in_(still)))
    connection.execute(delete(EVENTS).where(EVENTS.c.id.in_(still)))
    return len(still)


def doomed_forwards(bounds: Bounds, now: datetime) -> Select[Any]:
    """The oldest forwards that are over and may go."""
    over = ~WAITING
    newest_first = select(FORWARDS.c.id).where(over).order_by(FORWARDS.c.id.desc())
    surplus = newest_first.limit(1).offset(bounds.forwards_max).scalar_subquery()
    too_old = or_(FORWARDS.c.updated_at < now - bounds.age, FORWARDS.c.id <= func.coalesce(surplus, 0))
    return select(FORWARDS.c.id).where(over, too_old).order_by(FORWARDS.c.id).limit(STEP_MAX)


def delete_forwards(session: Session, ids: Sequence[int]) -> int:
    session.connection().execute(delete(FORWARDS).where(FORWARDS.c.id.in_(ids)))
    return len(ids)


def delete_deliveries(session: Session, ids: Sequence[int]) -> int:
    session.connection().execute(delete(DELIVERIES).where(DELIVERIES.c.id.in_(ids)))
    return len(ids)


_REJECTED = DELIVERIES.c.verdict == Verdict.REJECTED
_NOT_NEEDED = (
    EVENTS.c.status.in_([EventStatus.COMPLETED, EventStatus.IGNORED]),
    ~exists().where(LEDGER.c.webhook_event_id == EVENTS.c.id),
    ~still_owed(),
    ~exists().where(NOTES.c.webhook_event_id == EVENTS.c.id),
)


class Pruner:
    """Prunes from time to time, with pauses in which everything else gets its turn."""

    def __init__(self, db: Database, *, clock: Clock, bounds: Bounds | None = None) -> None:
        self._db, self._clock, self._bounds = db, clock, bounds or Bounds()
        self._background = Background("pruner", self._run)
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Prune soon: much has come."""
        self._woken.set()

    def start(self) -> None:
        self._background.start()

    async def stop(self) -> None:
        await self._background.stop()

    async def prune(self) -> int:
        """Prune until nothing is left to prune; returns how many events, rejected deliveries and forwards went."""
        now, gone = self._clock.now(), 0
        for doomed, remove in (
            (doomed_forwards, delete_forwards),
            (doomed_events, delete_events),
            (doomed_deliveries, delete_deliveries),
        ):
            gone += await self._prune(doomed(self._bounds, now), remove)
        return gone

    async def _prune(self, doomed: Select[Any], remove: Callable[[Session, Sequence[int]], int]) -> int:
        total = 0
        while True:
            # Searching may take long, so a reader does it; the writer only takes what was found.
            async with self._db.read() as session:
                ids = [row["id"] for row in await fetch(session, doomed)]
            gone = await self._db.write(remove, ids) if ids else 0
            if gone == 0:
                return total
            total += gone
            await asyncio.sleep(STEP_PAUSE_S)

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), EVERY_S)
            self._woken.clear()
            try:
                gone = await self.prune()
            except Exception:
                log.exception("pruning_failed")
            else:
                if gone:
                    log.info("inbox_pruned", extra={"rows": gone})
