"""Ended calls: what they cost, which pot pays, and what happens when it does not suffice."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from billing.changes import Changes, Kind
from billing.clock import CountedIds, ManualClock
from billing.db import Database
from billing.guard import AlwaysOn
from billing.models import (
    BillingRate,
    Call,
    CallCharge,
    ChargeStatus,
    LedgerEntry,
    LedgerType,
)
from billing.policy import Policy
from billing.rates import Rate, set_rate
from billing.services.prepaid import PrepaidBillingService
from tests.support.billing import Money, add_company, money_of, pending_jobs, rows


async def the_charge(database: Database) -> CallCharge:
    (charge,) = await rows(database, CallCharge)
    return charge


async def test_an_ended_call_is_charged_from_the_money(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService
) -> None:
    company = await database.write(add_company, now=clock.now(), balance_cents=10_000)
    call = await prepaid.simulate_call(company, duration_s=157, to_number="+493023125017")
    charge = await the_charge(database)
    (entry,) = await rows(database, LedgerEntry, type=LedgerType.CHARGE)
    assert await money_of(database, company) == Money(9_890)
    assert (charge.status, charge.amount_cents, charge.rate_e4_per_minute) == (ChargeStatus.CHARGED, 110, 4_200)
    assert (charge.call_id, charge.duration_s, charge.charged_at) == (call.id, 157, clock.now())
    assert charge.balance_transaction_id == entry.id
    assert (entry.money_cents, entry.bonus_cents, entry.reference_type, entry.reference_id) == (-110, 0, "call", "1")
    assert (call.started_at, call.ended_at) == (clock.now() - timedelta(seconds=157), clock.now())
    assert await pending_jobs(database, "auto_topup_check") == [
        {"company_id": company, "triggered_by": "call", "call_id": call.id}
    ]


@pytest.mark.parametrize(
    ("balance", "bonus", "after"),
    [
        (10_000, 500, Money(10_000, 390)),  # bonus pays all
        (10_000, 110, Money(10_000, 0)),
        (10_000, 40, Money(9_930, 0)),  # bonus first, then money
        (0, 110, Money(0, 0)),
        (70, 40, Money(0, 0)),
    ],
)
async def test_bonus_pays_first(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService, balance: int, bonus: int, after: Money
) -> None:
    company = await database.write(add_company, now=clock.now(), balance_cents=balance, bonus_cents=bonus)
    await prepaid.simulate_call(company, duration_s=157)
    charge = await the_charge(database)
    assert await money_of(database, company) == after
    assert charge.status is ChargeStatus.CHARGED
    assert charge.paid_by_bonus_cents == min(bonus, 110)
    (entry,) = await rows(database, LedgerEntry, type=LedgerType.CHARGE)
    assert entry.affects_bonus
    assert entry.money_cents + entry.bonus_cents == -110


async def test_unanswered_calls_and_companies_without_prepaid_are_not_charged(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService
) -> None:
    company = await database.write(add_company, now=clock.now(), balance_cents=10_000)
    without = await database.write(add_company, now=clock.now(), slug="post", balance_cents=10_000, prepaid=False)
    await prepaid.simulate_call(company, duration_s=0)
    await prepaid.simulate_call(without, duration_s=157)
    assert await rows(database, CallCharge) == []
    assert await pending_jobs(database, "auto_topup_check") == []
    assert await money_of(database, company) == await money_of(database, without) == Money(10_000)


async def test_a_call_that_is_not_billable_is_not_charged(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService
) -> None:
    company = await database.write(add_company, now=clock.now(), balance_cents=10_000)
    call = await prepaid.start_call(company)

    def mark(session: Session, call_id: int) -> None:
        session.get_one(Call, call_id).non_billable_reason = "test_call"

    await database.write(mark, call.id or 0)
    assert await prepaid.end_call(call.id or 0, duration_s=60) is None
    assert await money_of(database, company) == Money(10_000)


async def test_with_prepaid_billing_switched_off_for_all_nothing_is_charged(
    database: Database, clock: ManualClock, ids: CountedIds
) -> None:
    policy = Policy(prepaid_billing_enabled=False)
    service = PrepaidBillingService(db=database, clock=clock, ids=ids, policy=policy, guard=AlwaysOn())
    company = await database.write(add_company, now=clock.now())
    call = await service.start_call(company)
    assert await service.end_call(call.id or 0, duration_s=600) is None
    assert await rows(database, CallCharge) == []


async def test_the_companys_own_rate_counts_while_it_is_valid(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService
) -> None:
    company = await database.write(add_company, now=clock.now(), balance_cents=10_000)
    day = timedelta(days=1)

    async def price_of_a_minute() -> int:
        await prepaid.simulate_call(company, duration_s=7)
        return (await rows(database, CallCharge))[-1].amount_cents

    assert await price_of_a_minute() == 5  # 0.42 by default
    await database.write(
        set_rate, company_id=company, rate=Rate(3_000, 60, 0), valid_from=clock.now() + day, now=clock.now()
    )
    assert await price_of_a_minute() == 5
    clock.advance(day)
    assert await price_of_a_minute() == 30  # a started minute at 0.30
    await database.write(set_rate, company_id=company, rate=Rate(6_000, 6, 50), valid_from=clock.now(), now=clock.now())
    assert await price_of_a_minute() == 50  # the minimum
    charges = await rows(database, CallCharge)
    assert [charge.rate_e4_per_minute for charge in charges] == [4_200, 4_200, 3_000, 6_000]


async def test_the_rate_that_began_last_wins_until_it_ends(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService
) -> None:
    company = await database.write(add_company, now=clock.now(), balance_cents=10_000)
    day, now = timedelta(days=1), clock.now()

    def prices(session: Session) -> None:
        set_rate(session, company_id=company, rate=Rate(2_000, 1, 0), valid_from=now - day, now=now)
        set_rate(session, company_id=company, rate=Rate(1_000, 1, 0), valid_from=now - 2 * day, now=now)
        set_rate(session, company_id=company, rate=Rate(9_000, 1, 0), valid_from=None, now=now)
        session.exec(select(BillingRate).where(BillingRate.rate_e4_per_minute == 2_000)).one().valid_until = now + day

    await database.write(prices)
    for expected_cents in (20, 20, 10):
        await prepaid.simulate_call(company, duration_s=60)
        assert (await rows(database, CallCharge))[-1].amount_cents == expected_cents
        clock.advance(day)


async def test_a_free_rate_leaves_a_charge_of_nothing(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService
) -> None:
    company = await database.write(add_company, now=clock.now())
    await database.write(set_rate, company_id=company, rate=Rate(0, 1, 0), valid_from=None, now=clock.now())
    call = await prepaid.start_call(company)
    charge = await prepaid.end_call(call.id or 0, duration_s=100)
    assert charge is not None
    assert (charge.status, charge.amount_cents, charge.balance_transaction_id) == (ChargeStatus.CHARGED, 0, None)


async def test_ending_a_call_again_changes_nothing(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService
) -> None:
    company = await database.write(add_company, now=clock.now(), balance_cents=10_000)
    call = await prepaid.start_call(company)
    charges = await asyncio.gather(*(prepaid.end_call(call.id or 0, duration_s=157) for _ in range(20)))
    later = await prepaid.end_call(call.id or 0, duration_s=3_000)
    assert {charge.id for charge in charges if charge} == {later.id if later else None}
    assert len(await rows(database, CallCharge)) == 1
    assert await money_of(database, company) == Money(9_890)


async def test_two_hundred_calls_at_once_on_money_for_a_hundred(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService
) -> None:
    company = await database.write(add_company, now=clock.now(), balance_cents=4_200)
    await asyncio.gather(*(prepaid.simulate_call(company, duration_s=60) for _ in range(200)))
    charges = await rows(database, CallCharge)
    assert sum(charge.status is ChargeStatus.CHARGED for charge in charges) == 100
    assert sum(charge.status is ChargeStatus.UNPAID for charge in charges) == 100
    assert await money_of(database, company) == Money(0)


async def test_a_call_is_announced_with_its_ledger_row_and_balance(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService
) -> None:
    company = await database.write(add_company, now=clock.now(), balance_cents=10_000)
    heard: list[Changes] = []
    database.on_commit(heard.append)
    call = await prepaid.simulate_call(company, duration_s=60)
    assert {kind for changes in heard for kind in changes} == {Kind.CALL, Kind.LEDGER, Kind.BALANCE}
    assert any(call.id in changes.get(Kind.CALL, ()) for changes in heard)


async def test_what_the_balance_does_not_cover_becomes_unpaid_and_asks_for_a_topup(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService
) -> None:
    company = await database.write(add_company, now=clock.now(), balance_cents=60, bonus_cents=49)
    call = await prepaid.simulate_call(company, duration_s=157)
    charge = await the_charge(database)
    assert (charge.status, charge.amount_cents, charge.balance_transaction_id) == (ChargeStatus.UNPAID, 110, None)
    assert charge.charged_at is None
    assert await money_of(database, company) == Money(60, 49)
    assert await pending_jobs(database, "auto_topup_check") == [
        {"company_id": company, "triggered_by": "unpaid_call", "call_id": call.id}
    ]


async def test_a_credit_asks_for_a_retry_that_pays_the_oldest_first(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService
) -> None:
    company = await database.write(add_company, now=clock.now())
    for minutes in (3, 10, 2, 4):  # 126, 420, 84 and 168 cents
        await prepaid.simulate_call(company, duration_s=60 * minutes)
    assert await pending_jobs(database, "retry_unpaid") == []
    await prepaid.adjust(company, money_cents=200, bonus_cents=20, actor="ada", reason="goodwill")
    assert await pending_jobs(database, "retry_unpaid") == [{"company_id": company}]

    clock.advance(timedelta(hours=1))
    paid = await prepaid.retry_unpaid(company)
    assert [charge.call_id for charge in paid] == [1, 3]  # the second is too dear, and does not hold up the third
    assert await money_of(database, company) == Money(10)
    charges = await rows(database, CallCharge)
    assert [charge.status for charge in charges] == [
        ChargeStatus.CHARGED,
        ChargeStatus.UNPAID,
        ChargeStatus.CHARGED,
        ChargeStatus.UNPAID,
    ]
    assert (charges[0].paid_by_bonus_cents, charges[0].charged_at) == (20, clock.now())
    assert len(await pending_jobs(database, "auto_topup_check")) == 6

    assert list(await prepaid.retry_unpaid(company)) == []
    await prepaid.adjust(company, money_cents=578, actor="ada", reason="goodwill")
    assert [charge.call_id for charge in await prepaid.retry_unpaid(company)] == [2, 4]
    assert await money_of(database, company) == Money(0)


async def test_an_unpaid_call_keeps_the_price_of_its_day(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService
) -> None:
    company = await database.write(add_company, now=clock.now())
    await prepaid.simulate_call(company, duration_s=60)
    await database.write(set_rate, company_id=company, rate=Rate(9_900, 1, 0), valid_from=None, now=clock.now())
    await prepaid.adjust(company, money_cents=1_000, actor="ada", reason="goodwill")
    (charge,) = await prepaid.retry_unpaid(company)
    assert (charge.amount_cents, charge.rate_e4_per_minute) == (42, 4_200)
