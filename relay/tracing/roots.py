"""Where a story begins: from any id upwards to its first cause."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.dialect import constant, table_of
from billing.models import EventStatus, Invoice, PaymentDispute, PaymentRefund
from relay.forwarding.rows import FORWARDS
from relay.unknown import UnknownReference
from relay.views.calls import CALLS
from relay.views.companies import DECISIONS
from relay.views.events import DELIVERIES, EVENTS
from relay.views.ledger import LEDGER
from relay.views.notices import NOTICES
from relay.views.payments import TOPUPS
from relay.views.query import fetch, fetch_one

REFUNDS = table_of(PaymentRefund)
DISPUTES = table_of(PaymentDispute)
INVOICES = table_of(Invoice)

TOPUP_REFERENCES = ("topup", "auto_topup", "topup_bonus", "refund")
"""Ledger rows with these reference types carry the id of a top-up."""

_NUMBERED = re.compile(r"(?P<kind>topup|ledger|call|delivery|decision|forward|notice|verification)_(?P<id>[0-9]{1,18})")
_TABLES = {
    "topup": TOPUPS,
    "ledger": LEDGER,
    "call": CALLS,
    "delivery": DELIVERIES,
    "verification": DELIVERIES,
    "decision": DECISIONS,
    "forward": FORWARDS,
    "notice": NOTICES,
}
_ATTEMPT = re.compile(r"(?P<event>evt_[^#]+)#[0-9]+")
_OF_A_TOPUP = re.compile(r"topup_[a-z]+:(?P<id>[0-9]{1,18})")
"""The cause of a notice about a top-up."""


@dataclass(frozen=True, slots=True)
class Ref:
    """A row of one of the tables: `kind` is call, decision, topup, event, delivery, forward, notice or ledger."""

    kind: str
    id: int


async def roots_of(session: AsyncSession, reference: str) -> list[Ref]:
    """The first causes of what `reference` names, each once. Raises `UnknownReference`."""
    named = await _named(session, reference.strip())
    if not named:
        raise UnknownReference(reference)
    roots: dict[Ref, None] = {}
    for ref in named:
        while (cause := await _cause(session, ref)) is not None:
            ref = cause
        roots[ref] = None
    return list(roots)


async def _named(session: AsyncSession, reference: str) -> list[Ref]:
    """The rows that bear this id."""
    if (attempt := _ATTEMPT.fullmatch(reference)) is not None:
        reference = attempt["event"]
    numbered = _NUMBERED.fullmatch(reference)
    if numbered is not None:
        kind, id_ = numbered["kind"].replace("verification", "delivery"), int(numbered["id"])
        table = _TABLES[kind]
        return await _refs(session, kind, select(table.c.id).where(table.c.id == id_))
    if reference.startswith("evt_") or (reference.isascii() and reference.isdigit() and len(reference) < 19):
        key = EVENTS.c.event_id == reference if reference.startswith("evt_") else EVENTS.c.id == int(reference)
        found = await _refs(session, "event", select(EVENTS.c.id).where(key))
        # A rejected delivery names an event that never got in.
        return found or await _refs(session, "delivery", select(DELIVERIES.c.id).where(_delivery_of(reference)))
    topups = await _refs(session, "topup", select(TOPUPS.c.id).where(_topup_of(reference)))
    # Two conditions that an index answers each; those of a top-up's payment are found through it.
    unmatched = (EVENTS.c.status == constant(EventStatus.UNMATCHED)) & (EVENTS.c.correlation_id == reference)
    events = or_(EVENTS.c.object_id == reference, unmatched)
    calls = await _refs(session, "call", select(CALLS.c.id).where(CALLS.c.call_id == reference))
    return topups + await _refs(session, "event", select(EVENTS.c.id).where(events).order_by(EVENTS.c.id)) + calls


def _delivery_of(event_id: str) -> ColumnElement[bool]:
    return DELIVERIES.c.event_id == event_id


def _topup_of(reference: str) -> ColumnElement[bool]:
    """The top-up to which an id of Stripe's belongs: payment, session, charge, refund or dispute."""
    return or_(
        TOPUPS.c.stripe_payment_intent_id == reference,
        TOPUPS.c.stripe_checkout_session_id == reference,
        TOPUPS.c.stripe_charge_id == reference,
        TOPUPS.c.id.in_(select(INVOICES.c.topup_id).where(INVOICES.c.number == reference)),
        TOPUPS.c.id.in_(select(REFUNDS.c.topup_id).where(REFUNDS.c.refund_id == reference)),
        TOPUPS.c.id.in_(select(DISPUTES.c.topup_id).where(DISPUTES.c.dispute_id == reference)),
    )


async def _cause(session: AsyncSession, ref: Ref) -> Ref | None:
    """What brought this row about; None for a first cause."""
    match ref.kind:
        case "delivery":
            return await _first(
                session, "event", select(DELIVERIES.c.webhook_event_id).where(DELIVERIES.c.id == ref.id)
            )
        case "event":
            return await _first(session, "topup", select(EVENTS.c.topup_id).where(EVENTS.c.id == ref.id))
        case "topup":
            decided = select(DECISIONS.c.id).where(DECISIONS.c.topup_id == ref.id).order_by(DECISIONS.c.id)
            return await _first(session, "decision", decided)
        case "decision":
            return await _first(session, "call", select(DECISIONS.c.call_id).where(DECISIONS.c.id == ref.id))
        case "forward":
            return await _first(session, "delivery", select(FORWARDS.c.delivery_id).where(FORWARDS.c.id == ref.id))
        case "notice":
            return await _told_of(session, ref.id)
        case "ledger":
            return await _booked_for(session, ref.id)
    return None


async def _told_of(session: AsyncSession, notice_id: int) -> Ref | None:
    """The top-up that a notice is about, or the ledger row after which it was due."""
    row = await fetch_one(session, select(NOTICES.c.cause, NOTICES.c.last_ledger_id).where(NOTICES.c.id == notice_id))
    assert row is not None
    if (topup := _OF_A_TOPUP.fullmatch(row["cause"])) is not None:
        return Ref("topup", int(topup["id"]))
    return Ref("ledger", row["last_ledger_id"]) if row["last_ledger_id"] else None


async def _booked_for(session: AsyncSession, ledger_id: int) -> Ref | None:
    row = await fetch_one(
        session,
        select(LEDGER.c.reference_type, LEDGER.c.reference_id, LEDGER.c.webhook_event_id).where(
            LEDGER.c.id == ledger_id
        ),
    )
    assert row is not None
    number = row["reference_id"] if (row["reference_id"] or "").isdigit() else None
    if row["reference_type"] == "call" and number:
        return Ref("call", int(number))
    if row["reference_type"] in TOPUP_REFERENCES and number:
        return Ref("topup", int(number))
    return Ref("event", row["webhook_event_id"]) if row["webhook_event_id"] else None


async def _refs(session: AsyncSession, kind: str, ids: Select[Any]) -> list[Ref]:
    return [Ref(kind, row["id"]) for row in await fetch(session, ids.limit(NAMED_MAX))]


async def _first(session: AsyncSession, kind: str, ids: Select[Any]) -> Ref | None:
    rows = await fetch(session, ids.limit(1))
    found = next(iter(rows[0].values()), None) if rows else None
    return None if found is None else Ref(kind, found)


NAMED_MAX = 100
"""Rows that one id may name: a payment without a top-up of ours has an event for each of its steps."""
