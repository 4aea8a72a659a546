"""Calls and what they cost: admission, holding, charging, unpaid calls, adjustments."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from billing.changes import Change, Kind
from billing.clock import CountedIds, ManualClock
from billing.db import Database
from billing.errors import InsufficientCredit, InvalidAmount, InvalidReason, TestModeOff, UnknownCall, UnknownCompany
from billing.guard import AlwaysOn
from billing.models import (
    BillingRate,
    Call,
    CallCharge,
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


async def the_charge(database: Database) -> CallCharge:
    (charge,) = await rows(database, CallCharge)
    return charge


# An ended call -------------------------------------------------------------------------------------------------------


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
    heard: list[Change] = []
    database.on_commit(heard.extend)
    call = await prepaid.simulate_call(company, duration_s=60)
    assert {change.kind for change in heard} == {Kind.CALL, Kind.LEDGER, Kind.BALANCE}
    assert Change(Kind.CALL, call.id or 0, company) in heard


# Not enough money ----------------------------------------------------------------------------------------------------


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


# A call in progress --------------------------------------------------------------------------------------------------


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


# Adjustments ---------------------------------------------------------------------------------------------------------


async def test_an_adjustment_is_a_ledger_row_with_actor_and_reason(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService
) -> None:
    company = await database.write(add_company, now=clock.now(), balance_cents=1_000)
    await prepaid.adjust(company, money_cents=-300, bonus_cents=50, actor="ada", reason="wrong invoice")
    entry = (await rows(database, LedgerEntry))[-1]
    assert (entry.type, entry.money_cents, entry.bonus_cents) == (LedgerType.ADJUSTMENT, -300, 50)
    assert (entry.created_by, entry.description, entry.reference_type) == ("ada", "wrong invoice", "admin_adjustment")
    assert await money_of(database, company) == Money(700, 50)


@pytest.mark.parametrize(
    ("money_cents", "bonus_cents"),
    [(-1_001, 0), (0, -51), (-900, 0)],  # more money, more bonus, or more than a running call leaves
)
async def test_a_debit_makes_no_debt(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService, money_cents: int, bonus_cents: int
) -> None:
    company = await database.write(add_company, now=clock.now(), balance_cents=1_000, bonus_cents=50)
    await prepaid.start_call(company)  # holds 210
    with pytest.raises(InsufficientCredit):
        await prepaid.adjust(
            company, money_cents=money_cents, bonus_cents=bonus_cents, actor="ada", reason="correction"
        )
    assert await money_of(database, company) == Money(1_000, 50, 210)


@pytest.mark.parametrize(("actor", "reason"), [("", "why"), ("  ", "why"), ("ada", ""), ("ada", "x" * 501)])
async def test_an_adjustment_needs_actor_and_reason(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService, actor: str, reason: str
) -> None:
    company = await database.write(add_company, now=clock.now())
    with pytest.raises(InvalidReason):
        await prepaid.adjust(company, money_cents=1, actor=actor, reason=reason)
    with pytest.raises(InvalidAmount):
        await prepaid.adjust(company, actor="ada", reason="nothing")


@pytest.mark.parametrize(
    ("balance", "bonus", "to_cents", "after"),
    [
        (10_000, 0, None, Money(1_999)),  # just below the threshold of 20.00
        (10_000, 500, None, Money(1_999)),  # bonus goes first
        (1_000, 5_000, 3_000, Money(1_000, 2_000)),
        (10_000, 0, 0, Money(0)),
        (1_500, 0, None, Money(1_500)),  # is low already
        (0, 0, 0, Money(0)),
    ],
)
async def test_draining_leaves_what_was_asked_for(
    database: Database,
    clock: ManualClock,
    prepaid: PrepaidBillingService,
    balance: int,
    bonus: int,
    to_cents: int | None,
    after: Money,
) -> None:
    company = await database.write(add_company, now=clock.now(), balance_cents=balance, bonus_cents=bonus)
    drained = await prepaid.drain(company, to_cents=to_cents, actor="ada", reason="try a low balance")
    assert await money_of(database, company) == after
    assert (drained.balance_cents, drained.bonus_cents) == (after.balance, after.bonus)


async def test_draining_leaves_running_calls_what_they_hold(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService
) -> None:
    company = await database.write(add_company, now=clock.now(), balance_cents=1_000)
    await prepaid.start_call(company)
    await prepaid.drain(company, to_cents=0, actor="ada", reason="try an empty balance")
    assert await money_of(database, company) == Money(210, 0, 210)


# Bad input and test mode ---------------------------------------------------------------------------------------------


async def test_unknown_companies_and_calls_and_impossible_durations_are_refused(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService
) -> None:
    company = await database.write(add_company, now=clock.now(), balance_cents=1_000)
    with pytest.raises(UnknownCompany):
        await prepaid.simulate_call(99, duration_s=60)
    with pytest.raises(UnknownCompany):
        await prepaid.start_call(99)
    with pytest.raises(UnknownCompany):
        await prepaid.drain(99, to_cents=0, actor="ada", reason="why")
    with pytest.raises(UnknownCall):
        await prepaid.end_call(99)
    for duration_s in (-1, 86_401):
        with pytest.raises(InvalidAmount):
            await prepaid.simulate_call(company, duration_s=duration_s)
    with pytest.raises(InvalidAmount):
        await prepaid.drain(company, to_cents=-1, actor="ada", reason="why")
    assert await money_of(database, company) == Money(1_000)


class Locked:
    def check(self) -> None:
        raise TestModeOff("test mode is off")


async def test_while_test_mode_is_off_no_money_moves(
    database: Database, clock: ManualClock, ids: CountedIds, policy: Policy, prepaid: PrepaidBillingService
) -> None:
    company = await database.write(add_company, now=clock.now(), balance_cents=1_000)
    call = await prepaid.start_call(company)
    locked = PrepaidBillingService(db=database, clock=clock, ids=ids, policy=policy, guard=Locked())
    for attempt in (
        locked.start_call(company),
        locked.end_call(call.id or 0, duration_s=60),
        locked.simulate_call(company, duration_s=60),
        locked.drain(company, to_cents=0, actor="ada", reason="why"),
        locked.adjust(company, money_cents=1, actor="ada", reason="why"),
        locked.retry_unpaid(company),
        locked.create_company(name="New", opening_balance_cents=1),
    ):
        with pytest.raises(TestModeOff):
            await attempt
    assert await money_of(database, company) == Money(1_000, 0, 210)
