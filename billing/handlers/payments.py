"""Checkout sessions, payment intents and charges: a payment moves its top-up, and credits it once.

The same payment is told by several events in any order; each may credit, the first that does so wins.
"""

from __future__ import annotations

from sqlmodel import Session

from billing.handlers.matching import Claim, match, match_or_create
from billing.handlers.objects import Charge, CheckoutSession, PaymentError, PaymentIntent, id_of
from billing.handlers.outcome import Outcome, applied, duplicate, ignored, quarantined
from billing.handlers.rule import Event
from billing.models import TopupStatus
from billing.settlement import Cancelled, Declined, NeedsAction, Paid, PaymentOutcome, Processing
from billing.topup_rows import PaymentIds, TopupRow
from billing.topups import link, mismatch, settle


def session_completed(session: Session, event: Event[CheckoutSession]) -> Outcome:
    """Paid: credit. Unpaid: a bank debit is under way, and its own event tells how it ends."""
    checkout = event.object
    if checkout.mode != "payment":
        return ignored(f"a Checkout of mode {checkout.mode} pays for nothing now")
    claim = _checkout_claim(checkout)
    found = match_or_create(
        session, claim, amount_cents=checkout.amount_total, currency=checkout.currency, now=event.now
    )
    if isinstance(found, Outcome):
        return found
    contradiction = mismatch(found, amount_cents=checkout.amount_total, currency=checkout.currency)
    if contradiction is not None:
        return quarantined(f"{contradiction}; money untouched", found, correlation_id=claim.correlation_id)
    if checkout.payment_status == "paid":
        assert checkout.amount_total is not None and checkout.currency is not None, "mismatch() found them"
        paid = Paid(received_cents=checkout.amount_total, currency=checkout.currency, ids=claim.ids)
        return _settle(session, event, found, paid, claim)
    return _settle(session, event, found, Processing(ids=claim.ids), claim)


def session_async_failed(session: Session, event: Event[CheckoutSession]) -> Outcome:
    claim = _checkout_claim(event.object)
    found = match(session, claim)
    if isinstance(found, Outcome):
        return found
    declined = Declined(
        at=event.created_at,
        failure_code="payment_failed",
        decline_code=None,
        message="The bank did not pay the debit.",
        ids=claim.ids,
    )
    return _settle(session, event, found, declined, claim)


def session_expired(session: Session, event: Event[CheckoutSession]) -> Outcome:
    claim = _checkout_claim(event.object)
    found = match(session, claim)
    if isinstance(found, Outcome):
        return found
    return _settle(session, event, found, Cancelled(why="the Checkout page expired", ids=claim.ids), claim)


def intent_succeeded(session: Session, event: Event[PaymentIntent]) -> Outcome:
    """The money is there: credit what was received."""
    intent = event.object
    claim = _intent_claim(intent, with_method=True)
    found = match_or_create(
        session, claim, amount_cents=intent.amount_received, currency=intent.currency, now=event.now
    )
    if isinstance(found, Outcome):
        return found
    contradiction = mismatch(found, amount_cents=intent.amount_received, currency=intent.currency)
    if contradiction is not None:
        return quarantined(f"{contradiction}; money untouched", found, correlation_id=claim.correlation_id)
    assert intent.currency is not None, "mismatch() found it"
    return _settle(
        session,
        event,
        found,
        Paid(received_cents=intent.amount_received, currency=intent.currency, ids=claim.ids),
        claim,
    )


def intent_failed(session: Session, event: Event[PaymentIntent]) -> Outcome:
    claim = _intent_claim(event.object)
    found = match(session, claim)
    if isinstance(found, Outcome):
        return found
    error = event.object.last_payment_error or PaymentError()
    declined = Declined(
        at=event.created_at,
        failure_code=error.code,
        decline_code=error.decline_code,
        message=error.message,
        ids=claim.ids,
    )
    return _settle(session, event, found, declined, claim)


def intent_canceled(session: Session, event: Event[PaymentIntent]) -> Outcome:
    claim = _intent_claim(event.object)
    found = match(session, claim)
    if isinstance(found, Outcome):
        return found
    why = f"the payment was cancelled at Stripe ({event.object.cancellation_reason or 'no reason given'})"
    return _settle(session, event, found, Cancelled(why=why, ids=claim.ids), claim)


def intent_processing(session: Session, event: Event[PaymentIntent]) -> Outcome:
    claim = _intent_claim(event.object)
    found = match(session, claim)
    if isinstance(found, Outcome):
        return found
    return _settle(session, event, found, Processing(ids=claim.ids), claim)


def intent_requires_action(session: Session, event: Event[PaymentIntent]) -> Outcome:
    claim = _intent_claim(event.object)
    found = match(session, claim)
    if isinstance(found, Outcome):
        return found
    action = event.object.next_action
    url = action.redirect_to_url.url if action is not None and action.redirect_to_url is not None else None
    # A Checkout page shows the bank's step itself, so its address stays the one to go on at.
    return _settle(
        session, event, found, NeedsAction(next_action_url=None if found.session_id else url, ids=claim.ids), claim
    )


def charge_noted(session: Session, event: Event[Charge]) -> Outcome:
    """A charge moves no money here; its id and card are noted on its top-up."""
    claim = charge_claim(event.object, with_charge=True)
    found = match(session, claim)
    if isinstance(found, Outcome):
        return found
    if event.object.status != "succeeded":
        return ignored(f"the charge is {event.object.status}", found, correlation_id=claim.correlation_id)
    if link(session, found, claim.ids, now=event.now):
        said = f"noted on top-up {found.id}; the payment itself credits, not its charge {event.object.id}"
        return applied(said, found, correlation_id=claim.correlation_id)
    return duplicate(f"top-up {found.id} knew its charge {event.object.id}", found, correlation_id=claim.correlation_id)


def charge_failed(session: Session, event: Event[Charge]) -> Outcome:
    """The decline as the charge tells it; the payment intent's event says the same."""
    charge = event.object
    claim = charge_claim(charge, with_charge=False)
    found = match(session, claim)
    if isinstance(found, Outcome):
        return found
    declined = Declined(
        at=event.created_at,
        failure_code=charge.failure_code,
        decline_code=charge.outcome.reason if charge.outcome is not None else None,
        message=charge.failure_message,
        ids=PaymentIds(intent_id=claim.ids.intent_id),
    )
    return _settle(session, event, found, declined, claim)


def charge_claim(charge: Charge, *, with_charge: bool) -> Claim:
    """Whose charge it is. Without `with_charge` its id is no claim: a declined charge may be followed by another."""
    label = charge.payment_method_details.label if charge.payment_method_details is not None else None
    ids = PaymentIds(
        intent_id=id_of(charge.payment_intent),
        charge_id=charge.id if with_charge else None,
        payment_method_id=charge.payment_method if with_charge else None,
        payment_method_label=label if with_charge else None,
    )
    return Claim(ids=ids, metadata=charge.metadata)


def _checkout_claim(checkout: CheckoutSession) -> Claim:
    return Claim(
        ids=PaymentIds(session_id=checkout.id, intent_id=id_of(checkout.payment_intent)),
        metadata=checkout.metadata,
    )


def _intent_claim(intent: PaymentIntent, *, with_method: bool = False) -> Claim:
    ids = PaymentIds(
        intent_id=intent.id,
        charge_id=id_of(intent.latest_charge) if with_method else None,
        payment_method_id=id_of(intent.payment_method) if with_method else None,
    )
    return Claim(ids=ids, metadata=intent.metadata)


def _settle(
    session: Session,
    event: Event[CheckoutSession] | Event[PaymentIntent] | Event[Charge],
    topup: TopupRow,
    outcome: PaymentOutcome,
    claim: Claim,
) -> Outcome:
    settled = settle(session, topup, outcome, webhook_event_id=event.row_id, now=event.now, policy=event.policy)
    if settled.changed:
        return applied(settled.reason, topup, correlation_id=claim.correlation_id)
    if topup.status is TopupStatus.SUCCEEDED and not isinstance(outcome, Paid):
        return ignored(settled.reason, topup, correlation_id=claim.correlation_id)
    return duplicate(settled.reason, topup, correlation_id=claim.correlation_id)
