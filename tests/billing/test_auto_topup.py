"""Automatic top-ups: settings that make sense, every decision kept, one charge however often it is asked."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from billing.errors import AutoTopupSettingsInvalid, TestModeOff, UnknownCompany
from billing.models import TopupOrigin
from tests.support.events import Story, event, receive
from tests.support.gateway import AUTHENTICATING, LATER_DECLINING, FakeGateway, ProcessKilled, unreachable
from tests.support.services import Billing


async def armed(billing: Billing, *, card: str = "pm_card_visa", balance_cents: int = 900, **settings: Any) -> int:
    """A company at 9.00 whose card is charged 50.00 when 10.00 is reached."""
    company_id = await billing.company(balance_cents=balance_cents)
    chosen = {"threshold_cents": 1_000, "amount_cents": 5_000, "payment_method": card} | settings
    await billing.auto_topups.configure(company_id, enabled=True, **chosen)
    return company_id


async def check(billing: Billing, company_id: int) -> str:
    return (await billing.auto_topups.check(company_id, triggered_by="manual", call_id=None)).reason


async def test_at_the_threshold_the_saved_card_is_charged_off_session(billing: Billing, gateway: FakeGateway) -> None:
    company_id = await armed(billing, balance_cents=1_000)
    assert await check(billing, company_id) == "due"
    (charged,) = gateway.charges
    assert (charged.off_session, charged.amount_cents, charged.payment_method, charged.origin) == (
        True,
        5_000,
        "pm_1",
        "auto",
    )
    (topup,) = await billing.topups_of(company_id)
    assert (topup.origin, topup.status) == (TopupOrigin.AUTO, "succeeded")
    (entry,) = (await billing.ledger(company_id))[1:]
    assert (entry.money_cents, entry.reference_type) == (5_000, "auto_topup")
    (decision,) = await billing.decisions(company_id)
    assert (decision.allowed, decision.topup_id, decision.effective_total_cents) == (True, topup.id, 1_000)
    balance = await billing.balance(company_id)
    assert (balance.auto_topup_daily_count, balance.last_auto_topup_at) == (1, billing.clock.now())
    assert await billing.breaches() == []


async def test_a_decision_is_kept_also_when_the_answer_is_no(billing: Billing, gateway: FakeGateway) -> None:
    company_id = await armed(billing, balance_cents=1_001)
    assert await check(billing, company_id) == "above_threshold"
    (kept,) = await billing.decisions(company_id)
    assert (kept.allowed, kept.topup_id, kept.triggered_by, kept.threshold_cents) == (False, None, "manual", 1_000)
    assert gateway.charges == []


async def test_fifty_checks_at_once_make_one_charge(billing: Billing, gateway: FakeGateway) -> None:
    company_id = await armed(billing)
    reasons = await asyncio.gather(*(check(billing, company_id) for _ in range(50)))
    assert sorted(set(reasons) - {"due"}) in (["above_threshold"], ["in_flight"], ["above_threshold", "in_flight"])
    assert reasons.count("due") == 1
    assert len(gateway.charges) == 1
    assert await billing.money(company_id) == 5_900
    assert len(await billing.decisions(company_id)) == 50


async def drain(billing: Billing, company_id: int) -> None:
    await billing.prepaid.drain(company_id, to_cents=0, actor="test", reason="drained")


async def test_cooldown_then_daily_limit_then_the_next_day(billing: Billing) -> None:
    company_id = await armed(billing)
    assert await check(billing, company_id) == "due"
    await drain(billing, company_id)
    assert await check(billing, company_id) == "cooldown"
    billing.clock.advance(timedelta(minutes=60))
    assert await check(billing, company_id) == "due"
    await drain(billing, company_id)
    billing.clock.advance(timedelta(hours=2))
    assert await check(billing, company_id) == "daily_limit"
    billing.clock.advance(timedelta(hours=24))
    assert await check(billing, company_id) == "due"


async def test_the_monthly_limit_counts_the_new_amount(billing: Billing) -> None:
    company_id = await armed(billing, daily_limit=5, monthly_limit_cents=9_999)
    assert await check(billing, company_id) == "due"
    await drain(billing, company_id)
    billing.clock.advance(timedelta(hours=2))
    assert await check(billing, company_id) == "monthly_limit"
    billing.clock.advance(timedelta(days=29))
    assert await check(billing, company_id) == "due"


async def test_declines_back_off_and_the_third_in_a_row_switches_it_off(billing: Billing, gateway: FakeGateway) -> None:
    company_id = await armed(billing, card=LATER_DECLINING)
    for failures, wait in ((1, timedelta(minutes=15)), (2, timedelta(minutes=60))):
        assert await check(billing, company_id) == "due"
        balance = await billing.balance(company_id)
        assert (balance.auto_topup_failure_count, balance.auto_topup_enabled) == (failures, True)
        assert balance.auto_topup_retry_at == billing.clock.now() + wait
        assert await check(billing, company_id) == "back_off"
        billing.clock.advance(wait)
    assert await check(billing, company_id) == "due"
    balance = await billing.balance(company_id)
    assert (balance.auto_topup_enabled, balance.auto_topup_disabled_reason) == (False, "multiple_payment_failures")
    assert balance.auto_topup_disabled_at == billing.clock.now()
    assert await check(billing, company_id) == "disabled"
    assert len(gateway.charges) == 3
    assert {topup.status for topup in await billing.topups_of(company_id)} == {"failed"}
    assert await billing.money(company_id) == 900


async def test_the_declines_event_does_not_count_a_second_time(billing: Billing) -> None:
    company_id = await armed(billing, card=LATER_DECLINING)
    await check(billing, company_id)
    (topup,) = await billing.topups_of(company_id)
    story = Story(topup.id, company_id, name="1")
    told = [
        event("payment_intent.payment_failed", story.declined() | {"id": "pi_1"}),
        event("payment_intent.canceled", story.intent(id="pi_1", status="canceled")),
    ]
    await billing.db.write(receive, told, now=billing.clock.now())
    assert (await billing.balance(company_id)).auto_topup_failure_count == 1
    assert (await billing.topup(topup.id or 0)).status == "failed"


async def test_switching_it_on_again_or_another_card_forgets_the_failures(billing: Billing) -> None:
    company_id = await armed(billing, card=LATER_DECLINING)
    await check(billing, company_id)
    balance = await billing.auto_topups.configure(company_id, payment_method="pm_card_visa")
    assert (balance.auto_topup_failure_count, balance.auto_topup_retry_at) == (0, None)
    assert await check(billing, company_id) == "due"
    assert await billing.money(company_id) == 5_900


async def test_a_success_forgets_the_failures(billing: Billing, gateway: FakeGateway) -> None:
    company_id = await armed(billing, card=LATER_DECLINING)
    await check(billing, company_id)
    (topup,) = await billing.topups_of(company_id)
    paid_after_all = event(
        "payment_intent.succeeded", Story(topup.id, company_id, name="1").intent(id="pi_1", latest_charge="ch_1")
    )
    await billing.db.write(receive, [paid_after_all], now=billing.clock.now())
    balance = await billing.balance(company_id)
    assert (balance.balance_cents, balance.auto_topup_failure_count, balance.auto_topup_daily_count) == (5_900, 0, 1)


async def test_a_card_that_wants_authentication_is_a_decline_that_says_so(billing: Billing) -> None:
    company_id = await armed(billing, card=AUTHENTICATING)
    await check(billing, company_id)
    (topup,) = await billing.topups_of(company_id)
    assert (topup.status, topup.failure_code) == ("failed", "authentication_required")


async def test_killed_between_the_transactions_the_attempt_is_finished_once(
    billing: Billing, gateway: FakeGateway
) -> None:
    company_id = await armed(billing)
    gateway.after.append(ProcessKilled())
    with pytest.raises(ProcessKilled):
        await check(billing, company_id)
    restarted = billing.restarted()
    assert await check(restarted, company_id) == "in_flight"
    (topup,) = await billing.topups_of(company_id)
    assert (await restarted.topups.resume(topup.id or 0)).status == "succeeded"
    assert len(gateway.charges) == 1
    assert await billing.money(company_id) == 5_900
    assert (await billing.balance(company_id)).auto_topup_daily_count == 1


async def test_an_unreachable_stripe_is_no_failure_of_the_card(billing: Billing, gateway: FakeGateway) -> None:
    company_id = await armed(billing)
    gateway.before.append(unreachable())
    assert await check(billing, company_id) == "due"
    (topup,) = await billing.topups_of(company_id)
    assert topup.status == "pending"
    assert (await billing.balance(company_id)).auto_topup_failure_count == 0
    assert (await billing.topups.resume(topup.id or 0)).status == "succeeded"
    assert len(gateway.charges) == 1


# Settings -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"threshold_cents": 999}, "threshold must be from 10.00 EUR to 500.00 EUR, not 9.99 EUR"),
        ({"threshold_cents": 50_001, "amount_cents": 60_000}, "threshold must be from"),
        ({"amount_cents": 4_999}, "amount must be from 50.00 EUR to 5,000.00 EUR"),
        ({"amount_cents": 500_001, "monthly_limit_cents": 900_000}, "amount must be from"),
        ({"threshold_cents": 5_000, "amount_cents": 5_000}, "must be greater than the threshold"),
        ({"daily_limit": 0}, "daily limit must be from 1 to 5"),
        ({"daily_limit": 6}, "daily limit must be from 1 to 5"),
        ({"monthly_limit_cents": 4_000}, "less than one top-up"),
        ({"enabled": True}, "a card must be saved"),
    ],
)
async def test_settings_that_make_no_sense_are_refused_and_change_nothing(
    billing: Billing, gateway: FakeGateway, settings: dict[str, Any], why: str
) -> None:
    company_id = await billing.company()
    before = (await billing.balance(company_id)).model_dump()
    with pytest.raises(AutoTopupSettingsInvalid, match=why.replace("(", r"\(")):
        await billing.auto_topups.configure(company_id, **settings)
    if "enabled" not in settings:
        with pytest.raises(AutoTopupSettingsInvalid):
            await billing.auto_topups.configure(company_id, payment_method="pm_card_visa", **settings)
    assert (await billing.balance(company_id)).model_dump() == before
    assert gateway.methods == {}


async def test_a_change_is_checked_against_what_was_set_before(billing: Billing) -> None:
    company_id = await armed(billing, threshold_cents=4_000, amount_cents=8_000)
    with pytest.raises(AutoTopupSettingsInvalid, match="greater than the threshold"):
        await billing.auto_topups.configure(company_id, threshold_cents=9_000)
    balance = await billing.auto_topups.configure(company_id, threshold_cents=7_999)
    assert (balance.auto_topup_threshold_cents, balance.auto_topup_amount_cents) == (7_999, 8_000)


async def test_a_declining_card_cannot_be_saved(billing: Billing) -> None:
    company_id = await billing.company()
    with pytest.raises(AutoTopupSettingsInvalid, match=r"cannot be saved: .*\(generic_decline\)"):
        await billing.auto_topups.configure(company_id, enabled=True, payment_method="pm_card_chargeDeclined")
    balance = await billing.balance(company_id)
    assert (balance.auto_topup_enabled, balance.stripe_payment_method_id) == (False, None)


async def test_a_card_of_another_company_cannot_be_saved(billing: Billing, gateway: FakeGateway) -> None:
    await armed(billing)
    (saved,) = gateway.methods
    other = await billing.company(slug="other")
    with pytest.raises(AutoTopupSettingsInvalid, match="another customer"):
        await billing.auto_topups.configure(other, payment_method=saved)


async def test_switching_off_says_who_did_it(billing: Billing) -> None:
    company_id = await armed(billing)
    balance = await billing.auto_topups.configure(company_id, enabled=False)
    assert (balance.auto_topup_enabled, balance.auto_topup_disabled_reason) == (False, "switched off in the settings")
    assert await check(billing, company_id) == "disabled"


async def test_unknown_companies_and_a_missing_lock_are_refused(billing: Billing, gateway: FakeGateway) -> None:
    class Off:
        def check(self) -> None:
            raise TestModeOff("test mode is off")

    with pytest.raises(UnknownCompany):
        await billing.auto_topups.configure(77, enabled=False)
    company_id = await armed(billing)
    off = Billing.on(billing.db, gateway, billing.clock, guard=Off())
    with pytest.raises(TestModeOff):
        await check(off, company_id)
    with pytest.raises(TestModeOff):
        await off.auto_topups.configure(company_id, payment_method="pm_card_visa")
    assert gateway.charges == []
