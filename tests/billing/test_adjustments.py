"""Adjustments and draining, and what is refused at the door of the prepaid service."""

from __future__ import annotations

import pytest

from billing.clock import CountedIds, ManualClock
from billing.db import Database
from billing.errors import InsufficientCredit, InvalidAmount, InvalidReason, TestModeOff, UnknownCall, UnknownCompany
from billing.models import (
    LedgerEntry,
    LedgerType,
)
from billing.policy import Policy
from billing.services.prepaid import PrepaidBillingService
from tests.support.billing import Money, add_company, money_of, rows


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
