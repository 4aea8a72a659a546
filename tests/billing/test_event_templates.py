"""Every handled type has a template, and a whole event as Stripe renders it is understood by its handler."""

from __future__ import annotations

import pytest

from fixtures.events import catalog
from tests.support.events import receive
from tests.support.services import Billing


@pytest.mark.parametrize("type_", ["checkout.session.completed", "payment_intent.succeeded"])
async def test_a_whole_event_of_ours_is_credited(billing: Billing, type_: str) -> None:
    company_id = await billing.company()
    topup_id = await billing.pending_topup(company_id, amount_cents=4_200)
    metadata = {"data.object.metadata.topup_id": str(topup_id), "data.object.metadata.company_id": str(company_id)}
    body = catalog.build(
        type_, event_id=f"evt_{'1' * 24}", created=1_793_610_000, amount_cents=4_200, overrides=metadata
    )
    await billing.db.write(receive, [body], now=billing.clock.now())
    assert await billing.money(company_id) == 4_200
