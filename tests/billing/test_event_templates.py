"""Every handled type has a template, and a whole event as Stripe renders it is understood by its handler."""

from __future__ import annotations

import pytest

from billing.handlers import HANDLERS
from billing.models import EventStatus
from fixtures.events import catalog
from tests.support.events import receive
from tests.support.services import Billing


def test_every_handled_type_has_a_template_of_its_object() -> None:
    assert set(HANDLERS) <= set(catalog.EVENT_TYPES)
    for type_, rule in HANDLERS.items():
        assert catalog.template(type_)["data"]["object"]["object"] == rule.object_type, type_


@pytest.mark.parametrize("type_", sorted(HANDLERS))
async def test_a_whole_event_of_nobodys_is_understood(billing: Billing, type_: str) -> None:
    body = catalog.build(type_, event_id=f"evt_{'0' * 20}{len(type_):04d}", created=1_793_610_000)
    await billing.db.write(receive, [body], now=billing.clock.now())
    (kept,) = await billing.events()
    assert kept.status in {EventStatus.UNMATCHED, EventStatus.IGNORED}, kept.reason
    assert kept.object_id is not None


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
