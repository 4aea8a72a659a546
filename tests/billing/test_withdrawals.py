"""Paying money out: never bonus, never what running calls hold, never into debt, once, and with a reason."""

from __future__ import annotations

import asyncio

import pytest

from billing.adjustments import withdraw
from billing.clock import ManualClock
from billing.db import Database
from billing.errors import InsufficientCredit, InvalidAmount, InvalidReason, UnknownCompany
from billing.models import AuditEntry, LedgerEntry, LedgerType
from billing.policy import Policy
from billing.services.prepaid import PrepaidBillingService
from tests.support.billing import Money, add_company, money_of, rows


async def test_money_is_paid_out_and_bonus_stays(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService
) -> None:
    company = await database.write(add_company, now=clock.now(), balance_cents=1_000, bonus_cents=500)
    await prepaid.withdraw(company, amount_cents=400, actor="ada", reason="asked by phone")
    assert await money_of(database, company) == Money(600, 500)
    row = (await rows(database, LedgerEntry))[-1]
    assert (row.type, row.money_cents, row.bonus_cents) == (LedgerType.WITHDRAWAL, -400, 0)
    assert (row.created_by, row.description) == ("ada", "asked by phone")
    with pytest.raises(InsufficientCredit, match=r"6\.00 EUR of withdrawable money"):
        await prepaid.withdraw(company, amount_cents=601, actor="ada", reason="too much")
    await prepaid.withdraw(company, amount_cents=600, actor="ada", reason="the rest")
    assert await money_of(database, company) == Money(0, 500)


async def test_what_running_calls_hold_is_not_withdrawable(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService
) -> None:
    company = await database.write(add_company, now=clock.now(), balance_cents=1_000, bonus_cents=500)
    await prepaid.start_call(company)  # holds 2.10
    with pytest.raises(InsufficientCredit):
        await prepaid.withdraw(company, amount_cents=791, actor="ada", reason="x")
    await prepaid.withdraw(company, amount_cents=790, actor="ada", reason="x")
    assert await money_of(database, company) == Money(210, 500, 210)


async def test_a_repeated_withdrawal_is_one(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService
) -> None:
    company = await database.write(add_company, now=clock.now(), balance_cents=1_000)
    for _ in range(2):
        await database.write(
            withdraw,
            withdrawal_id="wd_1",
            company_id=company,
            amount_cents=400,
            actor="ada",
            reason="x",
            policy=Policy(),
            now=clock.now(),
        )
    assert await money_of(database, company) == Money(600)
    assert len(await rows(database, AuditEntry)) == 1


async def test_of_many_at_once_only_those_that_are_covered_are_paid(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService
) -> None:
    company = await database.write(add_company, now=clock.now(), balance_cents=1_000, bonus_cents=10_000)
    answers = await asyncio.gather(
        *(prepaid.withdraw(company, amount_cents=300, actor="ada", reason="x") for _ in range(10)),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, InsufficientCredit) for answer in answers) == 7
    assert await money_of(database, company) == Money(100, 10_000)
    assert len(await rows(database, AuditEntry)) == 3


@pytest.mark.parametrize(
    ("amount_cents", "actor", "reason", "error"),
    [
        (0, "ada", "x", InvalidAmount),
        (-5, "ada", "x", InvalidAmount),
        (5, " ", "x", InvalidReason),
        (5, "ada", " ", InvalidReason),
        (5, "ada", "x" * 501, InvalidReason),
    ],
)
async def test_a_refused_withdrawal_leaves_nothing_behind(
    database: Database,
    clock: ManualClock,
    prepaid: PrepaidBillingService,
    amount_cents: int,
    actor: str,
    reason: str,
    error: type[Exception],
) -> None:
    company = await database.write(add_company, now=clock.now(), balance_cents=1_000)
    with pytest.raises(error):
        await prepaid.withdraw(company, amount_cents=amount_cents, actor=actor, reason=reason)
    assert await money_of(database, company) == Money(1_000)
    assert await rows(database, AuditEntry) == []
    with pytest.raises(UnknownCompany):
        await prepaid.withdraw(99, amount_cents=5, actor="ada", reason="x")
