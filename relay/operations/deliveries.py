"""Deliveries: every HTTP request to the webhook, also the rejected ones."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.dialect import table_of
from billing.models import Verdict, WebhookExplanation
from relay.api import DeliveryDetail, DeliveryView, ListDeliveries, Page, ShowDelivery, SignatureExplanation
from relay.backend import Backend
from relay.operations.registry import handles
from relay.rejections import evidence_of
from relay.resending import is_resendable
from relay.signatures import Cause, explain
from relay.unknown import UnknownDelivery
from relay.views import events
from relay.views.query import chosen, count, fetch_one

DELIVERIES, EVENTS = events.DELIVERIES, events.EVENTS
EXPLANATIONS: Final = table_of(WebhookExplanation)

_DETAIL = select(
    DELIVERIES.c.headers,
    DELIVERIES.c.response_body,
    DELIVERIES.c.verdict,
    DELIVERIES.c.event_id,
    DELIVERIES.c.received_at,
    # The bytes of a good delivery are kept once, with its event.
    func.coalesce(DELIVERIES.c.body, EVENTS.c.payload, b"").label("body"),
).outerjoin_from(DELIVERIES, EVENTS, EVENTS.c.id == DELIVERIES.c.webhook_event_id)
OF_THE_SIGNATURE: Final = frozenset(
    {
        *("signature_missing", "signature_malformed", "signature_only_v0", "signature_mismatch"),
        *("no_secret", "timestamp_too_old"),
    }
)
_FIRST = select(func.min(DELIVERIES.c.id).label("first"))


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
        detail = await raw_delivery(session, request.delivery)
        shown = (await events.deliveries(session, DELIVERIES.c.id == request.delivery))[0]
        explanation = await _explanation(session, request.delivery)
        first = await _first_delivery(session, shown)
    if shown.reason_code in OF_THE_SIGNATURE and (explanation is None or not explanation.certain):
        explanation = await _looked_at_again(backend, detail, explanation)
    return DeliveryDetail(
        delivery=shown,
        headers=detail["headers"],
        body=detail["body"].decode("utf-8", "replace"),
        response_body=detail["response_body"],
        raw=detail["body"],
        explanation=explanation,
        first_delivery=first,
        resendable=is_resendable(explanation, detail["body"]),
    )


async def _looked_at_again(
    backend: Backend, detail: Mapping[str, Any], before: SignatureExplanation | None
) -> SignatureExplanation | None:
    """What could not be told when it arrived: there was no time, or its event was not known yet."""
    told = await asyncio.to_thread(explain, await evidence_of(backend, detail))
    return before if told.cause == Cause.OK else told


async def raw_delivery(session: AsyncSession, delivery: int) -> Mapping[str, Any]:
    """Headers, body, answer, verdict, event id and time of a delivery. Raises `UnknownDelivery`."""
    found = await fetch_one(session, _DETAIL.where(DELIVERIES.c.id == delivery))
    if found is None:
        raise UnknownDelivery(delivery)
    return found


async def _explanation(session: AsyncSession, delivery: int) -> SignatureExplanation | None:
    """What was found when the delivery arrived."""
    found = await fetch_one(session, select(EXPLANATIONS).where(EXPLANATIONS.c.delivery_id == delivery))
    if found is None:
        return None
    columns = {name: value for name, value in found.items() if name != "delivery_id"}
    return SignatureExplanation(**{**columns, "evidence": tuple(columns["evidence"])})


async def _first_delivery(session: AsyncSession, shown: DeliveryView) -> int | None:
    """The delivery that brought the event of a duplicate."""
    if shown.verdict != Verdict.DUPLICATE or shown.inbox_id is None:
        return None
    found = await fetch_one(session, _FIRST.where(DELIVERIES.c.webhook_event_id == shown.inbox_id))
    first = found["first"] if found else None
    return first if first != shown.id else None
