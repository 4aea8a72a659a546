"""Calls in progress: who may start one, what it holds, and how it ends."""

from __future__ import annotations

from datetime import timedelta

import pytest

from billing.clock import ManualClock
from billing.db import Database
from billing.errors import InsufficientCredit
from billing.models import (
    Call,
    CallStatus,
    ChargeStatus,
    LedgerEntry,
    LedgerType,
    Reservation,
    ReservationStatus,
)
from billing.policy import Policy
from billing.rates import Rate, set_rate
from billing.services.prepaid import PrepaidBillingService
from tests.support.billing import Money, add_company, money_of, pending_jobs, rows


async def test_a_running_call_holds_the_price_of_five_minutes(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService
) -> None:
    company = await database.write(add_company, now=clock.now(), balance_cents=1_000)
    call = await prepaid.start_call(company, from_number="+49301234")
    assert call.status is CallStatus.IN_PROGRESS
    assert await money_of(database, company) == Money(1_000, 0, 210)
    clock.advance(timedelta(seconds=156, microseconds=500))
    charge = await prepaid.end_call(call.id or 0)
    assert charge is not None
    assert charge.duration_s == 157  # a started second counts
    assert await money_of(database, company) == Money(890)
    (entry,) = await rows(database, LedgerEntry, type=LedgerType.CHARGE)
    assert (entry.money_cents, entry.reserved_cents) == (-110, -210)
    (reservation,) = await rows(database, Reservation)
    assert reservation.status is ReservationStatus.CONVERTED


async def test_a_call_is_paid_with_what_it_held(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService
) -> None:
    company = await database.write(add_company, now=clock.now(), balance_cents=210)
    call = await prepaid.start_call(company)  # holds all of it
    charge = await prepaid.end_call(call.id or 0, duration_s=300)
    assert charge is not None
    assert (charge.status, charge.amount_cents) == (ChargeStatus.CHARGED, 210)
    assert await money_of(database, company) == Money(0)


async def test_a_running_call_holds_no_more_than_there_is(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService
) -> None:
    company = await database.write(add_company, now=clock.now(), balance_cents=50, bonus_cents=20)
    await prepaid.start_call(company)
    assert await money_of(database, company) == Money(50, 20, 70)
    with pytest.raises(InsufficientCredit):
        await prepaid.start_call(company)


@pytest.mark.parametrize(
    ("balance", "bonus", "admitted"), [(42, 0, True), (41, 0, False), (0, 42, True), (20, 21, False)]
)
async def test_a_call_is_admitted_if_money_and_bonus_pay_for_a_minute(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService, balance: int, bonus: int, admitted: bool
) -> None:
    company = await database.write(add_company, now=clock.now(), balance_cents=balance, bonus_cents=bonus)
    if admitted:
        assert (await prepaid.start_call(company)).id is not None
        return
    with pytest.raises(InsufficientCredit) as refused:
        await prepaid.start_call(company)
    assert (refused.value.effective_total_cents, refused.value.needed_cents) == (41, 42)
    assert await rows(database, Call) == []


async def test_the_minimum_charge_counts_at_admission(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService
) -> None:
    company = await database.write(add_company, now=clock.now(), balance_cents=99)
    await database.write(set_rate, company_id=company, rate=Rate(4_200, 1, 100), valid_from=None, now=clock.now())
    with pytest.raises(InsufficientCredit):
        await prepaid.start_call(company)


async def test_a_company_without_prepaid_may_always_call(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService
) -> None:
    company = await database.write(add_company, now=clock.now(), prepaid=False)
    call = await prepaid.start_call(company)
    assert await prepaid.end_call(call.id or 0, duration_s=60) is None
    assert await rows(database, Reservation) == []


async def test_a_call_that_outlasts_the_money_is_unpaid_and_holds_nothing_more(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService
) -> None:
    company = await database.write(add_company, now=clock.now(), balance_cents=100)
    call = await prepaid.start_call(company)
    charge = await prepaid.end_call(call.id or 0, duration_s=600)
    assert charge is not None
    assert (charge.status, charge.amount_cents) == (ChargeStatus.UNPAID, 420)
    assert await money_of(database, company) == Money(100)
    (reservation,) = await rows(database, Reservation)
    assert reservation.status is ReservationStatus.RELEASED


async def test_what_one_call_holds_is_not_spent_by_another(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService
) -> None:
    company = await database.write(add_company, now=clock.now(), balance_cents=300)
    running = await prepaid.start_call(company)  # holds 210
    await prepaid.simulate_call(company, duration_s=180)  # 126: only 90 are free
    assert await money_of(database, company) == Money(300, 0, 210)
    assert await prepaid.end_call(running.id or 0, duration_s=0) is None
    assert await pending_jobs(database, "retry_unpaid") == [{"company_id": company}]
    assert [charge.amount_cents for charge in await prepaid.retry_unpaid(company)] == [126]


async def test_what_a_call_held_beyond_its_price_pays_for_calls_that_wait(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService
) -> None:
    company = await database.write(add_company, now=clock.now(), balance_cents=300)
    running = await prepaid.start_call(company)  # holds 210
    await prepaid.simulate_call(company, duration_s=180)  # 126: only 90 are free
    await prepaid.end_call(running.id or 0, duration_s=60)
    assert await pending_jobs(database, "retry_unpaid") == [{"company_id": company}]
    assert [charge.amount_cents for charge in await prepaid.retry_unpaid(company)] == [126]
    assert await money_of(database, company) == Money(132)


async def test_a_call_that_never_ends_gives_back_what_it_holds(
    database: Database, clock: ManualClock, policy: Policy, prepaid: PrepaidBillingService
) -> None:
    company = await database.write(add_company, now=clock.now(), balance_cents=1_000)
    call = await prepaid.start_call(company)
    clock.advance(policy.reservation_lifetime - timedelta(seconds=1))
    assert await prepaid.sweep_reservations() == 0
    clock.advance(timedelta(seconds=1))
    assert await prepaid.sweep_reservations() == 1
    assert await prepaid.sweep_reservations() == 0
    assert await money_of(database, company) == Money(1_000)
    charge = await prepaid.end_call(call.id or 0, duration_s=60)
    assert charge is not None
    assert charge.status is ChargeStatus.CHARGED
    assert await money_of(database, company) == Money(958)
