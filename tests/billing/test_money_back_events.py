"""Refunds and disputes: what went back to the card leaves the balance once, in whatever order it is told."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session

from billing.ledger import post
from billing.models import BonusRule, EventStatus, LedgerType
from billing.rules.refunded import ChargeSnapshot, KnownRefund, refunded_cents
from tests.support.events import Story, event, receive
from tests.support.services import Billing

T0 = 1_793_610_000


async def tell(billing: Billing, *bodies: bytes) -> None:
    for body in bodies:
        await billing.db.write(receive, [body], now=billing.clock.now())


async def paid(billing: Billing, *, bonus: bool = False) -> Story:
    """A top-up of 50.00 that was paid, with a bonus of 5.00 if asked for."""
    company_id = await billing.company()
    if bonus:
        now = billing.clock.now()

        def add(session: Session) -> None:
            session.add(
                BonusRule(name="10 %", min_cents=1_000, bonus_basis_points=1_000, created_at=now, updated_at=now)
            )

        await billing.db.write(add)
    story = Story(await billing.pending_topup(company_id), company_id)
    await tell(billing, event("payment_intent.succeeded", story.intent()))
    return story


def spend(session: Session, company_id: int, billing: Billing, *, money: int = 0, bonus: int = 0) -> None:
    post(session, company_id=company_id, type=LedgerType.ADJUSTMENT, money_cents=-money, bonus_cents=-bonus,
         posting_key=f"spent:{money}:{bonus}", description="spent", reference_type="admin_adjustment",
         created_by="test", now=billing.clock.now())  # fmt: skip


# The rule -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("refunds", "snapshots", "expected"),
    [
        ([], [], 0),
        ([KnownRefund(2_000)], [], 2_000),
        ([], [ChargeSnapshot(1, 2_000)], 2_000),
        ([KnownRefund(2_000)], [ChargeSnapshot(1, 2_000)], 2_000),
        ([], [ChargeSnapshot(1, 2_000), ChargeSnapshot(5, 5_000)], 5_000),
        ([KnownRefund(3_000)], [ChargeSnapshot(5, 5_000)], 5_000),
        ([KnownRefund(2_000), KnownRefund(3_000)], [ChargeSnapshot(1, 2_000)], 5_000),
        ([KnownRefund(2_000, failed_s=9)], [ChargeSnapshot(1, 2_000)], 0),
        ([KnownRefund(2_000, failed_s=9)], [], 0),
        # One failed, then another was made: the later snapshot no longer contains the failed one.
        ([KnownRefund(2_000, failed_s=9)], [ChargeSnapshot(1, 2_000), ChargeSnapshot(20, 1_000)], 1_000),
        ([KnownRefund(2_000, failed_s=9), KnownRefund(1_000)], [ChargeSnapshot(20, 1_000)], 1_000),
        # Made and failed within one second.
        ([KnownRefund(2_000, failed_s=1)], [ChargeSnapshot(1, 2_000)], 0),
    ],
)
def test_what_is_refunded_follows_from_the_set_of_facts(
    refunds: list[KnownRefund], snapshots: list[ChargeSnapshot], expected: int
) -> None:
    assert refunded_cents(refunds, snapshots) == expected


@given(
    steps=st.lists(st.tuples(st.integers(1, 1_000), st.booleans()), min_size=1, max_size=6),
    heard=st.data(),
)
def test_single_refunds_and_snapshots_tell_the_same(steps: list[tuple[int, bool]], heard: st.DataObject) -> None:
    """Play refunds and failures at a Stripe of our own; either source of facts alone, or both, gives its sum."""
    total, clock_s, refunds, snapshots = 0, 0, [], []
    for amount, fails in steps:
        clock_s += 10
        total += amount
        snapshots.append(ChargeSnapshot(clock_s, total))
        failed_s = clock_s + 5 if fails else None
        refunds.append(KnownRefund(amount, failed_s))
        total -= amount if fails else 0
    some = heard.draw(st.sets(st.sampled_from(range(len(snapshots)))))
    assert refunded_cents(refunds, [snapshots[number] for number in some]) == total
    # Without refund objects at all, only a Stripe where nothing failed can be followed.
    if not any(fails for _, fails in steps):
        assert refunded_cents([], snapshots) == total


# Refunds ------------------------------------------------------------------------------------------------------------


def refunds_in_two_steps(story: Story) -> list[bytes]:
    return [
        event("charge.refunded", story.charge(amount_refunded=2_000), created=T0 + 10),
        event("refund.created", story.refund(1, 2_000), created=T0 + 10),
        event("charge.refunded", story.charge(amount_refunded=3_500), created=T0 + 20),
        event("refund.created", story.refund(2, 1_500), created=T0 + 20),
    ]


@pytest.mark.parametrize("order", permutations(range(5)))
async def test_two_refunds_and_the_payment_in_every_order(billing: Billing, order: tuple[int, ...]) -> None:
    company_id = await billing.company()
    story = Story(await billing.pending_topup(company_id), company_id)
    told = [event("payment_intent.succeeded", story.intent(), created=T0), *refunds_in_two_steps(story)]
    await tell(billing, *(told[number] for number in order), told[order[0]])
    topup = await billing.topup(story.topup_id or 0)
    assert (topup.refunded_cents, topup.refund_status) == (3_500, "partial")
    assert await billing.money(company_id) == 1_500
    assert {row.status for row in await billing.events()} == {EventStatus.COMPLETED}
    assert await billing.breaches() == []


async def test_the_same_sum_told_again_takes_nothing(billing: Billing) -> None:
    story = await paid(billing)
    await tell(billing, event("charge.refunded", story.charge(amount_refunded=2_000), created=T0 + 10))
    await tell(billing, event("charge.refunded", story.charge(amount_refunded=2_000), created=T0 + 11))
    await tell(billing, event("charge.refunded", story.charge(amount_refunded=5_000), created=T0 + 12))
    await tell(billing, event("charge.refunded", story.charge(amount_refunded=2_000), created=T0 + 10))
    assert await billing.booked(story.company_id) == [
        ("topup", 5_000, 0),
        ("refund", -2_000, 0),
        ("refund", -3_000, 0),
    ]


@pytest.mark.parametrize("order", permutations(range(3)))
async def test_a_refund_that_fails_gives_the_money_back_in_every_order(
    billing: Billing, order: tuple[int, ...]
) -> None:
    story = await paid(billing, bonus=True)
    told = [
        event("charge.refunded", story.charge(amount_refunded=5_000, refunded=True), created=T0 + 10),
        event("refund.created", story.refund(1, 5_000), created=T0 + 10),
        event("refund.failed", story.refund(1, 5_000, status="failed", failure_reason="expired_or_canceled_card"),
              created=T0 + 60),
    ]  # fmt: skip
    await tell(billing, *(told[number] for number in order))
    topup = await billing.topup(story.topup_id or 0)
    assert (topup.refunded_cents, topup.refund_status) == (0, "none")
    balance = await billing.balance(story.company_id)
    assert (balance.balance_cents, balance.bonus_cents) == (5_000, 500)
    assert await billing.breaches() == []


async def test_a_full_refund_takes_the_unused_bonus_and_may_leave_debt(billing: Billing) -> None:
    story = await paid(billing, bonus=True)
    await billing.db.write(spend, story.company_id, billing, money=3_000, bonus=200)
    await tell(billing, event("charge.refunded", story.charge(amount_refunded=5_000, refunded=True)))
    balance = await billing.balance(story.company_id)
    assert (balance.balance_cents, balance.bonus_cents) == (-3_000, 0)
    reason = (await billing.events())[-1].reason or ""
    assert "balance 20.00 → -30.00, which is negative" in reason
    assert "unused bonus of 3.00 EUR taken back" in reason
    assert (await billing.topup(story.topup_id or 0)).refund_status == "full"
    assert await billing.breaches() == []


async def test_a_partial_refund_leaves_the_bonus(billing: Billing) -> None:
    story = await paid(billing, bonus=True)
    await tell(billing, event("charge.refunded", story.charge(amount_refunded=4_999)))
    balance = await billing.balance(story.company_id)
    assert (balance.balance_cents, balance.bonus_cents) == (1, 500)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"amount_refunded": 5_001}, "more than the 50.00 EUR"),
        ({"amount_refunded": 100, "currency": "usd"}, "its currency is usd"),
        ({"amount_refunded": -5}, "cannot be read"),
    ],
)
async def test_an_impossible_refund_is_quarantined(billing: Billing, changes: dict[str, Any], why: str) -> None:
    story = await paid(billing)
    await tell(billing, event("charge.refunded", story.charge(**changes)))
    kept = (await billing.events())[-1]
    assert kept.status is EventStatus.QUARANTINED
    assert why in (kept.reason or "")
    assert await billing.money(story.company_id) == 5_000


async def test_a_refund_of_a_payment_that_was_never_credited_takes_nothing(billing: Billing) -> None:
    company_id = await billing.company()
    story = Story(await billing.pending_topup(company_id), company_id)
    await tell(billing, event("charge.refunded", story.charge(amount_refunded=5_000)))
    await tell(billing, event("payment_intent.canceled", story.intent(status="canceled")))
    assert await billing.booked(company_id) == []
    assert "nothing to take back yet" in ((await billing.events())[0].reason or "")


# Disputes -----------------------------------------------------------------------------------------------------------


def dispute_events(story: Story, verdict: str) -> list[bytes]:
    taken = [{"amount": -5_000}]
    told = [
        event("charge.dispute.created", story.dispute()),
        event("charge.dispute.funds_withdrawn", story.dispute(balance_transactions=taken)),
        event("charge.dispute.closed", story.dispute(status=verdict, balance_transactions=taken)),
    ]
    if verdict == "won":
        told.append(event("charge.dispute.funds_reinstated", story.dispute(status="won", balance_transactions=taken)))
    return told


@pytest.mark.parametrize("order", permutations(range(4)))
async def test_a_dispute_that_is_won_costs_nothing_in_every_order(billing: Billing, order: tuple[int, ...]) -> None:
    story = await paid(billing)
    told = dispute_events(story, "won")
    await tell(billing, *(told[number] for number in order), told[order[0]])
    assert await billing.money(story.company_id) == 5_000
    assert (await billing.topup(story.topup_id or 0)).dispute_status == "won"
    assert await billing.breaches() == []


@pytest.mark.parametrize("order", permutations(range(3)))
async def test_a_dispute_that_is_lost_takes_the_money_once_in_every_order(
    billing: Billing, order: tuple[int, ...]
) -> None:
    story = await paid(billing)
    told = dispute_events(story, "lost")
    await tell(billing, *(told[number] for number in order), told[order[0]])
    assert await billing.booked(story.company_id) == [("topup", 5_000, 0), ("adjustment", -5_000, 0)]
    assert (await billing.topup(story.topup_id or 0)).dispute_status == "lost"
    assert await billing.breaches() == []


@pytest.mark.parametrize("order", permutations(range(4)))
async def test_a_dispute_under_review_stays_so_when_its_beginning_comes_late(
    billing: Billing, order: tuple[int, ...]
) -> None:
    story = await paid(billing)
    statuses = ("warning_needs_response", "warning_under_review", "needs_response", "under_review")
    told = [event("charge.dispute.updated", story.dispute(status=status)) for status in statuses]
    await tell(billing, *(told[number] for number in order))
    assert (await billing.topup(story.topup_id or 0)).dispute_status == "under_review"


async def test_an_inquiry_moves_nothing(billing: Billing) -> None:
    story = await paid(billing)
    await tell(billing, event("charge.dispute.created", story.dispute(status="warning_needs_response")))
    await tell(billing, event("charge.dispute.closed", story.dispute(status="warning_closed")))
    assert await billing.booked(story.company_id) == [("topup", 5_000, 0)]
    assert (await billing.topup(story.topup_id or 0)).dispute_status == "warning_closed"
