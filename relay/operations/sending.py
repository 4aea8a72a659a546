"""Sending a body that somebody wrote or edited: signed, through the webhook, processed, and told what came of it."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy import select

from billing.inbox import EventHead, read_head
from relay.api import SendEvent, SentEvent
from relay.backend import Backend
from relay.operations.registry import handles
from relay.outcomes import await_attempts
from relay.unknown import NotAnEvent
from relay.views import events
from relay.views.events import EVENTS
from relay.views.ledger import LEDGER
from relay.views.query import fetch, fetch_one


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What is sent. `original` is the known event whose id the body bore."""

    body: bytes
    event_id: str
    original: str | None


async def outgoing(backend: Backend, text: str) -> Outgoing:
    """The bytes to send for a body as it was written. Raises `NotAnEvent`.

    An event is kept once, under its id, with the bytes that came first; whatever comes later under this id is a
    duplicate whose body nobody reads. So a body that changes a known event gets an id of its own, as Stripe would give
    one, and the money that both speak of is still booked once: handlers settle through the payment, not the event.
    """
    body = text.encode()
    head = read_head(body)
    if not isinstance(head, EventHead):
        raise NotAnEvent(head.reason_code, head.reason, remedy=head.remedy)
    async with backend.db.read() as session:
        known = await fetch_one(session, select(EVENTS.c.payload).where(EVENTS.c.event_id == head.event_id))
    event = json.loads(text)
    if known is None:
        return Outgoing(body, head.event_id, None)
    if json.loads(known["payload"]) == event:
        # The same in other white space: what came first is sent, byte by byte.
        return Outgoing(known["payload"], head.event_id, head.event_id)
    event["id"] = backend.ids.new("evt_")
    edited = json.dumps(event, indent=2, ensure_ascii=False).encode()
    return Outgoing(edited, event["id"], head.event_id)


@handles(SendEvent)
async def send_event(backend: Backend, request: SendEvent) -> SentEvent:
    backend.test_mode.check()
    sent = await outgoing(backend, request.body)
    async with backend.db.read() as session:
        newest = (await fetch(session, select(LEDGER.c.id).order_by(LEDGER.c.id.desc()).limit(1))) or [{"id": 0}]
    source = "replay" if sent.original else "script"
    delivery = await backend.loopback.deliver(sent.body, source=source)
    async with backend.db.read() as session:
        row = (await events.events(session, EVENTS.c.event_id == sent.event_id))[0]
    if row.status == "pending":
        await await_attempts(backend, more_than={row.id: 0})
    async with backend.db.read() as session:
        row = (await events.events(session, EVENTS.c.id == row.id))[0]
        booked = select(LEDGER.c.id).where(LEDGER.c.id > newest[0]["id"], LEDGER.c.webhook_event_id == row.id)
        ledger_ids = tuple(found["id"] for found in await fetch(session, booked.order_by(LEDGER.c.id)))
    return SentEvent(
        event_id=row.event_id,
        original=sent.original,
        delivery=delivery,
        status=row.status,
        reason=row.reason,
        ledger_ids=ledger_ids,
    )
