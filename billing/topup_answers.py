"""Stripe's direct answers, settled by the same function as its events. Each of these is one transaction."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from billing.errors import CardDeclined, UnknownTopup
from billing.gateway import Checkout, Payment
from billing.models import Topup, TopupStatus
from billing.policy import Policy
from billing.settlement import Cancelled, Declined, NeedsAction, Paid, PaymentOutcome, Processing
from billing.topup_requests import topup_of
from billing.topup_rows import PaymentIds, TopupRow, change, topup_row
from billing.topups import mismatch, settle


def record_checkout(session: Session, topup_id: int, checkout: Checkout, *, policy: Policy, now: datetime) -> Topup:
    """Note the page, and whatever has become of it."""
    row = _row(session, topup_id)
    ids = PaymentIds(session_id=checkout.session_id, intent_id=checkout.payment_intent_id)
    outcome: PaymentOutcome = Processing(ids=ids)
    if checkout.payment_status == "paid" and checkout.amount_cents is not None and checkout.currency is not None:
        outcome = Paid(received_cents=checkout.amount_cents, currency=checkout.currency, ids=ids)
    elif checkout.status == "expired":
        outcome = Cancelled(why="the Checkout page expired", ids=ids)
    if checkout.url is not None:
        change(session, row, now=now, checkout_url=checkout.url)
    return _settled(session, row, outcome, policy=policy, now=now)


def record_payment(session: Session, topup_id: int, payment: Payment, *, policy: Policy, now: datetime) -> Topup:
    """Bring the top-up to where its payment is."""
    return _settled(session, _row(session, topup_id), outcome_of(payment, at=now), policy=policy, now=now)


def record_decline(session: Session, topup_id: int, declined: CardDeclined, *, policy: Policy, now: datetime) -> Topup:
    """The bank said no: an outcome with its codes."""
    outcome = Declined(
        at=now,
        failure_code=declined.failure_code,
        decline_code=declined.decline_code,
        message=declined.message,
        ids=PaymentIds(intent_id=declined.payment_intent_id),
    )
    return _settled(session, _row(session, topup_id), outcome, policy=policy, now=now)


def record_refusal(session: Session, topup_id: int, message: str, *, policy: Policy, now: datetime) -> Topup:
    """Stripe would not take the request: it failed, and repeating it would not help."""
    outcome = Declined(at=now, failure_code="request_refused", decline_code=None, message=message)
    return _settled(session, _row(session, topup_id), outcome, policy=policy, now=now)


def record_cancellation(session: Session, topup_id: int, why: str, *, policy: Policy, now: datetime) -> Topup:
    """Given up by a person, or never heard of at Stripe."""
    return _settled(session, _row(session, topup_id), Cancelled(why=why), policy=policy, now=now)


def outcome_of(payment: Payment, *, at: datetime) -> PaymentOutcome:
    """What a payment intent's status means for its top-up."""
    ids = PaymentIds(
        intent_id=payment.intent_id,
        charge_id=payment.charge_id if payment.status == "succeeded" else None,
        payment_method_id=payment.payment_method_id if payment.status == "succeeded" else None,
        payment_method_label=payment.payment_method_label if payment.status == "succeeded" else None,
    )
    match payment.status:
        case "succeeded":
            return Paid(received_cents=payment.received_cents, currency=payment.currency, ids=ids)
        case "requires_action":
            return NeedsAction(next_action_url=payment.next_action_url, ids=ids)
        case "canceled":
            return Cancelled(why="the payment was cancelled at Stripe", ids=ids)
        case "requires_payment_method":
            return Declined(
                at=at,
                failure_code=payment.failure_code,
                decline_code=payment.decline_code,
                message=payment.failure_message,
                ids=ids,
            )
        case _:  # processing, requires_confirmation, requires_capture
            return Processing(ids=ids)


def _settled(session: Session, row: TopupRow, outcome: PaymentOutcome, *, policy: Policy, now: datetime) -> Topup:
    if isinstance(outcome, Paid):
        contradiction = mismatch(row, amount_cents=outcome.received_cents, currency=outcome.currency)
        if contradiction is not None and row.status is not TopupStatus.SUCCEEDED:
            # Its events are quarantined for the same reason; somebody has to look at it.
            change(session, row, now=now, failure_code="amount_mismatch", failure_message=contradiction)
            return topup_of(session, row.id)
    settle(session, row, outcome, webhook_event_id=None, now=now, policy=policy)
    return topup_of(session, row.id)


def _row(session: Session, topup_id: int) -> TopupRow:
    row = topup_row(session, topup_id)
    if row is None:
        raise UnknownTopup(topup_id)
    return row
