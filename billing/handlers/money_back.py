"""Refunds and disputes: noted as facts, booked as the difference to what the ledger has for them."""

from __future__ import annotations

from sqlmodel import Session

from billing.handlers.matching import Claim, match
from billing.handlers.objects import Charge, Dispute, Refund, id_of
from billing.handlers.outcome import Outcome, applied, duplicate, quarantined
from billing.handlers.payments import charge_claim
from billing.handlers.rule import Event
from billing.models import TopupStatus
from billing.money_text import money
from billing.payment_refunds import (
    DisputeFact,
    RefundFact,
    book_what_went_back,
    note_dispute,
    note_refund,
    note_snapshot,
)
from billing.rules.refunded import ChargeSnapshot
from billing.topup_rows import PaymentIds, TopupRow
from billing.topups import link

CLOSED_WORDS = {"won": "won", "lost": "lost", "warning_closed": "closed without a loss"}


def charge_refunded(session: Session, event: Event[Charge]) -> Outcome:
    """`amount_refunded` is the sum until now; the difference to what is booked moves."""
    charge = event.object
    claim = charge_claim(charge, with_charge=True)
    found = match(session, claim)
    if isinstance(found, Outcome):
        return found
    contradiction = _contradiction(found, charge.amount_refunded, charge.currency)
    if contradiction is not None:
        return quarantined(contradiction, found, correlation_id=claim.correlation_id)
    link(session, found, claim.ids, now=event.now)
    snapshot = ChargeSnapshot(int(event.created_at.timestamp()), charge.amount_refunded)
    return _book(session, event, note_snapshot(session, found, snapshot, now=event.now), claim, what="refund")


def refund_told(session: Session, event: Event[Refund]) -> Outcome:
    """One refund object, in whatever state: created, updated or failed."""
    refund = event.object
    claim = Claim(
        ids=PaymentIds(intent_id=id_of(refund.payment_intent), charge_id=id_of(refund.charge)), metadata=refund.metadata
    )
    found = match(session, claim)
    if isinstance(found, Outcome):
        return found
    contradiction = _contradiction(found, refund.amount, refund.currency)
    if contradiction is not None:
        return quarantined(contradiction, found, correlation_id=claim.correlation_id)
    row_id = (refund.metadata or {}).get("refund_row_id")
    fact = RefundFact(
        refund_id=refund.id,
        amount_cents=refund.amount,
        status=refund.status or "succeeded",
        at=event.created_at,
        reason=refund.reason,
        failure_reason=refund.failure_reason,
        request_row_id=int(row_id) if isinstance(row_id, str) and row_id.isdigit() else None,
    )
    note_refund(session, found, fact, now=event.now)
    return _book(session, event, found, claim, what=f"refund {refund.id} ({fact.status})")


def dispute_told(session: Session, event: Event[Dispute]) -> Outcome:
    """A dispute under any of its event types; its money goes when it is withdrawn and comes back when it is won."""
    dispute = event.object
    claim = Claim(
        ids=PaymentIds(intent_id=id_of(dispute.payment_intent), charge_id=id_of(dispute.charge)),
        metadata=dispute.metadata,
    )
    found = match(session, claim)
    if isinstance(found, Outcome):
        return found
    contradiction = _contradiction(found, dispute.amount, dispute.currency)
    if contradiction is not None:
        return quarantined(contradiction, found, correlation_id=claim.correlation_id)
    fact = DisputeFact(
        dispute_id=dispute.id,
        amount_cents=dispute.amount,
        status=dispute.status,
        withdrawn=event.type.endswith("funds_withdrawn") or dispute.was_withdrawn,
        reinstated=event.type.endswith("funds_reinstated") or dispute.was_reinstated,
        reason=dispute.reason,
    )
    note_dispute(session, found, fact, now=event.now)
    return _book(session, event, found, claim, what=f"dispute {dispute.id} ({dispute.status})")


def _contradiction(topup: TopupRow, amount_cents: int, currency: str | None) -> str | None:
    if currency is None or currency.upper() != topup.currency.upper():
        return f"its currency is {currency}, but top-up {topup.id} is in {topup.currency}; money untouched"
    if amount_cents > topup.amount_cents:
        return (
            f"it is about {money(amount_cents, currency)}, more than the {money(topup.amount_cents, topup.currency)} "
            f"of top-up {topup.id}; money untouched"
        )
    return None


def _book(
    session: Session,
    event: Event[Charge] | Event[Refund] | Event[Dispute],
    topup: TopupRow,
    claim: Claim,
    *,
    what: str,
) -> Outcome:
    said = book_what_went_back(session, topup, webhook_event_id=event.row_id, now=event.now)
    if said is not None:
        return applied(said, topup, correlation_id=claim.correlation_id)
    if topup.status is not TopupStatus.SUCCEEDED:
        reason = f"top-up {topup.id} is {topup.status}, so there is nothing to take back yet; noted the {what}"
        return applied(reason, topup, correlation_id=claim.correlation_id)
    reason = f"the balance said so already; noted the {what} of top-up {topup.id}"
    return duplicate(reason, topup, correlation_id=claim.correlation_id)
