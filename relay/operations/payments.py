"""Top-ups, test cards, and money back to a card."""

from __future__ import annotations

from sqlalchemy import or_

from billing.errors import UnknownCard, UnknownTopup
from billing.models import TopupStatus
from relay.api import (
    CancelTopup,
    CardView,
    CheckoutTopup,
    CreateTopup,
    ListCards,
    ListTopups,
    Page,
    RefundCharge,
    RefundView,
    ShowTopup,
    TopupView,
)
from relay.backend import Backend
from relay.operations.companies import company_id
from relay.operations.registry import handles
from relay.pages import CANCELLED_PATH, PAID_PATH
from relay.suggestions import did_you_mean
from relay.views import payments
from relay.views.query import chosen, company_id_of, count

TOPUPS = payments.TOPUPS


def payment_method(backend: Backend, card: str | None) -> str | None:
    """The `pm_…` behind a test card's name; one that is a `pm_…` already passes. Raises `UnknownCard`."""
    if card is None or card.startswith("pm_"):
        return card
    known = backend.cards.get(card)
    if known is None:
        error = UnknownCard(card)
        error.remedy = did_you_mean(card, backend.cards)
        raise error
    return known.payment_method


async def topup_view(backend: Backend, id_: int) -> TopupView:
    """Raises `UnknownTopup`."""
    async with backend.db.read() as session:
        found = await payments.topups(session, TOPUPS.c.id == id_)
    if not found:
        raise UnknownTopup(id_)
    return found[0]


@handles(CreateTopup)
async def create_topup(backend: Backend, request: CreateTopup) -> TopupView:
    topup = await backend.topups.charge(
        await company_id(backend, request.company),
        request.amount_cents,
        payment_method=payment_method(backend, request.card),
        return_url=backend.return_url + PAID_PATH,
        request_key=request.request_key,
    )
    assert topup.id is not None
    backend.worker.wake()
    return await topup_view(backend, topup.id)


@handles(CheckoutTopup)
async def checkout_topup(backend: Backend, request: CheckoutTopup) -> TopupView:
    topup = await backend.topups.checkout(
        await company_id(backend, request.company),
        request.amount_cents,
        success_url=backend.return_url + PAID_PATH,
        cancel_url=backend.return_url + CANCELLED_PATH,
        request_key=request.request_key,
    )
    assert topup.id is not None
    return await topup_view(backend, topup.id)


@handles(CancelTopup)
async def cancel_topup(backend: Backend, request: CancelTopup) -> TopupView:
    await backend.topups.cancel(request.topup)
    return await topup_view(backend, request.topup)


@handles(ShowTopup)
async def show_topup(backend: Backend, request: ShowTopup) -> TopupView:
    return await topup_view(backend, request.topup)


@handles(ListTopups)
async def list_topups(backend: Backend, request: ListTopups) -> Page[TopupView]:
    conditions = []
    async with backend.db.read() as session:
        if request.company is not None:
            conditions.append(TOPUPS.c.company_id == await company_id_of(session, request.company))
        if request.status is not None:
            conditions.append(TOPUPS.c.status == chosen(TopupStatus, request.status, what="top-up status"))
        rows = await payments.topups(session, *conditions, limit=request.limit)
        total = await count(session, payments.TOPUP_ROWS.where(*conditions))
    return Page(rows=tuple(rows), total=total)


@handles(ListCards)
async def list_cards(backend: Backend, _request: ListCards) -> Page[CardView]:
    rows = tuple(
        CardView(
            name=card.name,
            number=card.number,
            payment_method=card.payment_method,
            brand=card.brand,
            group=card.group,
            title=card.title,
            what_happens=card.what_happens,
        )
        for card in backend.cards.values()
    )
    return Page(rows=rows, total=len(rows))


@handles(RefundCharge)
async def refund_charge(backend: Backend, request: RefundCharge) -> RefundView:
    topup = await _topup_of(backend, request.charge)
    refund = await backend.topups.refund(
        topup.id, amount_cents=request.amount_cents, reason=request.reason, request_key=request.request_key
    )
    return RefundView(
        refund_id=refund.refund_id,
        status=refund.status,
        amount_cents=refund.amount_cents,
        topup=await topup_view(backend, topup.id),
    )


async def _topup_of(backend: Backend, reference: str) -> TopupView:
    """The top-up that a charge, a payment or an id stands for. Raises `UnknownTopup`."""
    is_id = reference.isascii() and reference.isdigit() and len(reference) < 19
    async with backend.db.read() as session:
        found = await payments.topups(
            session,
            TOPUPS.c.id == int(reference)
            if is_id
            else or_(TOPUPS.c.stripe_charge_id == reference, TOPUPS.c.stripe_payment_intent_id == reference),
        )
    if not found:
        raise UnknownTopup(reference)
    return found[0]
