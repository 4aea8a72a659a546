"""The engine on a fresh file with a fake gateway."""

from __future__ import annotations

import pytest

from billing.clock import ManualClock
from billing.db import Database
from tests.support.gateway import FakeGateway
from tests.support.services import Billing


@pytest.fixture
def gateway() -> FakeGateway:
    return FakeGateway()


@pytest.fixture
def billing(database: Database, gateway: FakeGateway, clock: ManualClock) -> Billing:
    return Billing.on(database, gateway, clock)
