"""Calls that are not to be paid: before, while and after they were charged; their price goes back to where it was."""

from __future__ import annotations

from datetime import timedelta

import pytest

from billing.clock import ManualClock
from billing.db import Database
from billing.errors import InvalidReason, RefundTooLate, UnknownCall
from billing.models import AuditEntry, Call, CallCharge, RefundStatus
from billing.services.call_refund import CallRefundService
from billing.services.prepaid import PrepaidBillingService
from tests.support.billing import Money, add_company, money_of, rows


async def simulated(prepaid: PrepaidBillingService, company: int, duration_s: int = 60) -> int:
    call = await prepaid.simulate_call(company, duration_s=duration_s)
    assert call.id is not None
    return call.id


async def test_a_charged_call_is_refunded_in_full_to_the_pots_that_paid(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService, call_refunds: CallRefundService
) -> None:
    company = await database.write(add_company, now=clock.now(), balance_cents=1_000, bonus_cents=20)
    call = await simulated(prepaid, company)
    await call_refunds.refund(call, amount_cents=10, reason="other", actor="ada")
    for _ in range(2):  # marking it again changes nothing
        marked = await call_refunds.mark_non_billable(call, reason="demo_call", actor="ada", notes="shown at the fair")
        assert marked.non_billable_reason == "demo_call"
        assert await money_of(database, company) == Money(1_000, 20)
    (charge,) = await rows(database, CallCharge)
    assert (charge.refunded_cents, charge.refund_status) == (42, RefundStatus.FULL)
    assert [entry.action for entry in await rows(database, AuditEntry)] == [
        "call.refunded",
        "call.refunded",
        "call.marked_non_billable",
    ]
    entry = (await rows(database, AuditEntry))[-1]
    assert (entry.target, entry.actor, entry.reason) == (f"call_{call}", "ada", "demo_call: shown at the fair")
    assert (entry.before["charge"], entry.after["charge"]) == ("charged", "refunded")


async def test_an_unpaid_call_is_no_longer_waited_for(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService, call_refunds: CallRefundService
) -> None:
    company = await database.write(add_company, now=clock.now(), balance_cents=10)
    call = await simulated(prepaid, company)
    await call_refunds.mark_non_billable(call, reason="test_call", actor="ada")
    await prepaid.adjust(company, money_cents=5_000, actor="ada", reason="plenty")
    assert await prepaid.retry_unpaid(company) == []
    assert await money_of(database, company) == Money(5_010)
    assert await rows(database, CallCharge) == []


async def test_a_running_call_gives_back_what_it_held_and_is_never_charged(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService, call_refunds: CallRefundService
) -> None:
    company = await database.write(add_company, now=clock.now(), balance_cents=1_000)
    running = await prepaid.start_call(company)
    assert running.id is not None
    await call_refunds.mark_non_billable(running.id, reason="test_call", actor="ada")
    assert await money_of(database, company) == Money(1_000, 0, 210)
    assert await prepaid.end_call(running.id, duration_s=600) is None
    assert await money_of(database, company) == Money(1_000)
    assert (await rows(database, Call))[0].meta["non_billable"]["actor"] == "ada"


async def test_a_call_that_was_refunded_before_or_cost_nothing_is_only_marked(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService, call_refunds: CallRefundService
) -> None:
    company = await database.write(add_company, now=clock.now(), balance_cents=1_000)
    refunded, unanswered = await simulated(prepaid, company), await simulated(prepaid, company, 0)
    await call_refunds.refund(refunded, amount_cents=None, reason="other", actor="ada")
    for call in (refunded, unanswered):
        await call_refunds.mark_non_billable(call, reason="test_call", actor="ada")
    assert await money_of(database, company) == Money(1_000)


async def test_what_cannot_be_refunded_any_more_is_not_marked_either(
    database: Database, clock: ManualClock, prepaid: PrepaidBillingService, call_refunds: CallRefundService
) -> None:
    company = await database.write(add_company, now=clock.now(), balance_cents=1_000)
    call = await simulated(prepaid, company)
    with pytest.raises(UnknownCall):
        await call_refunds.mark_non_billable(call + 1, reason="test_call", actor="ada")
    with pytest.raises(InvalidReason):
        await call_refunds.mark_non_billable(call, reason="no idea", actor="ada")
    clock.advance(timedelta(days=181))
    with pytest.raises(RefundTooLate):
        await call_refunds.mark_non_billable(call, reason="test_call", actor="ada")
    assert (await rows(database, Call))[0].non_billable_reason is None
    assert await rows(database, AuditEntry) == []
