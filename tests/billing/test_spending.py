"""Spending limits: what counts as spent, what a hard limit refuses, and what happens when a period is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session

from billing.clock import ManualClock
from billing.companies import find_company
from billing.db import Database
from billing.errors import InvalidLimits, SpendingLimitReached, UnknownCompany
from billing.models import AuditEntry
from billing.periods import Period
from billing.rules.spending import Spending, scarcest, step_reached
from billing.services.call_refund import CallRefundService
from billing.services.prepaid import PrepaidBillingService
from billing.spending import LimitsChange, limits_of, spending_of
from tests.support.billing import add_company, money_of, rows

MINUTE_CENTS = 42


async def spent(database: Database, clock: ManualClock, company_id: int) -> tuple[int, int, int]:
    """Day, week, month."""

    def look(session: Session) -> tuple[Spending, ...]:
        limits = limits_of(session, company_id, now=clock.now())
        zone = find_company(session, company_id).timezone
        return spending_of(session, company_id, timezone=zone, limits=limits, now=clock.now())

    day, week, month = await database.write(look)
    assert [day.period, week.period, month.period] == list(Period)
    return day.spent_cents, week.spent_cents, month.spent_cents


def period(spent_cents: int, limit_cents: int | None) -> Spending:
    moment = datetime(2026, 11, 2, tzinfo=UTC)
    return Spending(Period.DAY, moment, moment, spent_cents, limit_cents)


@pytest.mark.parametrize(
    ("spent_cents", "limit_cents", "percent", "step"),
    [
        (0, 100, 0, None),
        (49, 100, 49, None),
        (50, 100, 50, 50),
        (79, 100, 79, 50),
        (80, 100, 80, 80),
        (99, 100, 99, 80),
        (100, 100, 100, 100),
        (250, 100, 250, 100),
        (1, 3, 33, None),
        (2, 3, 66, 50),
        (500, None, None, None),
    ],
)
def test_a_step_is_reached_at_its_percentage(
    spent_cents: int, limit_cents: int | None, percent: int | None, step: int | None
) -> None:
    assert period(spent_cents, limit_cents).percent == percent
    assert step_reached(period(spent_cents, limit_cents), (50, 80, 100)) == step


def test_the_scarcest_period_decides() -> None:
    plenty, little = period(10, 1_000), period(10, 20)
    assert scarcest([plenty, little, period(0, None)]) is little
    assert scarcest([period(0, None)]) is None


async def test_all_that_calls_cost_is_spent_bonus_included_and_credits_are_not(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService, call_refunds: CallRefundService
) -> None:
    company = await database.write(add_company, now=clock.now(), balance_cents=1_000, bonus_cents=30)
    call = await prepaid.simulate_call(company, duration_s=60)
    await prepaid.simulate_call(company, duration_s=60)
    await prepaid.adjust(company, money_cents=-100, actor="ada", reason="a correction is no spending")
    await prepaid.start_call(company)
    assert await spent(database, clock, company) == (84, 84, 84)
    assert call.id is not None
    await call_refunds.refund(call.id, amount_cents=None, reason="other", actor="ada")
    assert await spent(database, clock, company) == (84, 84, 84)


async def test_each_period_starts_again_on_its_own_day(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService
) -> None:
    company = await database.write(add_company, now=clock.now(), balance_cents=5_000)
    clock.current = datetime(2026, 6, 30, 12, tzinfo=UTC)  # a Tuesday
    await prepaid.simulate_call(company, duration_s=60)
    clock.current = datetime(2026, 6, 30, 22, tzinfo=UTC)  # midnight in Berlin: another day and another month
    assert await spent(database, clock, company) == (0, 42, 0)
    await prepaid.simulate_call(company, duration_s=120)
    assert await spent(database, clock, company) == (84, 126, 84)
    clock.current = datetime(2026, 7, 5, 22, tzinfo=UTC)  # Monday
    assert await spent(database, clock, company) == (0, 0, 84)
    clock.current = datetime(2026, 7, 31, 22, tzinfo=UTC)
    assert await spent(database, clock, company) == (0, 0, 0)


async def test_a_hard_limit_refuses_the_call_that_it_does_not_cover(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService
) -> None:
    company = await database.write(add_company, now=clock.now(), balance_cents=5_000)
    change = LimitsChange(daily_cents=100, weekly_cents=10_000, hard_limit=True)
    await prepaid.set_limits(company, change, actor="ada")
    await prepaid.simulate_call(company, duration_s=60)
    running = await prepaid.start_call(company)
    # 100 - 42 are left, so the running call holds 58 instead of the price of five minutes.
    assert (await money_of(database, company)).reserved == 58
    with pytest.raises(SpendingLimitReached, match=r"0\.58 EUR are held") as refused:
        await prepaid.start_call(company)
    assert (refused.value.remaining_cents, refused.value.period) == (0, "daily")
    assert refused.value.resets_at == datetime(2026, 11, 2, 23, tzinfo=UTC)
    assert running.id is not None
    await prepaid.end_call(running.id, duration_s=30)
    with pytest.raises(SpendingLimitReached, match=r"0.37 EUR remain, a minute costs 0.42 EUR"):
        await prepaid.start_call(company)
    clock.advance(timedelta(days=1))
    await prepaid.start_call(company)


async def test_exactly_what_is_left_may_be_spent(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService
) -> None:
    company = await database.write(add_company, now=clock.now(), balance_cents=5_000)
    await prepaid.set_limits(company, LimitsChange(monthly_cents=MINUTE_CENTS, hard_limit=True), actor="ada")
    call = await prepaid.start_call(company)
    assert call.id is not None
    await prepaid.end_call(call.id, duration_s=60)
    with pytest.raises(SpendingLimitReached):
        await prepaid.start_call(company)


async def test_a_soft_limit_and_a_call_that_has_ended_are_never_refused(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService
) -> None:
    company = await database.write(add_company, now=clock.now(), balance_cents=5_000)
    await prepaid.set_limits(company, LimitsChange(daily_cents=10), actor="ada")
    await prepaid.simulate_call(company, duration_s=60)
    await prepaid.start_call(company)
    await prepaid.set_limits(company, LimitsChange(hard_limit=True), actor="ada")
    await prepaid.simulate_call(company, duration_s=60)
    with pytest.raises(SpendingLimitReached):
        await prepaid.start_call(company)
    await prepaid.set_limits(company, LimitsChange(daily_cents=0), actor="ada")
    await prepaid.start_call(company)


async def test_prepaid_billing_off_means_no_limit(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService
) -> None:
    company = await database.write(add_company, now=clock.now(), balance_cents=100, prepaid=False)
    await prepaid.set_limits(company, LimitsChange(daily_cents=1, hard_limit=True), actor="ada")
    await prepaid.start_call(company)


async def test_what_is_left_out_stays_and_each_change_is_kept(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService
) -> None:
    company = await database.write(add_company, now=clock.now())
    await prepaid.set_limits(company, LimitsChange(daily_cents=500, alert_steps=(100, 50, 50)), actor="ada")
    limits = await prepaid.set_limits(company, LimitsChange(weekly_cents=2_000, send_alerts=False), actor="bob")
    assert (limits.daily_limit_cents, limits.weekly_limit_cents, limits.monthly_limit_cents) == (500, 2_000, None)
    assert (limits.alert_thresholds, limits.send_alerts, limits.hard_limit) == ([50, 100], False, False)
    first, second = await rows(database, AuditEntry)
    assert (first.actor, first.action, first.target) == ("ada", "limits.changed", f"company_{company}")
    assert (first.before["daily_limit_cents"], first.after["daily_limit_cents"]) == (None, 500)
    assert (second.actor, second.before["send_alerts"], second.after["send_alerts"]) == ("bob", True, False)


@pytest.mark.parametrize("steps", [(0,), (101,), (-5, 50), tuple(range(1, 12))])
async def test_impossible_steps_are_refused(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService, steps: tuple[int, ...]
) -> None:
    company = await database.write(add_company, now=clock.now())
    with pytest.raises(InvalidLimits):
        await prepaid.set_limits(company, LimitsChange(alert_steps=steps, daily_cents=5), actor="ada")
    assert (await database.write(limits_of, company, now=clock.now())).daily_limit_cents is None
    assert await rows(database, AuditEntry) == []


async def test_limits_belong_to_a_company_that_exists(prepaid: PrepaidBillingService) -> None:
    with pytest.raises(UnknownCompany):
        await prepaid.set_limits(77, LimitsChange(daily_cents=5), actor="ada")
