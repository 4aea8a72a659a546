"""Customers and their payment methods: what was taken off at Stripe can no longer be charged here."""

from __future__ import annotations

from sqlmodel import Session, col, select

from billing.changes import Kind, announce
from billing.handlers.objects import Customer, PaymentMethod
from billing.handlers.outcome import Outcome, OutcomeKind, ignored
from billing.handlers.rule import Event
from billing.models import Company, PrepaidBalance
from billing.saved_methods import CUSTOMER_KEY, forget_method


def method_detached(session: Session, event: Event[PaymentMethod]) -> Outcome:
    companies = forget_method(session, event.object.id, now=event.now)
    if not companies:
        return ignored(f"no company has {event.object.id} saved for automatic top-ups")
    reason = f"{event.object.id} was taken off; automatic top-up has no payment method any more"
    return Outcome(OutcomeKind.APPLIED, reason, companies[0], None, None)


def customer_deleted(session: Session, event: Event[Customer]) -> Outcome:
    customer_id = event.object.id
    company = session.exec(select(Company).where(col(Company.stripe_customer_id) == customer_id)).one_or_none()
    if company is None or company.id is None:
        return ignored(f"{customer_id} is no customer of ours")
    # The next customer is another one, so it gets an idempotency key of its own.
    company.meta = {key: value for key, value in company.meta.items() if key != CUSTOMER_KEY}
    company.stripe_customer_id = None
    company.updated_at = event.now
    balance = session.exec(select(PrepaidBalance).where(PrepaidBalance.company_id == company.id)).one_or_none()
    # Deleting a customer takes off all its payment methods.
    if balance is not None and balance.stripe_payment_method_id is not None:
        forget_method(session, balance.stripe_payment_method_id, now=event.now)
    session.flush()
    announce(session, Kind.COMPANY, company.id, company.id)
    reason = f"{customer_id} was deleted at Stripe; {company.slug} gets a new customer with its next payment"
    return Outcome(OutcomeKind.APPLIED, reason, company.id, None, None)
