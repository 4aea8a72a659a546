"""Refunds of calls: how much, how late, to which pot, and by whom."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.clock import ManualClock
from billing.db import Database
from billing.errors import (
    InvalidAmount,
    InvalidReason,
    KeyUsedOtherwise,
    NotCharged,
    NothingToRefund,
    RefundTooLarge,
    RefundTooLate,
    Refused,
    UnknownCall,
)
from billing.models import CallCharge, LedgerEntry, LedgerType, RefundStatus
from billing.rules.buckets import Split, split_refund, split_spending
from billing.services.call_refund import CallRefundReason, CallRefundService
from billing.services.prepaid import PrepaidBillingService
from tests.support.billing import Money, add_company, money_of, pending_jobs, rows


async def charged_call(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService, *, money: int = 1_000, bonus: int = 0
) -> tuple[int, int]:
    """A company and its call of 1.10 EUR."""
    company = await database.write(add_company, now=clock.now(), balance_cents=money, bonus_cents=bonus)
    call = await prepaid.simulate_call(company, duration_s=157)
    assert call.id is not None
    return company, call.id


async def test_a_full_refund_gives_everything_back(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService, call_refunds: CallRefundService
) -> None:
    company, call = await charged_call(database, clock, prepaid)
    clock.advance(timedelta(days=1))
    charge = await call_refunds.refund(call, amount_cents=None, reason="quality_issue", actor="ada")
    assert await money_of(database, company) == Money(1_000)
    assert (charge.refunded_cents, charge.refund_status, charge.refund_reason) == (
        110,
        RefundStatus.FULL,
        "quality_issue",
    )
    entry = (await rows(database, LedgerEntry))[-1]
    assert (entry.type, entry.money_cents, entry.reference_type, entry.reference_id) == (
        LedgerType.REFUND,
        110,
        "call",
        str(call),
    )
    assert (entry.created_by, entry.id, charge.refunded_at) == ("ada", charge.refund_transaction_id, clock.now())
    with pytest.raises(NothingToRefund):
        await call_refunds.refund(call, amount_cents=None, reason="quality_issue", actor="ada")


async def test_a_refund_can_pay_for_a_call_that_waits(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService, call_refunds: CallRefundService
) -> None:
    company, call = await charged_call(database, clock, prepaid, money=110)
    waiting = await prepaid.simulate_call(company, duration_s=60)
    await call_refunds.refund(call, amount_cents=None, reason="quality_issue", actor="ada")
    assert await pending_jobs(database, "retry_unpaid") == [{"company_id": company}]
    assert [charge.call_id for charge in await prepaid.retry_unpaid(company)] == [waiting.id]
    assert await money_of(database, company) == Money(68)


async def test_partial_refunds_add_up_and_go_to_money_first(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService, call_refunds: CallRefundService
) -> None:
    company, call = await charged_call(database, clock, prepaid, bonus=40)  # 40 by bonus, 70 by money
    assert await money_of(database, company) == Money(930)
    seen = []
    for amount in (50, 30, 30):
        charge = await call_refunds.refund(call, amount_cents=amount, reason="technical_issue", actor="ada")
        seen.append((await money_of(database, company), charge.refund_status, charge.refunded_bonus_cents))
    assert seen == [
        (Money(980), RefundStatus.PARTIAL, 0),
        (Money(1_000, 10), RefundStatus.PARTIAL, 10),
        (Money(1_000, 40), RefundStatus.FULL, 40),
    ]
    refunds = await rows(database, LedgerEntry, type=LedgerType.REFUND)
    assert [(entry.money_cents, entry.bonus_cents) for entry in refunds] == [(50, 0), (20, 10), (0, 30)]


async def test_a_refund_made_again_with_its_key_is_the_same_refund(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService, call_refunds: CallRefundService
) -> None:
    company, call = await charged_call(database, clock, prepaid)

    async def ask(amount_cents: int | None, key: str | None) -> int:
        charge = await call_refunds.refund(
            call, amount_cents=amount_cents, reason="quality_issue", actor="ada", request_key=key
        )
        return charge.refunded_cents

    assert set(await asyncio.gather(*(ask(30, "case 7") for _ in range(20)))) == {30}
    assert await money_of(database, company) == Money(920)
    with pytest.raises(KeyUsedOtherwise, match=r"a refund of 0\.30 EUR of call"):
        await ask(40, "case 7")
    # Under another name, and without one, the same amount is meant once more.
    assert [await ask(30, "case 8"), await ask(30, None), await ask(None, "the rest")] == [60, 90, 110]
    assert [await ask(None, "the rest"), await ask(30, "case 7")] == [110, 110]
    assert await money_of(database, company) == Money(1_000)


@pytest.mark.parametrize(
    ("amount", "refused"), [(111, RefundTooLarge), (0, InvalidAmount), (-1, InvalidAmount), (10_000, RefundTooLarge)]
)
async def test_only_what_was_paid_can_be_given_back(
    database: Database,
    clock: ManualClock,
    prepaid: PrepaidBillingService,
    call_refunds: CallRefundService,
    amount: int,
    refused: type[Refused],
) -> None:
    company, call = await charged_call(database, clock, prepaid)
    with pytest.raises(refused):
        await call_refunds.refund(call, amount_cents=amount, reason="other", actor="ada")
    assert await money_of(database, company) == Money(890)


async def test_what_was_refunded_before_counts(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService, call_refunds: CallRefundService
) -> None:
    _, call = await charged_call(database, clock, prepaid)
    await call_refunds.refund(call, amount_cents=60, reason="other", actor="ada")
    with pytest.raises(RefundTooLarge, match=r"the 0\.50 EUR that is left"):
        await call_refunds.refund(call, amount_cents=51, reason="other", actor="ada")


async def test_a_refund_is_possible_for_180_days(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService, call_refunds: CallRefundService
) -> None:
    _, call = await charged_call(database, clock, prepaid)
    clock.advance(timedelta(days=180))
    await call_refunds.refund(call, amount_cents=1, reason="other", actor="ada")
    clock.advance(timedelta(microseconds=1))
    with pytest.raises(RefundTooLate, match="180 days"):
        await call_refunds.refund(call, amount_cents=1, reason="other", actor="ada")


async def test_only_charged_calls_can_be_refunded(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService, call_refunds: CallRefundService
) -> None:
    company = await database.write(add_company, now=clock.now(), balance_cents=0)
    unpaid = await prepaid.simulate_call(company, duration_s=157)
    unanswered = await prepaid.simulate_call(company, duration_s=0)
    with pytest.raises(NotCharged, match="unpaid"):
        await call_refunds.refund(unpaid.id or 0, amount_cents=None, reason="other", actor="ada")
    with pytest.raises(NotCharged):
        await call_refunds.refund(unanswered.id or 0, amount_cents=None, reason="other", actor="ada")
    with pytest.raises(UnknownCall):
        await call_refunds.refund(99, amount_cents=None, reason="other", actor="ada")
    assert await money_of(database, company) == Money(0)
    assert len(await rows(database, CallCharge)) == 1


async def test_reason_and_actor_are_asked_for(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService, call_refunds: CallRefundService
) -> None:
    _, call = await charged_call(database, clock, prepaid)
    with pytest.raises(InvalidReason) as refused:
        await call_refunds.refund(call, amount_cents=1, reason="because", actor="ada")
    assert all(reason in (refused.value.remedy or "") for reason in CallRefundReason)
    with pytest.raises(InvalidReason):
        await call_refunds.refund(call, amount_cents=1, reason="other", actor=" ")
    with pytest.raises(InvalidReason):
        await call_refunds.refund(call, amount_cents=1, reason="other", actor="ada", notes="x" * 501)
    await call_refunds.refund(call, amount_cents=1, reason="other", actor="ada", notes="echo on the line")
    assert "echo on the line" in (await rows(database, LedgerEntry))[-1].description


@given(
    price=st.integers(1, 5_000),
    bonus=st.integers(0, 5_000),
    steps=st.lists(st.integers(1, 2_000), max_size=8),
)
def test_each_pot_gets_back_exactly_what_it_paid(price: int, bonus: int, steps: list[int]) -> None:
    paid = split_spending(price, bonus_available_cents=bonus)
    assert paid.money_cents + paid.bonus_cents == price
    assert paid.bonus_cents == min(price, bonus)
    back = Split(0, 0)
    for step in [*steps, price]:
        amount = min(step, price - back.money_cents - back.bonus_cents)
        part = split_refund(amount, paid=paid, refunded=back)
        assert part.money_cents + part.bonus_cents == amount
        assert part.bonus_cents == 0 or back.money_cents + part.money_cents == paid.money_cents  # money comes first
        back = Split(back.money_cents + part.money_cents, back.bonus_cents + part.bonus_cents)
    assert back == paid
