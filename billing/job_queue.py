"""The job table as the worker sees it: what is due, and what became of it. Each function is one transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import bindparam, delete, func, select, update
from sqlmodel import Session

from billing.dialect import constant, table_of
from billing.jobs import enqueue
from billing.models import EventStatus, Job, JobStatus, Topup, WebhookEvent
from billing.prepared import Prepared
from billing.topup_requests import OPEN, SETTLE_JOB

KEEP_DONE: Final = timedelta(days=7)
ATTEMPTS_MAX: Final = 20
BACKOFF_FIRST: Final = timedelta(seconds=5)
BACKOFF_MAX: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class DueJob:
    id: int
    kind: str
    payload: dict[str, Any]
    attempts: int


def due_jobs(
    session: Session, *, now: datetime, limit: int, running: Collection[int]
) -> tuple[Sequence[DueJob], datetime | None]:
    """Jobs to run now, oldest first, without those that run already; and when the next one will be due."""
    connection = session.connection()
    rows = connection.execute(_DUE, {"b_now": now, "b_limit": limit + len(running)}).all()
    jobs = [DueJob(row.id, row.kind, row.payload, row.attempts) for row in rows if row.id not in running][:limit]
    later: datetime | None = connection.execute(_NEXT, {"b_now": now}).scalar_one()
    return jobs, later


def finish(session: Session, job_id: int, *, again_at: datetime | None, now: datetime) -> None:
    """It ran: done, or to be run again at a time that it chose itself."""
    if again_at is None:
        _DONE.change(session, {"b_id": job_id, "b_now": now})
    else:
        _AGAIN.change(session, {"b_id": job_id, "b_run_at": again_at})


def postpone(session: Session, job: DueJob, error: str, *, gives_up: bool, now: datetime) -> None:
    """It failed for a reason that may pass: again later, ever more seldom, and if it `gives_up`, at last no more."""
    attempts = job.attempts + 1
    values: dict[str, Any] = {"attempts": attempts, "last_error": error[:500]}
    if gives_up and attempts >= ATTEMPTS_MAX:
        values |= {"status": JobStatus.FAILED, "finished_at": now}
    else:
        values["run_at"] = now + min(BACKOFF_FIRST * 2 ** min(attempts - 1, 10), BACKOFF_MAX)
    session.connection().execute(update(_JOBS).where(_JOBS.c.id == job.id).values(**values))


def reject(session: Session, job: DueJob, error: str, *, now: datetime) -> None:
    """It breaks a rule, and would break it again."""
    session.connection().execute(
        update(_JOBS)
        .where(_JOBS.c.id == job.id)
        .values(status=JobStatus.FAILED, attempts=job.attempts + 1, last_error=error[:500], finished_at=now)
    )


def recover(session: Session, *, periodic: Sequence[str], now: datetime) -> None:
    """After a start: look at every top-up that was left open, and keep the periodic jobs going."""
    connection = session.connection()
    connection.execute(
        update(_JOBS)
        .where(_JOBS.c.kind == SETTLE_JOB, _JOBS.c.status == constant(JobStatus.PENDING))
        .values(run_at=now)
    )
    for topup_id in connection.execute(select(_TOPUPS.c.id).where(_TOPUPS.c.status.in_(OPEN))).scalars().all():
        enqueue(session, kind=SETTLE_JOB, key=f"{SETTLE_JOB}:{topup_id}", payload={"topup_id": topup_id}, run_at=now)
    for kind in periodic:
        enqueue(session, kind=kind, key=kind, payload={}, run_at=now)
    connection.execute(delete(_JOBS).where(_JOBS.c.status == JobStatus.DONE, _JOBS.c.finished_at < now - KEEP_DONE))


def next_work_at(session: Session, *, but: Sequence[str], now: datetime) -> datetime | None:
    """When the next event or job after now is due, jobs of some kinds left out."""
    connection = session.connection()
    job: datetime | None = connection.execute(
        select(func.min(_JOBS.c.run_at)).where(_PENDING, _JOBS.c.run_at > now, _JOBS.c.kind.not_in(but))
    ).scalar_one()
    event: datetime | None = connection.execute(
        select(func.min(_EVENTS.c.next_attempt_at)).where(
            _EVENTS.c.status == constant(EventStatus.PENDING), _EVENTS.c.next_attempt_at > now
        )
    ).scalar_one()
    return min((moment for moment in (job, event) if moment is not None), default=None)


def next_event_at(session: Session) -> datetime | None:
    """When the next pending event is due, None when there is none."""
    due: datetime | None = session.connection().execute(_NEXT_EVENT).scalar_one()
    return due


_JOBS: Final = table_of(Job)
_TOPUPS: Final = table_of(Topup)
_EVENTS: Final = table_of(WebhookEvent)
_PENDING: Final = _JOBS.c.status == constant(JobStatus.PENDING)
_NOW: Final = bindparam("b_now", type_=_JOBS.c.run_at.type)
_THIS: Final = update(_JOBS).where(_JOBS.c.id == bindparam("b_id"))
_DONE: Final = Prepared(_THIS.values(status=constant(JobStatus.DONE), finished_at=_NOW, last_error=None))
_AGAIN: Final = Prepared(
    _THIS.values(run_at=bindparam("b_run_at", type_=_JOBS.c.run_at.type), attempts=0, last_error=None)
)
_DUE: Final = (
    select(_JOBS.c.id, _JOBS.c.kind, _JOBS.c.payload, _JOBS.c.attempts)
    .where(_PENDING, _JOBS.c.run_at <= _NOW)
    .order_by(_JOBS.c.run_at, _JOBS.c.id)
    .limit(bindparam("b_limit"))
)
_NEXT: Final = select(func.min(_JOBS.c.run_at)).where(_PENDING, _JOBS.c.run_at > _NOW)
_NEXT_EVENT: Final = select(func.min(_EVENTS.c.next_attempt_at)).where(
    _EVENTS.c.status == constant(EventStatus.PENDING)
)
