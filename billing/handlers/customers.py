"""Customers and their payment methods: what was taken off at Stripe can no longer be charged here.

None of these events moves money, and none waits for another: which company they are about is known, or it is nobody's.
"""

from __future__ import annotations

from sqlmodel import Session, col, select

from billing.changes import Kind, announce
from billing.handlers.objects import Customer, PaymentMethod, id_of
from billing.handlers.outcome import Outcome, OutcomeKind, ignored
from billing.handlers.rule import Event
from billing.models import Company, PrepaidBalance
from billing.saved_methods import CUSTOMER_KEY, forget_method, is_latest_word, relabel_method


def method_told(session: Session, event: Event[PaymentMethod]) -> Outcome:
    """What a payment method looks like now. It concerns us where it is the one that automatic top-ups charge."""
    method = event.object
    owner = _company_of(session, id_of(method.customer))
    owner_id = owner.id if owner is not None else None
    if method.label is None:
        return _nothing_to_do(f"nothing is said that people would know {method.id} by", owner_id)
    if not is_latest_word(session, method.id, event.created_at):
        return _nothing_to_do(f"a younger event has said what {method.id} is", owner_id)
    companies = relabel_method(session, method.id, label=method.label, now=event.now)
    if companies:
        said = f"automatic top-ups charge {method.label}"
        return Outcome(OutcomeKind.APPLIED, said, companies[0])
    return _nothing_to_do(f"no automatic top-up charges {method.label}, or it was known as that", owner_id)


def method_detached(session: Session, event: Event[PaymentMethod]) -> Outcome:
    companies = forget_method(session, event.object.id, now=event.now)
    if not companies:
        return ignored(f"no company has {event.object.id} saved for automatic top-ups")
    reason = f"automatic top-up has no payment method any more: {event.object.id} was taken off"
    return Outcome(OutcomeKind.APPLIED, reason, companies[0], None, None)


def customer_updated(session: Session, event: Event[Customer]) -> Outcome:
    """Somebody changed the customer at Stripe. The company is kept here, so it is only said what differs."""
    customer = event.object
    company = _company_of(session, customer.id)
    if company is None:
        return ignored(f"no customer of ours: {customer.id}")
    pairs = (("name", customer.name, company.name), ("e-mail", customer.email, company.email))
    differing = [f"{what} {theirs or 'none'}, here {ours or 'none'}" for what, theirs, ours in pairs if theirs != ours]
    said = f"at Stripe: {'; '.join(differing)}; ours stays" if differing else "Stripe's name and e-mail are ours"
    return _nothing_to_do(said, company.id)


def customer_deleted(session: Session, event: Event[Customer]) -> Outcome:
    customer_id = event.object.id
    company = _company_of(session, customer_id)
    if company is None or company.id is None:
        return ignored(f"no customer of ours: {customer_id}")
    # The next customer is another one, so it gets an idempotency key of its own.
    company.meta = {key: value for key, value in company.meta.items() if key != CUSTOMER_KEY}
    company.stripe_customer_id = None
    company.updated_at = event.now
    balance = session.exec(select(PrepaidBalance).where(PrepaidBalance.company_id == company.id)).one_or_none()
    # Deleting a customer takes off all its payment methods.
    if balance is not None and balance.stripe_payment_method_id is not None:
        forget_method(session, balance.stripe_payment_method_id, now=event.now)
    session.flush()
    announce(session, Kind.COMPANY, company.id)
    reason = f"deleted at Stripe; {company.slug} gets a new customer with its next payment, instead of {customer_id}"
    return Outcome(OutcomeKind.APPLIED, reason, company.id, None, None)


def _company_of(session: Session, customer_id: str | None) -> Company | None:
    if customer_id is None:
        return None
    return session.exec(select(Company).where(col(Company.stripe_customer_id) == customer_id)).one_or_none()


def _nothing_to_do(reason: str, company_id: int | None) -> Outcome:
    return Outcome(OutcomeKind.IGNORED, reason, company_id)
