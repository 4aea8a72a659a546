"""Companies as Stripe customers: one each, created at the first need."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from billing.changes import Kind, announce
from billing.clock import Clock, IdSource
from billing.companies import find_company
from billing.db import Database
from billing.gateway import CustomerRequest, PaymentGateway
from billing.models import Company
from billing.saved_methods import CUSTOMER_KEY

GERMAN_SPEAKING = ("DE", "AT", "CH", "LI", "LU")


class StripeCustomers:
    """Finds or creates the customer of a company."""

    def __init__(self, *, db: Database, gateway: PaymentGateway, clock: Clock, ids: IdSource) -> None:
        self._db = db
        self._gateway = gateway
        self._clock = clock
        self._ids = ids

    async def ensure(self, company_id: int) -> tuple[Company, str]:
        """The company and its customer's id. Two at once, or one after a crash, end with the same customer."""
        company = await self._db.write(_with_key, company_id, key=self._ids.new("customer_"), now=self._clock.now())
        if company.stripe_customer_id is not None:
            return company, company.stripe_customer_id
        customer_id = await self._gateway.create_customer(
            CustomerRequest(
                company_id=company_id,
                name=company.name,
                email=company.email,
                locale=locale_of(company),
                idempotency_key=f"customer:{company_id}:{company.meta[CUSTOMER_KEY]}",
            )
        )
        return await self._db.write(_keep_customer, company_id, customer_id, now=self._clock.now())


def locale_of(company: Company) -> str:
    """The language of Stripe's pages for this company."""
    return "de" if company.country in GERMAN_SPEAKING else "en"


def _with_key(session: Session, company_id: int, *, key: str, now: datetime) -> Company:
    company = find_company(session, company_id)
    if company.stripe_customer_id is None and CUSTOMER_KEY not in company.meta:
        # Random, because several databases may share one Stripe account and all have a company 1.
        company.meta = {**company.meta, CUSTOMER_KEY: key}
        company.updated_at = now
        session.flush()
    return company


def _keep_customer(session: Session, company_id: int, customer_id: str, *, now: datetime) -> tuple[Company, str]:
    company = find_company(session, company_id)
    if company.stripe_customer_id is None:
        company.stripe_customer_id = customer_id
        company.updated_at = now
        session.flush()
        announce(session, Kind.COMPANY, company_id)
    return company, company.stripe_customer_id
