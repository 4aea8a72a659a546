"""The services under test, on a fresh file and a clock that stands still."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from billing.clock import CountedIds, ManualClock
from billing.db import Database
from billing.guard import AlwaysOn
from billing.ledger_check import check
from billing.policy import Policy
from billing.services.call_refund import CallRefundService
from billing.services.prepaid import PrepaidBillingService
from tests.support.gateway import FakeGateway
from tests.support.services import Billing


@pytest.fixture
def gateway() -> FakeGateway:
    return FakeGateway()


@pytest.fixture
def billing(database: Database, gateway: FakeGateway, clock: ManualClock) -> Billing:
    """All that takes part in a payment, with a fake Stripe."""
    return Billing.on(database, gateway, clock)


@pytest.fixture
async def prepaid(
    database: Database, clock: ManualClock, ids: CountedIds, policy: Policy
) -> AsyncIterator[PrepaidBillingService]:
    """Calls and adjustments alone; after the test the ledger is proved."""
    yield PrepaidBillingService(db=database, clock=clock, ids=ids, policy=policy, guard=AlwaysOn())
    assert (await database.write(check)).breaches == ()


@pytest.fixture
def call_refunds(database: Database, clock: ManualClock, policy: Policy) -> CallRefundService:
    return CallRefundService(db=database, clock=clock, policy=policy, guard=AlwaysOn())
