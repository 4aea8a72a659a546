"""What an id names: the rows that bear it, or, where it is nobody's own, the events whose bodies mention it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.dialect import constant, table_of
from billing.models import Company, EventStatus, Invoice, PaymentDispute, PaymentRefund
from relay.filtering.language import Text
from relay.filtering.words import words_of
from relay.forwarding.rows import FORWARDS
from relay.search.finder import Finder
from relay.views.calls import CALLS
from relay.views.companies import DECISIONS
from relay.views.events import DELIVERIES, EVENTS
from relay.views.ledger import LEDGER
from relay.views.notices import NOTICES
from relay.views.payments import TOPUPS
from relay.views.query import fetch

COMPANIES: Final = table_of(Company)
REFUNDS: Final = table_of(PaymentRefund)
DISPUTES: Final = table_of(PaymentDispute)
INVOICES: Final = table_of(Invoice)

NAMED_MAX: Final = 100
"""Rows that one id may name: a payment without a top-up of ours has an event for each of its steps."""
MENTIONS_MAX: Final = 20
"""Of what only bears the id among other things: the newest payments of a card, the newest events that mention it."""

_NUMBERED = re.compile(
    r"(?P<kind>company|topup|ledger|call|delivery|decision|forward|notice|invoice|verification)_(?P<id>[0-9]{1,18})"
)
_TABLES = {
    "company": COMPANIES,
    "topup": TOPUPS,
    "ledger": LEDGER,
    "call": CALLS,
    "delivery": DELIVERIES,
    "decision": DECISIONS,
    "forward": FORWARDS,
    "notice": NOTICES,
}
_ATTEMPT = re.compile(r"(?P<event>evt_[^#]+)#[0-9]+")


@dataclass(frozen=True, slots=True)
class Ref:
    """A row of one of the tables: `kind` is company, call, decision, topup, event, delivery, forward, notice or
    ledger."""

    kind: str
    id: int


async def named(session: AsyncSession, finder: Finder, reference: str) -> Sequence[Ref]:
    """The rows that bear this id; the first way of reading it that finds something is what was meant."""
    if (attempt := _ATTEMPT.fullmatch(reference)) is not None:
        reference = attempt["event"]
    ways: tuple[Callable[[AsyncSession, str], Awaitable[list[Ref]]], ...] = (
        _by_number,
        _events,
        _company,
        _of_a_card,
        _by_its_own_id,
    )
    for way in ways:
        if found := await way(session, reference):
            return found
    return await _mentioned(finder, reference)


async def _by_number(session: AsyncSession, reference: str) -> list[Ref]:
    """`topup_4` and the like, as the console and the command line name our own rows."""
    numbered = _NUMBERED.fullmatch(reference)
    if numbered is None:
        return []
    kind, id_ = numbered["kind"].replace("verification", "delivery"), int(numbered["id"])
    if kind == "invoice":
        return await refs(session, "topup", select(INVOICES.c.topup_id.label("id")).where(INVOICES.c.id == id_))
    table = _TABLES[kind]
    return await refs(session, kind, select(table.c.id).where(table.c.id == id_))


async def _events(session: AsyncSession, reference: str) -> list[Ref]:
    """`evt_…` or an inbox number."""
    is_number = reference.isascii() and reference.isdigit() and len(reference) < 19
    if not reference.startswith("evt_") and not is_number:
        return []
    key = EVENTS.c.id == int(reference) if is_number else EVENTS.c.event_id == reference
    found = await refs(session, "event", select(EVENTS.c.id).where(key))
    # A rejected delivery names an event that never got in.
    return found or await refs(session, "delivery", select(DELIVERIES.c.id).where(DELIVERIES.c.event_id == reference))


async def _company(session: AsyncSession, reference: str) -> list[Ref]:
    """Stripe's `cus_…`, or a slug."""
    theirs = or_(COMPANIES.c.stripe_customer_id == reference, COMPANIES.c.slug == reference)
    return await refs(session, "company", select(COMPANIES.c.id).where(theirs))


async def _by_its_own_id(session: AsyncSession, reference: str) -> list[Ref]:
    """Top-ups, events and calls: of a payment, a session, a charge, a refund, a dispute, an invoice, a call."""
    topups = await refs(session, "topup", select(TOPUPS.c.id).where(_topup_of(reference)))
    # Two conditions that an index answers each; those of a top-up's payment are found through it.
    unmatched = (EVENTS.c.status == constant(EventStatus.UNMATCHED)) & (EVENTS.c.correlation_id == reference)
    events = or_(EVENTS.c.object_id == reference, unmatched)
    found = await refs(session, "event", select(EVENTS.c.id).where(events).order_by(EVENTS.c.id))
    return topups + found + await refs(session, "call", select(CALLS.c.id).where(CALLS.c.call_id == reference))


def _topup_of(reference: str) -> ColumnElement[bool]:
    """The top-up to which an id of Stripe's, or a key of a request to Stripe, belongs."""
    refunded = or_(REFUNDS.c.refund_id == reference, REFUNDS.c.idempotency_key == reference)
    return or_(
        TOPUPS.c.stripe_payment_intent_id == reference,
        TOPUPS.c.stripe_checkout_session_id == reference,
        TOPUPS.c.stripe_charge_id == reference,
        TOPUPS.c.idempotency_key == reference,
        TOPUPS.c.id.in_(select(INVOICES.c.topup_id).where(INVOICES.c.number == reference)),
        TOPUPS.c.id.in_(select(REFUNDS.c.topup_id).where(refunded)),
        TOPUPS.c.id.in_(select(DISPUTES.c.topup_id).where(DISPUTES.c.dispute_id == reference)),
    )


async def _of_a_card(session: AsyncSession, reference: str) -> list[Ref]:
    """The newest payments with this card or account, oldest first, and what was said of itself."""
    if not reference.startswith(("pm_", "card_", "src_")):
        return []
    payments = select(TOPUPS.c.id).where(TOPUPS.c.stripe_payment_method_id == reference).order_by(TOPUPS.c.id.desc())
    paid = await refs(session, "topup", payments, at_most=MENTIONS_MAX)
    return paid[::-1] + await _by_its_own_id(session, reference)


async def _mentioned(finder: Finder, reference: str) -> list[Ref]:
    """The newest events whose bodies speak of it (`req_…`, `txn_…`, `seti_…`, …), oldest first."""
    words = tuple(words_of(reference))
    if not words or not any("_" in word for word in words):
        return []  # a word that is no id stands in too many bodies to mean one story
    found = await finder.find(Text(words), at_most=MENTIONS_MAX)
    return [Ref("event", id_) for id_ in reversed(found.ids)]


async def refs(session: AsyncSession, kind: str, ids: Select[Any], *, at_most: int = NAMED_MAX) -> list[Ref]:
    """The rows that a statement with the one column `id` finds."""
    return [Ref(kind, row["id"]) for row in await fetch(session, ids.limit(at_most))]
