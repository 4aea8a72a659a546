"""Storing what arrived: many deliveries in a few statements, durable with the commit that they share.

An event is kept once, whatever number of times it is delivered; each delivery is kept, also a rejected one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import update
from sqlmodel import Session

from billing.bulk import BulkInsert
from billing.changes import Kind, announce
from billing.dialect import next_ids, rows_with_texts, table_of
from billing.inbox_head import EventHead
from billing.models import EventStatus, Verdict, WebhookDelivery, WebhookEvent

LIVE_MODE_REASON = "the event is from live mode; this tool handles test mode only"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One HTTP request to the webhook, verified or rejected.

    `head` is set exactly when the delivery is good: signed, JSON, an event. Otherwise `http_status` and
    `response_body` are what the sender is answered, and no event is stored.
    """

    body: bytes
    headers: Mapping[str, str]
    source: str
    """sandbox, stripe_cli, endpoint, replay or trigger"""
    received_at: datetime
    head: EventHead | None
    reason_code: str = "ok"
    reason: str = "accepted"
    remedy: str | None = None
    secret_label: str | None = None
    event_id: str | None = None
    """The `evt_…` of a rejected body, where one could be read."""
    http_status: int = 200
    response_body: str = ""
    latency_us: int = 0
    remote: str | None = None
    user_agent: str | None = None
    held: bool = False
    """Test mode is off: keep it, but do not process it yet."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of one arrival. `status`: accepted, duplicate, held or rejected."""

    delivery_id: int
    event_row_id: int | None
    event_id: str | None
    status: str
    http_status: int
    response_body: str


class _Answer(msgspec.Struct):
    received: bool
    status: str
    event_id: str
    delivery: int


def store(session: Session, batch: Sequence[Arrival]) -> list[Stored]:
    """Store a batch in arrival order; the answers are in the order of `batch`."""
    if not batch:
        return []
    row_ids, new_rows = _store_events(session, batch)
    deliveries: list[dict[str, Any]] = []
    answers: list[Stored] = []
    unseen = {row["event_id"]: row["status"] for row in new_rows}
    for delivery_id, arrival in zip(next_ids(session, _DELIVERIES, len(batch)), batch, strict=True):
        stored = _answer(delivery_id, arrival, row_ids, unseen)
        answers.append(stored)
        deliveries.append(_delivery_row(stored, arrival))
        announce(session, Kind.DELIVERY, delivery_id)
    _INSERT_DELIVERIES(session.connection(), deliveries)
    return answers


def _store_events(session: Session, batch: Sequence[Arrival]) -> tuple[dict[str, int], list[dict[str, Any]]]:
    """Insert the events that are not there yet; returns the row id of every event named, and the new rows."""
    first: dict[str, Arrival] = {}
    for arrival in batch:
        if arrival.head is not None:
            first.setdefault(arrival.head.event_id, arrival)
    if not first:
        return {}, []
    connection = session.connection()
    known = rows_with_texts(connection, _EVENTS, "event_id", first, "event_id", "id", "status")
    row_ids = {row.event_id: row.id for row in known}
    _try_again(session, [row.id for row in known if row.status in _TRIED_AGAIN], batch[0].received_at)
    unseen = [arrival for event_id, arrival in first.items() if event_id not in row_ids]
    # Ids are given here because an executemany does not tell them; nobody else writes while this transaction runs.
    rows = [
        _event_row(row_id, arrival)
        for row_id, arrival in zip(next_ids(session, _EVENTS, len(unseen)), unseen, strict=True)
    ]
    _INSERT_EVENTS(connection, rows)
    for row in rows:
        row_ids[row["event_id"]] = row["id"]
        announce(session, Kind.EVENT, row["id"])
    return row_ids, rows


def _try_again(session: Session, row_ids: list[int], now: datetime) -> None:
    """Sending an event again that has failed or found no payment is asking for another attempt."""
    if not row_ids:
        return
    session.connection().execute(
        update(_EVENTS)
        .where(_EVENTS.c.id.in_(row_ids))
        .values(status=EventStatus.PENDING, retry_count=0, next_attempt_at=now)
    )
    for row_id in row_ids:
        announce(session, Kind.EVENT, row_id)


def _answer(delivery_id: int, arrival: Arrival, row_ids: dict[str, int], unseen: dict[str, EventStatus]) -> Stored:
    if arrival.head is None:
        return Stored(delivery_id, None, arrival.event_id, "rejected", arrival.http_status, arrival.response_body)
    event_id = arrival.head.event_id
    # Taken out, so that the second delivery within one batch is a duplicate of the first.
    status_of_new = unseen.pop(event_id, None)
    status = "duplicate" if status_of_new is None else "held" if status_of_new is EventStatus.HELD else "accepted"
    body = msgspec.json.encode(_Answer(True, status, event_id, delivery_id)).decode()
    return Stored(delivery_id, row_ids[event_id], event_id, status, 200, body)


def _event_row(row_id: int, arrival: Arrival) -> dict[str, Any]:
    head = arrival.head
    assert head is not None
    status = EventStatus.HELD if arrival.held else EventStatus.PENDING
    reason = "test mode was off when it arrived; it is processed when test mode is on again" if arrival.held else None
    if head.livemode:
        status, reason = EventStatus.QUARANTINED, LIVE_MODE_REASON
    return {
        "id": row_id,
        "event_id": head.event_id,
        "provider": "stripe",
        "event_type": head.type,
        "status": status,
        "reason": reason,
        "object_id": head.object_id,
        "amount_cents": head.amount_cents,
        "currency": head.currency,
        "livemode": head.livemode,
        "api_version": head.api_version,
        "source": arrival.source,
        "payload": arrival.body,
        "headers": dict(arrival.headers),
        "retry_count": 0,
        "next_attempt_at": arrival.received_at if status is EventStatus.PENDING else None,
        "stripe_created_at": head.created_at,
        "received_at": arrival.received_at,
        "processed_at": arrival.received_at if status is EventStatus.QUARANTINED else None,
    }


def _delivery_row(stored: Stored, arrival: Arrival) -> dict[str, Any]:
    duplicate = stored.status == "duplicate"
    rejected = stored.status == "rejected"
    return {
        "id": stored.delivery_id,
        "webhook_event_id": stored.event_row_id,
        "event_id": stored.event_id,
        "source": arrival.source,
        "verdict": Verdict.REJECTED if rejected else Verdict.DUPLICATE if duplicate else Verdict.ACCEPTED,
        "reason_code": "duplicate" if duplicate else arrival.reason_code,
        "reason": "this event was delivered before" if duplicate else arrival.reason,
        "remedy": arrival.remedy,
        "secret_label": arrival.secret_label,
        "http_status": stored.http_status,
        "response_body": stored.response_body,
        "headers": dict(arrival.headers),
        # The bytes of a good delivery are those of its event.
        "body": arrival.body if rejected else None,
        "body_bytes": len(arrival.body),
        "latency_us": arrival.latency_us,
        "remote": arrival.remote,
        "user_agent": arrival.user_agent,
        "received_at": arrival.received_at,
    }


_EVENTS: Final = table_of(WebhookEvent)
_DELIVERIES: Final = table_of(WebhookDelivery)
_TRIED_AGAIN: Final = frozenset({EventStatus.FAILED, EventStatus.UNMATCHED})
_INSERT_EVENTS: Final = BulkInsert(
    _EVENTS,
    (
        "id",
        "event_id",
        "provider",
        "event_type",
        "status",
        "reason",
        "object_id",
        "amount_cents",
        "currency",
        "livemode",
        "api_version",
        "source",
        "payload",
        "headers",
        "retry_count",
        "next_attempt_at",
        "stripe_created_at",
        "received_at",
        "processed_at",
    ),
    otherwise="ON CONFLICT (event_id) DO NOTHING",
)
_INSERT_DELIVERIES: Final = BulkInsert(
    _DELIVERIES,
    (
        "id",
        "webhook_event_id",
        "event_id",
        "source",
        "verdict",
        "reason_code",
        "reason",
        "remedy",
        "secret_label",
        "http_status",
        "response_body",
        "headers",
        "body",
        "body_bytes",
        "latency_us",
        "remote",
        "user_agent",
        "received_at",
    ),
)
