"""What went wrong and still needs somebody: events, rejected deliveries, top-ups, unpaid calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.models import ChargeStatus, EventStatus, TopupStatus, Verdict
from billing.money_text import money
from relay.api import FailureView
from relay.views.calls import CALLS, CHARGES
from relay.views.events import COMPANIES, DELIVERIES, EVENTS
from relay.views.payments import TOPUPS
from relay.views.query import fetch

TROUBLED: ColumnElement[bool] = or_(
    EVENTS.c.status.in_([EventStatus.FAILED, EventStatus.UNMATCHED, EventStatus.QUARANTINED]),
    (EVENTS.c.status == EventStatus.PENDING) & (EVENTS.c.retry_count > 0),
)
"""Events that failed, wait for their next attempt, are unmatched or quarantined."""

_EVENTS = (
    select(
        EVENTS.c.id,
        EVENTS.c.event_id,
        EVENTS.c.event_type,
        EVENTS.c.status,
        COMPANIES.c.slug,
        func.coalesce(EVENTS.c.reason, EVENTS.c.error_message, "").label("reason"),
        EVENTS.c.received_at.label("at"),
        EVENTS.c.next_attempt_at,
    )
    .outerjoin_from(EVENTS, COMPANIES, COMPANIES.c.id == EVENTS.c.company_id)
    .where(TROUBLED)
)
_DELIVERIES = (
    select(
        DELIVERIES.c.id,
        DELIVERIES.c.event_id,
        DELIVERIES.c.reason,
        DELIVERIES.c.remedy,
        DELIVERIES.c.http_status,
        DELIVERIES.c.received_at.label("at"),
    )
    .outerjoin_from(DELIVERIES, EVENTS, EVENTS.c.event_id == DELIVERIES.c.event_id)
    # A delivery that was rejected and came through later needs nobody any more.
    .where(DELIVERIES.c.verdict == Verdict.REJECTED, EVENTS.c.id.is_(None))
)
_TOPUPS = (
    select(
        TOPUPS.c.id,
        TOPUPS.c.status,
        TOPUPS.c.amount,
        TOPUPS.c.currency,
        TOPUPS.c.failure_code,
        TOPUPS.c.decline_code,
        TOPUPS.c.failure_message,
        COMPANIES.c.slug,
        TOPUPS.c.updated_at.label("at"),
    )
    .join_from(TOPUPS, COMPANIES, COMPANIES.c.id == TOPUPS.c.company_id)
    .where(TOPUPS.c.status.in_([TopupStatus.FAILED, TopupStatus.REQUIRES_ACTION]))
)
_CALLS = (
    select(CALLS.c.id, CHARGES.c.amount_charged, COMPANIES.c.slug, CHARGES.c.created_at.label("at"))
    .join_from(CHARGES, CALLS, CALLS.c.id == CHARGES.c.call_id)
    .join(COMPANIES, COMPANIES.c.id == CALLS.c.company_id)
    .where(CHARGES.c.status == ChargeStatus.UNPAID)
)


_COUNTS = [
    select(func.count()).select_from(part.subquery()).scalar_subquery()
    for part in (_EVENTS, _DELIVERIES, _TOPUPS, _CALLS)
]
_TOTAL = select(sum(_COUNTS[1:], _COUNTS[0]).label("total"))


async def failures(session: AsyncSession, *, limit: int) -> list[FailureView]:
    """The newest of all kinds, newest first."""
    found = [
        *map(_event, await fetch(session, _newest(_EVENTS, EVENTS.c.id, limit))),
        *map(_delivery, await fetch(session, _newest(_DELIVERIES, DELIVERIES.c.id, limit))),
        *map(_topup, await fetch(session, _newest(_TOPUPS, TOPUPS.c.id, limit))),
        *map(_call, await fetch(session, _newest(_CALLS, CALLS.c.id, limit))),
    ]
    found.sort(key=lambda failure: failure.occurred_at, reverse=True)
    return found[:limit]


async def failure_count(session: AsyncSession) -> int:
    """How many there are of all kinds."""
    (row,) = await fetch(session, _TOTAL)
    return int(row["total"])


def _newest(statement: Select[Any], key: ColumnElement[Any], limit: int) -> Select[Any]:
    return statement.order_by(key.desc()).limit(limit)


_EVENT_REMEDIES: Mapping[EventStatus, str] = {
    EventStatus.FAILED: "Mend the cause, then replay it.",
    EventStatus.PENDING: "It is tried again by itself; replay it to try now.",
    EventStatus.UNMATCHED: "It is matched by itself when its top-up appears; replay it to try now.",
    EventStatus.QUARANTINED: "Compare it with its top-up; nothing was booked.",
}


def _event(row: Mapping[str, Any]) -> FailureView:
    return FailureView(
        kind="event",
        id=row["id"],
        reference=row["event_id"],
        title=f"{row['event_type']} {row['status']}",
        company_slug=row["slug"],
        reason=row["reason"],
        remedy=_EVENT_REMEDIES[row["status"]],
        occurred_at=row["at"],
        next_attempt_at=row["next_attempt_at"],
        replayable=True,
    )


def _delivery(row: Mapping[str, Any]) -> FailureView:
    of = f" of {row['event_id']}" if row["event_id"] else ""
    return FailureView(
        kind="delivery",
        id=row["id"],
        reference=f"delivery_{row['id']}",
        title=f"delivery{of} rejected with {row['http_status']}",
        company_slug=None,
        reason=row["reason"],
        remedy=row["remedy"],
        occurred_at=row["at"],
        next_attempt_at=None,
        replayable=False,
    )


def _topup(row: Mapping[str, Any]) -> FailureView:
    waits = row["status"] is TopupStatus.REQUIRES_ACTION
    codes = "/".join(code for code in (row["failure_code"], row["decline_code"]) if code)
    why = "the card holder has to authenticate" if waits else "the payment failed"
    return FailureView(
        kind="topup",
        id=row["id"],
        reference=f"topup_{row['id']}",
        title=f"top-up of {money(row['amount'], row['currency'])} {'waits for the customer' if waits else 'failed'}",
        company_slug=row["slug"],
        reason=f"{codes}: {row['failure_message']}" if codes else row["failure_message"] or why,
        remedy="Open its page and authenticate." if waits else "Top up again with another card.",
        occurred_at=row["at"],
        next_attempt_at=None,
        replayable=False,
    )


def _call(row: Mapping[str, Any]) -> FailureView:
    return FailureView(
        kind="call",
        id=row["id"],
        reference=f"call_{row['id']}",
        title=f"call not paid: {money(row['amount_charged'])}",
        company_slug=row["slug"],
        reason="the balance did not cover it when it ended",
        remedy="Top up: it is tried again after the next credit.",
        occurred_at=row["at"],
        next_attempt_at=None,
        replayable=False,
    )
