"""Processing events once more on a copy, one after the other, and judging each against its last attempt."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select, update
from sqlmodel import Session

from billing import inbox, ledger_check
from billing.db import Database
from billing.inbox import Arrival
from billing.models import EventStatus
from billing.policy import Policy
from relay.api import Breach, EventRehearsal, Rehearsal
from relay.rehearsal.watching import Watch
from relay.views.events import EVENTS

NEVER: Final = datetime(9999, 1, 1, tzinfo=UTC)
STEPS_MAX: Final = 1_000
"""Batches that one event may set off by releasing others."""
_WORTH: Final = {EventStatus.COMPLETED: 2, EventStatus.IGNORED: 1}
"""What processed an event is worth; everything else is trouble, worth nothing."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What is tried: stored events by their inbox numbers, or one body that is not stored yet."""

    ids: Sequence[int] = ()
    arrival: Arrival | None = None
    against: str | None = None
    """The event whose last attempt a body is compared with."""


async def rehearse(copy: Path, trial: Trial, *, policy: Policy, now: datetime, total: int) -> Rehearsal:
    """Try it on the copy. No gateway exists here: whatever would ask Stripe is left as a job."""
    began = time.perf_counter()
    db = Database(copy)
    try:
        events, proof = await db.write(_try_all, trial, policy=policy, now=now)
    finally:
        await db.close()
    return Rehearsal(
        events=tuple(events),
        total=total,
        ledger_ok=proof.ok,
        breaches=tuple(Breach(rule=found.rule, detail=found.detail, ids=found.ids) for found in proof.breaches),
        copied_bytes=copy.stat().st_size,
        duration_ms=round((time.perf_counter() - began) * 1000),
    )


def _try_all(
    session: Session, trial: Trial, *, policy: Policy, now: datetime
) -> tuple[list[EventRehearsal], ledger_check.LedgerProof]:
    connection = session.connection()
    # What waits in the queue is not what was asked about.
    connection.execute(update(EVENTS).where(EVENTS.c.status == EventStatus.PENDING).values(next_attempt_at=NEVER))
    watch = Watch(connection)
    if trial.arrival is None:
        found = [_try(session, watch, id_, _row(session, EVENTS.c.id == id_), policy, now) for id_ in trial.ids]
    else:
        before = _row(session, EVENTS.c.event_id == trial.against) if trial.against else None
        (stored,) = inbox.store(session, [trial.arrival])
        assert stored.event_row_id is not None
        found = [_try(session, watch, stored.event_row_id, before, policy, now)]
    return found, ledger_check.check(session)


def _try(session: Session, watch: Watch, id_: int, before: Any, policy: Policy, now: datetime) -> EventRehearsal:
    inbox.requeue(session, [id_], now=now)
    for _ in range(STEPS_MAX):
        if not inbox.process(session, now=now, limit=64, policy=policy).count:
            break
    after = _row(session, EVENTS.c.id == id_)
    return EventRehearsal(
        event_id=after.event_id,
        verdict=_verdict(before, after),
        status_before=before.status if before is not None else None,
        reason_before=before.reason if before is not None else None,
        status_after=after.status,
        reason_after=after.reason,
        changes=watch.changes(),
    )


def _row(session: Session, which: Any) -> Any:
    columns = (EVENTS.c.event_id, EVENTS.c.status, EVENTS.c.reason, EVENTS.c.processed_at, EVENTS.c.retry_count)
    return session.connection().execute(select(*columns).where(which)).one()


def _verdict(before: Any, after: Any) -> str:
    if before is None or (before.status is EventStatus.PENDING and not before.retry_count):
        return "new"
    gained = _WORTH.get(after.status, 0) - _WORTH.get(before.status, 0)
    return "fixed" if gained > 0 else "regressed" if gained < 0 else "same"
