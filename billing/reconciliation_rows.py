"""Our side of the comparison with Stripe, read from the database; and the booking of what Stripe says again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import exists, or_, select
from sqlmodel import Session

from billing import audit
from billing.audit import Action
from billing.dialect import table_of
from billing.gateway import GatewayRefund, Payment
from billing.handlers.matching import Claim, match_or_create
from billing.handlers.outcome import Outcome
from billing.ledger import balance_of
from billing.models import Company, PaymentDispute, Topup, TopupStatus, WebhookEvent
from billing.payment_refunds import DisputeFact, RefundFact, book_what_went_back, note_dispute, note_refund
from billing.policy import Policy
from billing.reconciliation import OurDispute, OurPayment
from billing.records import DisputeRecord
from billing.settlement import Paid
from billing.topup_answers import outcome_of
from billing.topup_rows import topup_row
from billing.topups import mismatch, settle

MADE_UP: Final = ("trigger", "script")
"""The sources of events that Stripe never saw."""


def our_payments(
    session: Session, *, intent_ids: Collection[str], topup_ids: Collection[int], since: datetime, limit: int
) -> Sequence[OurPayment]:
    """The top-ups that Stripe's payments may belong to, and the newest `limit` credited since then."""
    credited = (
        select(_TOPUPS.c.id)
        .where(_TOPUPS.c.status == TopupStatus.SUCCEEDED, _TOPUPS.c.created_at >= since)
        .order_by(_TOPUPS.c.id.desc())
        .limit(limit)
    )
    found = session.execute(
        _OURS.where(
            or_(
                _TOPUPS.c.stripe_payment_intent_id.in_(list(intent_ids)),
                _TOPUPS.c.id.in_(list(topup_ids)),
                _TOPUPS.c.id.in_(credited),
            )
        )
    )
    payments = found.all()
    disputes = _disputes_of(session, [payment.id for payment in payments])
    return [replace(OurPayment(*payment), disputes=disputes.get(payment.id, ())) for payment in payments]


def _disputes_of(session: Session, topup_ids: Sequence[int]) -> dict[int, tuple[OurDispute, ...]]:
    """By top-up. Disputes are few: those of a range are read, where a list of ids could be longer than SQLite takes."""
    rows = session.execute(
        select(
            _DISPUTES.c.topup_id,
            _DISPUTES.c.dispute_id,
            _DISPUTES.c.status,
            _DISPUTES.c.amount,
            _DISPUTES.c.booked_amount,
        )
        .where(_DISPUTES.c.topup_id.between(min(topup_ids, default=0), max(topup_ids, default=0)))
        .order_by(_DISPUTES.c.id)
    )
    found: dict[int, tuple[OurDispute, ...]] = {}
    for topup_id, *dispute in rows:
        found[topup_id] = (*found.get(topup_id, ()), OurDispute(*dispute))
    return found


def slugs(session: Session) -> dict[int, str]:
    """Every company by id."""
    return {row.id: row.slug for row in session.execute(select(_COMPANIES.c.id, _COMPANIES.c.slug))}


def book_payment(session: Session, payment: Payment, *, actor: str, policy: Policy, now: datetime) -> str:
    """Bring the payment's top-up to where Stripe says it is, as its webhook would have; says what happened."""
    outcome = outcome_of(payment, at=now)
    if not isinstance(outcome, Paid):
        return f"{payment.intent_id} is {payment.status} at Stripe by now; there is nothing to credit"
    found = match_or_create(
        session,
        Claim(ids=outcome.ids, metadata=payment.metadata),
        amount_cents=outcome.received_cents,
        currency=outcome.currency,
        now=now,
    )
    if isinstance(found, Outcome):
        return found.reason
    contradiction = mismatch(found, amount_cents=outcome.received_cents, currency=outcome.currency)
    if contradiction is not None:
        return f"{contradiction}; money untouched"
    before_cents = balance_of(session, found.company_id).balance_cents
    settled = settle(session, found, outcome, webhook_event_id=None, now=now, policy=policy)
    if settled.changed:
        _audit(
            session, found.company_id, found.id, before_cents=before_cents, why=payment.intent_id, actor=actor, now=now
        )
    return settled.reason


def book_money_back(
    session: Session,
    topup_id: int,
    refunds: Sequence[GatewayRefund],
    disputes: Sequence[DisputeRecord],
    *,
    actor: str,
    now: datetime,
) -> str:
    """Note every refund and dispute of a payment as Stripe has it, and book the difference; says what happened."""
    topup = topup_row(session, topup_id)
    assert topup is not None, f"top-up {topup_id} was compared and is gone"
    before_cents = balance_of(session, topup.company_id).balance_cents
    for refund in refunds:
        # When a refund failed is not on record; it is known by now.
        fact = RefundFact(
            refund_id=refund.refund_id,
            amount_cents=refund.amount_cents,
            status=refund.status,
            at=now,
            reason=refund.reason,
            failure_reason=refund.failure_reason,
            request_row_id=refund.request_row_id,
        )
        note_refund(session, topup, fact, now=now)
    for dispute in disputes:
        note_dispute(
            session,
            topup,
            DisputeFact(
                dispute_id=dispute.dispute_id,
                amount_cents=dispute.amount_cents,
                status=dispute.status,
                withdrawn=dispute.withdrawn,
                reinstated=dispute.reinstated,
                reason=dispute.reason,
                is_record=True,
            ),
            now=now,
        )
    said = book_what_went_back(session, topup, webhook_event_id=None, now=now)
    if said is None:
        return f"noted what Stripe has of top-up {topup_id}; the balance says so already"
    why = topup.intent_id or f"topup_{topup_id}"
    _audit(session, topup.company_id, topup_id, before_cents=before_cents, why=why, actor=actor, now=now)
    return said


def _audit(
    session: Session, company_id: int, topup_id: int, *, before_cents: int, why: str, actor: str, now: datetime
) -> None:
    after_cents = balance_of(session, company_id).balance_cents
    audit.record(
        session,
        actor=actor,
        action=Action.PAYMENT_RECONCILED,
        company_id=company_id,
        target=f"topup_{topup_id}",
        reason=f"Stripe's record of {why} said so",
        before={"balance_cents": before_cents},
        after={"balance_cents": after_cents},
        now=now,
    )


_TOPUPS: Final = table_of(Topup)
_COMPANIES: Final = table_of(Company)
_EVENTS: Final = table_of(WebhookEvent)
_DISPUTES: Final = table_of(PaymentDispute)
_OURS: Final = select(
    _TOPUPS.c.id,
    _TOPUPS.c.company_id,
    _COMPANIES.c.slug,
    _TOPUPS.c.status,
    _TOPUPS.c.amount,
    _TOPUPS.c.currency,
    _TOPUPS.c.idempotency_key,
    _TOPUPS.c.stripe_payment_intent_id,
    _TOPUPS.c.refunded_amount,
    exists().where(_EVENTS.c.topup_id == _TOPUPS.c.id, _EVENTS.c.source.in_(MADE_UP)),
).join_from(_TOPUPS, _COMPANIES, _TOPUPS.c.company_id == _COMPANIES.c.id)
