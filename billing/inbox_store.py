"""Storing what arrived: many deliveries in a few statements, durable with the commit that they share.

An event is kept once, whatever number of times it is delivered; each delivery is kept, also a rejected one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import insert, update
from sqlmodel import Session

from billing.bulk import BulkInsert, stored_json, stored_time
from billing.changes import Kind, announce_all
from billing.dialect import next_ids, rows_with_texts, table_of
from billing.inbox_bodies import Own, own_bodies
from billing.inbox_head import EventHead
from billing.models import EventStatus, Verdict, WebhookDelivery, WebhookEvent, WebhookExplanation

LIVE_MODE_REASON = "the event is from live mode; this tool handles test mode only"


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request to the webhook, verified or rejected.

    `head` is set exactly when the delivery is good: signed, JSON, an event. Otherwise `http_status` and
    `response_body` are what the sender is answered, and no event is stored.
    """

    body: bytes
    headers: Mapping[str, str]
    source: str
    """sandbox, stripe_cli, endpoint, replay or trigger; backfill or poll when we fetched it ourselves"""
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
    explanation: Mapping[str, Any] | None = None
    """Of a rejected delivery: the columns of `webhook_explanations`."""


class Stored(msgspec.Struct, frozen=True, gc=False):
    """What became of one arrival. `status`: accepted, duplicate, held or rejected."""

    delivery_id: int
    event_row_id: int | None
    event_id: str | None
    status: str
    http_status: int
    response_body: str


class _Answer(msgspec.Struct, gc=False):
    received: bool
    status: str
    event_id: str
    delivery: int


_encode = msgspec.json.Encoder().encode
_EVENTS: Final = table_of(WebhookEvent)
_DELIVERIES: Final = table_of(WebhookDelivery)
_EXPLANATIONS: Final = table_of(WebhookExplanation)
_TRIED_AGAIN: Final = frozenset({EventStatus.FAILED, EventStatus.UNMATCHED})


def store(session: Session, batch: Sequence[Arrival]) -> list[Stored]:
    """Store a batch in arrival order; the answers are in the order of `batch`."""
    if not batch:
        return []
    row_ids, unseen, first_bodies = _store_events(session, batch)
    delivery_ids = next_ids(session, _DELIVERIES, len(batch))
    answers = [
        _answer(delivery_id, arrival, row_ids, unseen) for delivery_id, arrival in zip(delivery_ids, batch, strict=True)
    ]
    bodies = [(stored.event_row_id, arrival.body) for stored, arrival in zip(answers, batch, strict=True)]
    own = own_bodies(session, bodies, first_bodies)
    rows = list(map(_delivery_values, answers, batch, own))
    _INSERT_DELIVERIES(session.connection(), rows)
    announce_all(session, Kind.DELIVERY, delivery_ids)
    _store_explanations(session, answers, batch)
    return answers


def _store_explanations(session: Session, answers: Sequence[Stored], batch: Sequence[Arrival]) -> None:
    rows = [
        {"delivery_id": stored.delivery_id, **arrival.explanation}
        for stored, arrival in zip(answers, batch, strict=True)
        if arrival.explanation is not None
    ]
    if rows:
        session.connection().execute(insert(_EXPLANATIONS), rows)


def _store_events(
    session: Session, batch: Sequence[Arrival]
) -> tuple[dict[str, int], dict[str, EventStatus], dict[int, bytes]]:
    """Insert the events that are not there yet.

    Returns the row id of every event named, the status of new ones, and by row id the bytes that each is kept with.
    """
    first: dict[str, Arrival] = {}
    for arrival in batch:
        if arrival.head is not None:
            first.setdefault(arrival.head.event_id, arrival)
    if not first:
        return {}, {}, {}
    connection = session.connection()
    known = rows_with_texts(connection, _EVENTS, "event_id", first, "event_id", "id", "status", "payload")
    row_ids = {row.event_id: row.id for row in known}
    _try_again(session, [row.id for row in known if row.status in _TRIED_AGAIN], batch[0].received_at)
    unseen = {event_id: arrival for event_id, arrival in first.items() if event_id not in row_ids}
    # Ids are given here because an executemany does not tell them; nobody else writes while this transaction runs.
    new_ids = next_ids(session, _EVENTS, len(unseen))
    statuses = [_status(arrival) for arrival in unseen.values()]
    _INSERT_EVENTS(connection, list(map(_event_values, new_ids, unseen.values(), statuses)))
    announce_all(session, Kind.EVENT, new_ids)
    row_ids.update(zip(unseen, new_ids, strict=True))
    bodies = {row.id: row.payload for row in known}
    bodies.update((row_ids[event_id], arrival.body) for event_id, arrival in unseen.items())
    return row_ids, dict(zip(unseen, statuses, strict=True)), bodies


def _try_again(session: Session, row_ids: list[int], now: datetime) -> None:
    """Sending an event again that has failed or found no payment is asking for another attempt."""
    if not row_ids:
        return
    session.connection().execute(
        update(_EVENTS)
        .where(_EVENTS.c.id.in_(row_ids))
        .values(status=EventStatus.PENDING, retry_count=0, next_attempt_at=now)
    )
    announce_all(session, Kind.EVENT, row_ids)


def _answer(delivery_id: int, arrival: Arrival, row_ids: dict[str, int], unseen: dict[str, EventStatus]) -> Stored:
    if arrival.head is None:
        return Stored(delivery_id, None, arrival.event_id, "rejected", arrival.http_status, arrival.response_body)
    event_id = arrival.head.event_id
    # Taken out, so that the second delivery within one batch is a duplicate of the first.
    status_of_new = unseen.pop(event_id, None)
    status = "duplicate" if status_of_new is None else "held" if status_of_new is EventStatus.HELD else "accepted"
    body = _encode(_Answer(True, status, event_id, delivery_id)).decode()
    return Stored(delivery_id, row_ids[event_id], event_id, status, 200, body)


def _status(arrival: Arrival) -> EventStatus:
    """What a new event starts as."""
    assert arrival.head is not None
    if arrival.head.livemode:
        return EventStatus.QUARANTINED
    return EventStatus.HELD if arrival.held else EventStatus.PENDING


_REASONS: Final = {
    EventStatus.QUARANTINED: LIVE_MODE_REASON,
    EventStatus.HELD: "test mode was off when it arrived; it is processed when test mode is on again",
}
_INSERT_EVENTS: Final = BulkInsert(
    _EVENTS,
    (
        *("id", "event_id", "provider", "event_type", "status", "reason"),
        *("object_id", "amount_cents", "currency", "livemode", "api_version", "source", "payload", "headers"),
        *("retry_count", "next_attempt_at", "stripe_created_at", "received_at", "processed_at"),
    ),
    otherwise="ON CONFLICT (event_id) DO NOTHING",
)


def _event_values(row_id: int, arrival: Arrival, status: EventStatus) -> tuple[Any, ...]:
    """The columns of `_INSERT_EVENTS`, line for line."""
    head = arrival.head
    assert head is not None
    created_at = None if head.created_at is None else stored_time(head.created_at)
    received_at = stored_time(arrival.received_at)
    due_at = received_at if status is EventStatus.PENDING else None
    processed_at = received_at if status is EventStatus.QUARANTINED else None
    headers = stored_json(arrival.headers)
    return (
        *(row_id, head.event_id, "stripe", head.type, status.value, _REASONS.get(status)),
        *(head.object_id, head.amount_cents, head.currency, head.livemode, head.api_version),
        *(arrival.source, arrival.body, headers),
        *(0, due_at, created_at, received_at, processed_at),
    )


_VERDICTS: Final = {"rejected": Verdict.REJECTED.value, "duplicate": Verdict.DUPLICATE.value}
_INSERT_DELIVERIES: Final = BulkInsert(
    _DELIVERIES,
    (
        *("id", "webhook_event_id", "event_id", "source", "verdict"),
        *("reason_code", "reason", "remedy", "secret_label"),
        *("http_status", "response_body", "headers", "body", "body_bytes"),
        *("latency_us", "remote", "user_agent", "received_at"),
    ),
)


_REPEATED: Final = "this event was delivered before"
_DIFFERS: Final = "same id, different body: this event was delivered before, and its first body stands"
_CUT: Final = "; so many others came that only the beginning of this one was kept"


def _delivery_values(stored: Stored, arrival: Arrival, own: Own) -> tuple[Any, ...]:
    """The columns of `_INSERT_DELIVERIES`, line for line."""
    verdict = _VERDICTS.get(stored.status, Verdict.ACCEPTED.value)
    reason_code, reason = arrival.reason_code, arrival.reason
    if stored.status == "duplicate":
        reason_code = "duplicate_differs" if own.differs else "duplicate"
        reason = _DIFFERS + ("" if own.is_whole else _CUT) if own.differs else _REPEATED
    return (
        *(stored.delivery_id, stored.event_row_id, stored.event_id, arrival.source, verdict),
        *(reason_code, reason, arrival.remedy, arrival.secret_label),
        *(stored.http_status, stored.response_body, stored_json(arrival.headers), own.body, len(arrival.body)),
        *(arrival.latency_us, arrival.remote, arrival.user_agent, stored_time(arrival.received_at)),
    )
