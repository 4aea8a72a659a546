"""Deliveries: every HTTP request to the webhook, also the rejected ones."""

from __future__ import annotations

from sqlalchemy import func, select

from billing.models import Verdict
from relay.api import DeliveryDetail, DeliveryView, ListDeliveries, Page, ShowDelivery
from relay.backend import Backend
from relay.operations.registry import handles
from relay.unknown import UnknownDelivery
from relay.views import events
from relay.views.query import chosen, count, fetch_one

DELIVERIES, EVENTS = events.DELIVERIES, events.EVENTS

_DETAIL = select(
    DELIVERIES.c.headers,
    DELIVERIES.c.response_body,
    # The bytes of a good delivery are kept once, with its event.
    func.coalesce(DELIVERIES.c.body, EVENTS.c.payload, b"").label("body"),
).outerjoin_from(DELIVERIES, EVENTS, EVENTS.c.id == DELIVERIES.c.webhook_event_id)


@handles(ListDeliveries)
async def list_deliveries(backend: Backend, request: ListDeliveries) -> Page[DeliveryView]:
    conditions = []
    if request.verdict is not None:
        conditions.append(DELIVERIES.c.verdict == chosen(Verdict, request.verdict, what="verdict"))
    async with backend.db.read() as session:
        rows = await events.deliveries(session, *conditions, limit=request.limit)
        total = await count(session, select(DELIVERIES.c.id).where(*conditions))
    return Page(rows=tuple(rows), total=total)


@handles(ShowDelivery)
async def show_delivery(backend: Backend, request: ShowDelivery) -> DeliveryDetail:
    async with backend.db.read() as session:
        rows = await events.deliveries(session, DELIVERIES.c.id == request.delivery)
        detail = await fetch_one(session, _DETAIL.where(DELIVERIES.c.id == request.delivery))
    if detail is None:
        raise UnknownDelivery(request.delivery)
    return DeliveryDetail(
        delivery=rows[0],
        headers=detail["headers"],
        body=detail["body"].decode("utf-8", "replace"),
        response_body=detail["response_body"],
    )
