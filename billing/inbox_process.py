"""Processing what is stored: each event in its own savepoint, its status and its effects in one transaction.

A crash before the commit leaves the event pending and nothing booked; after it, both are there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Row, bindparam, func, select, update
from sqlmodel import Session

from billing.bulk import BulkInsert, stored_time
from billing.changes import Kind, announce
from billing.dialect import constant, driver_of, table_of
from billing.handlers import HANDLERS, Event, Outcome, OutcomeKind, Rule
from billing.handlers.owner import owner_of
from billing.handlers.rule import RETRY_DELAYS
from billing.inbox_replay import appearances_deferred
from billing.inbox_store import LIVE_MODE_REASON
from billing.models import EventStatus, WebhookAttempt, WebhookEvent
from billing.policy import Policy


@dataclass(frozen=True, slots=True)
class Processed:
    """How many events an attempt was made for, by outcome. `may_be_more`: it ended before all that were due."""

    outcomes: tuple[OutcomeKind, ...]
    may_be_more: bool

    @property
    def count(self) -> int:
        return len(self.outcomes)


@dataclass(frozen=True, slots=True)
class _Attempt:
    row: Row[*tuple[Any, ...]]
    outcome: Outcome
    started_at: datetime
    duration_us: int


def process(
    session: Session,
    *,
    now: datetime,
    limit: int,
    policy: Policy | None = None,
    rules: Mapping[str, Rule[Any]] = HANDLERS,
    is_enough: Callable[[], bool] = lambda: False,
) -> Processed:
    """Make one attempt for each pending event that is due, oldest first, at most `limit` of them.

    `is_enough` is asked after each; True ends the batch there.
    """
    rows = session.connection().execute(_DUE, {"b_now": now, "b_limit": limit}).all()
    if not rows:
        return Processed((), False)
    policy = policy or Policy()
    with appearances_deferred(session, now=now):
        attempts = []
        for row in rows:
            attempts.append(_attempt(session, row, now, policy, rules))
            if is_enough():
                break
        _record(session, attempts, now)
    return Processed(
        tuple(attempt.outcome.kind for attempt in attempts), len(attempts) == limit or len(attempts) < len(rows)
    )


def _attempt(
    session: Session, row: Row[*tuple[Any, ...]], now: datetime, policy: Policy, rules: Mapping[str, Rule[Any]]
) -> _Attempt:
    started = time.perf_counter_ns()
    changes: list[Any] = session.info.setdefault("changes", [])
    changes_before = len(changes)
    # By hand, because a nested transaction of the session costs as much as a third of a whole credit.
    driver = driver_of(session)
    driver.execute("SAVEPOINT one_event")
    try:
        outcome = _outcome(session, row, now, policy, rules)
        session.flush()
    except Exception as error:
        # Whatever a handler raises must not take the other events of the batch with it, nor lose this one.
        outcome = _after_failure(row, error)
    if outcome.kind not in _KEEPS_EFFECTS:
        driver.execute("ROLLBACK TO one_event")
        session.expunge_all()
        del changes[changes_before:]
    driver.execute("RELEASE one_event")
    return _Attempt(row, outcome, now, (time.perf_counter_ns() - started) // 1000)


def _outcome(
    session: Session, row: Row[*tuple[Any, ...]], now: datetime, policy: Policy, rules: Mapping[str, Rule[Any]]
) -> Outcome:
    if row.livemode:
        return Outcome(OutcomeKind.QUARANTINED, LIVE_MODE_REASON)
    rule = rules.get(row.event_type)
    if rule is None:
        reason = f"billing does nothing on {row.event_type}"
        return Outcome(OutcomeKind.IGNORED, reason, company_id=owner_of(session, row.payload))
    try:
        subject = rule.object_of(row.payload)
    except msgspec.ValidationError as error:
        return Outcome(OutcomeKind.QUARANTINED, f"its object cannot be read as a {rule.object_type}: {error}")
    if subject.object != rule.object_type:
        reason = f"{row.event_type} speaks of a {rule.object_type}, but its object is a {subject.object[:40]}"
        return Outcome(OutcomeKind.QUARANTINED, reason)
    created_at = row.stripe_created_at or row.received_at
    return rule.apply(session, Event(row.id, row.event_id, row.event_type, created_at, subject, now, policy))


def _after_failure(row: Row[*tuple[Any, ...]], error: Exception) -> Outcome:
    said = f"{type(error).__name__}: {error}"[:500]
    if row.retry_count < len(RETRY_DELAYS):
        delay_s = int(RETRY_DELAYS[row.retry_count].total_seconds())
        return Outcome(OutcomeKind.RETRY, f"the handler failed and is tried again in {delay_s} s; {said}")
    return Outcome(OutcomeKind.FAILED, f"the handler failed {row.retry_count + 1} times; {said}")


def _record(session: Session, attempts: Sequence[_Attempt], now: datetime) -> None:
    """Write the outcomes of a batch: one statement for the events, one for the attempts."""
    connection = session.connection()
    earlier = connection.execute(_EARLIER, {"b_ids": [attempt.row.id for attempt in attempts]})
    made = {row.webhook_event_id: row.number for row in earlier}
    connection.execute(_UPDATE, [_event_columns(attempt, now) for attempt in attempts])
    _INSERT_ATTEMPTS(connection, [_attempt_values(attempt, made.get(attempt.row.id, 0) + 1) for attempt in attempts])
    for attempt in attempts:
        announce(session, Kind.EVENT, attempt.row.id)


def _event_columns(attempt: _Attempt, now: datetime) -> dict[str, Any]:
    row, outcome = attempt.row, attempt.outcome
    is_retry = outcome.kind is OutcomeKind.RETRY
    went_wrong = is_retry or outcome.kind is OutcomeKind.FAILED
    return {
        "b_id": row.id,
        "b_status": _STATUS[outcome.kind],
        "b_reason": outcome.reason,
        "b_company_id": outcome.company_id or row.company_id,
        "b_topup_id": outcome.topup_id or row.topup_id,
        "b_correlation_id": outcome.correlation_id or row.correlation_id,
        "b_retry_count": row.retry_count + 1 if is_retry else row.retry_count,
        "b_next_attempt_at": _next_attempt_at(attempt),
        "b_error_message": outcome.reason if went_wrong else None,
        "b_processed_at": None if is_retry else now,
    }


def _attempt_values(attempt: _Attempt, number: int) -> tuple[Any, ...]:
    """The columns of `_INSERT_ATTEMPTS`."""
    next_attempt_at = _next_attempt_at(attempt)
    return (
        *(attempt.row.id, number, attempt.outcome.kind.value, attempt.outcome.reason),
        *(stored_time(attempt.started_at), attempt.duration_us),
        None if next_attempt_at is None else stored_time(next_attempt_at),
    )


def _next_attempt_at(attempt: _Attempt) -> datetime | None:
    if attempt.outcome.kind is not OutcomeKind.RETRY:
        return None
    return attempt.started_at + RETRY_DELAYS[attempt.row.retry_count]


_KEEPS_EFFECTS: Final = frozenset({OutcomeKind.APPLIED, OutcomeKind.DUPLICATE, OutcomeKind.IGNORED})
_STATUS: Final = {
    OutcomeKind.APPLIED: EventStatus.COMPLETED,
    OutcomeKind.DUPLICATE: EventStatus.COMPLETED,
    OutcomeKind.IGNORED: EventStatus.IGNORED,
    OutcomeKind.UNMATCHED: EventStatus.UNMATCHED,
    OutcomeKind.QUARANTINED: EventStatus.QUARANTINED,
    OutcomeKind.RETRY: EventStatus.PENDING,
    OutcomeKind.FAILED: EventStatus.FAILED,
}
_EVENTS: Final = table_of(WebhookEvent)
_ATTEMPTS: Final = table_of(WebhookAttempt)
_EARLIER: Final = (
    select(_ATTEMPTS.c.webhook_event_id, func.max(_ATTEMPTS.c.number).label("number"))
    .where(_ATTEMPTS.c.webhook_event_id.in_(bindparam("b_ids", expanding=True)))
    .group_by(_ATTEMPTS.c.webhook_event_id)
)
_INSERT_ATTEMPTS: Final = BulkInsert(
    _ATTEMPTS,
    ("webhook_event_id", "number", "outcome", "reason", "started_at", "duration_us", "next_attempt_at"),
)
_DUE: Final = (
    select(
        _EVENTS.c.id,
        _EVENTS.c.event_id,
        _EVENTS.c.event_type,
        _EVENTS.c.payload,
        _EVENTS.c.livemode,
        _EVENTS.c.retry_count,
        _EVENTS.c.company_id,
        _EVENTS.c.topup_id,
        _EVENTS.c.correlation_id,
        _EVENTS.c.stripe_created_at,
        _EVENTS.c.received_at,
    )
    .where(_EVENTS.c.status == constant(EventStatus.PENDING), _EVENTS.c.next_attempt_at <= bindparam("b_now"))
    # The order of `events_by_status`: a long queue is not sorted for each batch.
    .order_by(_EVENTS.c.next_attempt_at, _EVENTS.c.id)
    .limit(bindparam("b_limit"))
)
_UPDATE: Final = (
    update(_EVENTS)
    .where(_EVENTS.c.id == bindparam("b_id"))
    .values(
        status=bindparam("b_status"),
        reason=bindparam("b_reason"),
        company_id=bindparam("b_company_id"),
        topup_id=bindparam("b_topup_id"),
        correlation_id=bindparam("b_correlation_id"),
        retry_count=bindparam("b_retry_count"),
        next_attempt_at=bindparam("b_next_attempt_at"),
        error_message=bindparam("b_error_message"),
        processed_at=bindparam("b_processed_at"),
    )
)
