"""Events, deliveries and attempts. Payloads are left out of every list: they are what makes the rows heavy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import BindParameter, ColumnElement, bindparam, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.dialect import table_of
from billing.models import Company, EventNote, WebhookAttempt, WebhookDelivery, WebhookEvent
from relay.api import AttemptView, DeliveryView, EventView
from relay.views.query import fetch

EVENTS = table_of(WebhookEvent)
DELIVERIES = table_of(WebhookDelivery)
ATTEMPTS = table_of(WebhookAttempt)
COMPANIES = table_of(Company)
NOTES = table_of(EventNote)

EVENT_ROWS = (
    select(
        EVENTS.c.id,
        EVENTS.c.event_id,
        EVENTS.c.event_type.label("type"),
        EVENTS.c.status,
        EVENTS.c.reason,
        EVENTS.c.company_id,
        COMPANIES.c.slug.label("company_slug"),
        EVENTS.c.amount_cents,
        EVENTS.c.currency,
        EVENTS.c.object_id,
        EVENTS.c.source,
        EVENTS.c.received_at,
        EVENTS.c.processed_at,
        EVENTS.c.retry_count,
        EVENTS.c.next_attempt_at,
        EVENTS.c.correlation_id,
        NOTES.c.mark,
        NOTES.c.note,
    )
    .outerjoin_from(EVENTS, COMPANIES, COMPANIES.c.id == EVENTS.c.company_id)
    .outerjoin(NOTES, NOTES.c.webhook_event_id == EVENTS.c.id)
)

DELIVERY_ROWS = select(
    DELIVERIES.c.id,
    DELIVERIES.c.webhook_event_id.label("inbox_id"),
    DELIVERIES.c.event_id,
    DELIVERIES.c.source,
    DELIVERIES.c.verdict,
    DELIVERIES.c.reason_code,
    DELIVERIES.c.reason,
    DELIVERIES.c.remedy,
    DELIVERIES.c.secret_label,
    DELIVERIES.c.http_status,
    DELIVERIES.c.latency_us,
    DELIVERIES.c.body_bytes,
    DELIVERIES.c.received_at,
)

ATTEMPT_ROWS = select(
    ATTEMPTS.c.number,
    ATTEMPTS.c.outcome,
    ATTEMPTS.c.reason,
    ATTEMPTS.c.started_at,
    ATTEMPTS.c.duration_us,
    ATTEMPTS.c.next_attempt_at,
)

_IDS: BindParameter[Sequence[int]] = bindparam("ids", expanding=True)
_EVENTS_BY_ID = EVENT_ROWS.where(EVENTS.c.id.in_(_IDS)).order_by(EVENTS.c.id.desc())
_DELIVERIES_BY_ID = DELIVERY_ROWS.where(DELIVERIES.c.id.in_(_IDS)).order_by(DELIVERIES.c.id.desc())

LAST: Final = 2**63 - 1
"""No inbox number is greater."""
_WINDOW = (
    EVENT_ROWS.where(EVENTS.c.id < bindparam("before"), EVENTS.c.id > bindparam("after"))
    .order_by(EVENTS.c.id.desc())
    .limit(bindparam("limit"))
)


async def events(session: AsyncSession, *conditions: ColumnElement[bool], limit: int | None = None) -> list[EventView]:
    """Events, newest first."""
    statement = EVENT_ROWS.where(*conditions).order_by(EVENTS.c.id.desc()).limit(limit)
    return [EventView(**row) for row in await fetch(session, statement)]


async def event_window(session: AsyncSession, *, before: int | None, after: int | None, limit: int) -> list[EventView]:
    """At most `limit` events with inbox numbers between these two, newest first."""
    bounds = {"before": LAST if before is None else before, "after": -1 if after is None else after}
    return [EventView(**row) for row in await fetch(session, _WINDOW, **bounds, limit=limit)]


async def events_by_id(session: AsyncSession, ids: Sequence[int]) -> list[EventView]:
    """These events, newest first."""
    return [EventView(**row) for row in await fetch(session, _EVENTS_BY_ID, ids=ids)]


async def deliveries_by_id(session: AsyncSession, ids: Sequence[int]) -> list[DeliveryView]:
    """These deliveries, newest first."""
    return [DeliveryView(**row) for row in await fetch(session, _DELIVERIES_BY_ID, ids=ids)]


async def deliveries(
    session: AsyncSession, *conditions: ColumnElement[bool], limit: int | None = None
) -> list[DeliveryView]:
    """Deliveries, newest first."""
    statement = DELIVERY_ROWS.where(*conditions).order_by(DELIVERIES.c.id.desc()).limit(limit)
    return [DeliveryView(**row) for row in await fetch(session, statement)]


async def attempts(session: AsyncSession, inbox_id: int) -> list[AttemptView]:
    """The attempts to process one event, first to last."""
    statement = ATTEMPT_ROWS.where(ATTEMPTS.c.webhook_event_id == inbox_id).order_by(ATTEMPTS.c.number, ATTEMPTS.c.id)
    return [AttemptView(**row) for row in await fetch(session, statement)]
