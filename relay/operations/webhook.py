"""Why signatures are accepted or refused; sending again what was refused without need."""

from __future__ import annotations

import asyncio

from billing.inbox import EventHead, read_head
from billing.models import Verdict
from billing.signature import Secret
from relay.api import DeliveryView, ExplainSignature, ResendDelivery, SignatureExplanation
from relay.backend import Backend
from relay.operations.deliveries import raw_delivery
from relay.operations.registry import handles
from relay.rejections import evidence_of, originals
from relay.resending import is_resendable
from relay.signatures import Evidence, KnownSecrets, explain
from relay.unknown import NothingToExplain, NotResendable
from relay.views import events


@handles(ExplainSignature)
async def explain_signature(backend: Backend, request: ExplainSignature) -> SignatureExplanation:
    if request.delivery is not None:
        async with backend.db.read() as session:
            row = await raw_delivery(session, request.delivery)
        return await asyncio.to_thread(explain, await evidence_of(backend, row))
    if request.header is None and not request.body:
        raise NothingToExplain
    head = read_head(request.body)
    event_id = head.event_id if isinstance(head, EventHead) else None
    case = Evidence(
        body=request.body,
        header=request.header,
        secrets=_secrets(backend, request.secret),
        now=request.at or backend.clock.now(),
        originals=await originals(backend, event_id),
        clock_ahead_s=backend.clock_ahead_s,
    )
    return await asyncio.to_thread(explain, case)


@handles(ResendDelivery)
async def resend_delivery(backend: Backend, request: ResendDelivery) -> DeliveryView:
    async with backend.db.read() as session:
        row = await raw_delivery(session, request.delivery)
    if row["verdict"] is not Verdict.REJECTED:
        raise NotResendable(request.delivery, "it was accepted", "Replay its event.")
    told = await asyncio.to_thread(explain, await evidence_of(backend, row))
    if not is_resendable(told, row["body"]):
        why = f"nothing proves that its bytes are Stripe's: {told.sentence}"
        raise NotResendable(request.delivery, why, "Let the sender send it again, or have it fetched from Stripe.")
    delivery = await backend.loopback.deliver(row["body"], source="replay")
    async with backend.db.read() as session:
        return (await events.deliveries(session, events.DELIVERIES.c.id == delivery))[0]


def _secrets(backend: Backend, given: str | None) -> KnownSecrets:
    known = backend.secrets.known
    if given is None:
        return known
    others = [secret for secret in known.active if secret.value != given]
    used = next((secret for secret in known.active if secret.value == given), Secret("the secret given", given))
    return KnownSecrets(active=(used,), others=others, retired=known.retired, keys=known.keys)
