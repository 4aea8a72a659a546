"""Whose an event is that billing does nothing on."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import Session

from billing.db import Database
from billing.handlers.owner import owner_of
from billing.models import Company
from tests.support.events import event
from tests.support.services import Billing


def name_customer(session: Session, company_id: int) -> None:
    company = session.get(Company, company_id)
    assert company is not None
    company.stripe_customer_id = "cus_ours"


@pytest.mark.parametrize(
    ("subject", "is_ours"),
    [
        ({"id": "cus_ours", "object": "customer"}, True),
        ({"id": "pm_1", "object": "payment_method", "customer": "cus_ours"}, True),
        ({"id": "pi_1", "object": "payment_intent", "metadata": {"company_id": "1"}}, True),
        ({"id": "pm_1", "object": "payment_method", "customer": "cus_of_somebody_else"}, False),
        ({"id": "pi_1", "object": "payment_intent", "metadata": {"company_id": "77"}}, False),
        ({"id": "pi_1", "object": "payment_intent", "metadata": {"company_id": "x" * 400}}, False),
        ({"id": "price_1", "object": "price"}, False),
        ({"id": "pi_1", "object": "payment_intent", "metadata": None, "customer": {"id": "cus_ours"}}, False),
    ],
)
async def test_an_ignored_event_belongs_to_the_company_of_its_customer_or_metadata(
    billing: Billing, database: Database, subject: dict[str, Any], is_ours: bool
) -> None:
    company_id = await billing.company()
    await database.write(name_customer, company_id)
    found = await database.write(owner_of, event("customer.created", subject))
    assert found == (company_id if is_ours else None)


async def test_nothing_readable_belongs_to_nobody(database: Database) -> None:
    assert await database.write(owner_of, b'{"data": {"object": 7}}') is None
