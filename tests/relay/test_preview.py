"""The preview of a top-up is what is booked, whatever rules there are."""

from __future__ import annotations

import pytest
from sqlmodel import Session

from billing.models import BonusRule
from relay.api import ListInvoices, PreviewTopup, ShowBalance
from relay.errors import OperationRefused
from tests.relay.test_invoices import paid_topup
from tests.support.relay import RunningRelay


@pytest.mark.parametrize("amount_cents", [5_000, 10_000, 30_000, 100_000])
async def test_what_is_previewed_is_what_is_booked(relay: RunningRelay, amount_cents: int) -> None:
    def rules(session: Session) -> None:
        now = relay.backend.clock.now()
        for name, low, percent, most, first, priority in (
            ("first", 5_000, 20, 5_000, True, 300),
            ("big", 50_000, 15, 20_000, False, 200),
            ("all", 10_000, 10, None, False, 100),
        ):
            session.add(
                BonusRule(
                    name=name,
                    min_cents=low,
                    bonus_basis_points=percent * 100,
                    max_bonus_cents=most,
                    is_first_time_only=first,
                    priority=priority,
                    created_at=now,
                    updated_at=now,
                )
            )

    company = await relay.company(balance_cents=700)
    await relay.backend.db.write(rules)
    before = 700
    for number in range(2):  # the second one is not the first
        preview = await relay.client.call(PreviewTopup(company="acme", amount_cents=amount_cents))
        await paid_topup(relay, company, amount_cents=amount_cents, key=f"key_{number}")
        balance = await relay.client.call(ShowBalance(company="acme"))
        assert balance.effective_total_cents == preview.effective_total_after_cents
        assert balance.effective_total_cents - before == amount_cents + preview.bonus_cents
        invoice = (await relay.client.call(ListInvoices())).rows[0]
        assert (invoice.net_cents, invoice.tax_cents) == (preview.net_cents, preview.tax_cents)
        before = balance.effective_total_cents
    assert preview.bonus_rule == {5_000: None, 10_000: "all", 30_000: "all", 100_000: "big"}[amount_cents]
    assert ("first", "first_topup_only") in {(passed.rule, passed.reason) for passed in preview.passed_over}


async def test_an_amount_that_cannot_be_paid_has_no_preview(relay: RunningRelay) -> None:
    await relay.company()
    for amount_cents in (999, 1_000_001, -5):
        with pytest.raises(OperationRefused) as refused:
            await relay.client.call(PreviewTopup(company="acme", amount_cents=amount_cents))
        assert refused.value.problem.code == "invalid_amount"
