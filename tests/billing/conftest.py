"""The services under test, on a real file and a clock that stands still; after each test the ledger is proved."""

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


@pytest.fixture
async def prepaid(
    database: Database, clock: ManualClock, ids: CountedIds, policy: Policy
) -> AsyncIterator[PrepaidBillingService]:
    yield PrepaidBillingService(db=database, clock=clock, ids=ids, policy=policy, guard=AlwaysOn())
    assert (await database.write(check)).breaches == ()


@pytest.fixture
def call_refunds(database: Database, clock: ManualClock, policy: Policy) -> CallRefundService:
    return CallRefundService(db=database, clock=clock, policy=policy, guard=AlwaysOn())
