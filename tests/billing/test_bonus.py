"""Which bonus a top-up earns, and its booking."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from billing.bonus import claw_back_bonus, credit_bonus, is_first_topup, preview_bonus
from billing.clock import ManualClock
from billing.db import Database
from billing.ledger import balance_of, post
from billing.models import BonusRule, LedgerEntry, LedgerType
from billing.rules.bonus import PassedOver, bonus_for
from tests.support.billing import add_company

NOW = ManualClock().now()


def rule(
    number: int,
    *,
    min_cents: int = 10_000,
    max_cents: int | None = None,
    percent: int = 10,
    cap_cents: int | None = None,
    first_only: bool = False,
    priority: int = 0,
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
    active: bool = True,
) -> BonusRule:
    return BonusRule(
        id=number,
        name=f"rule {number}",
        min_cents=min_cents,
        max_cents=max_cents,
        bonus_basis_points=percent * 100,
        max_bonus_cents=cap_cents,
        is_first_time_only=first_only,
        priority=priority,
        valid_from=valid_from,
        valid_until=valid_until,
        is_active=active,
        created_at=NOW,
        updated_at=NOW,
    )


SAMPLES = (
    rule(1, min_cents=10_000, percent=10, priority=100),
    rule(2, min_cents=50_000, percent=15, cap_cents=20_000, priority=200),
    rule(3, min_cents=5_000, percent=20, cap_cents=5_000, first_only=True, priority=300),
)


@pytest.mark.parametrize(
    ("amount_cents", "is_first", "bonus_cents", "rule_id"),
    [
        (4_999, True, 0, None),
        (5_000, True, 1_000, 3),
        (100_000, True, 5_000, 3),  # the cap
        (5_000, False, 0, None),
        (10_000, False, 1_000, 1),  # the first-time rule does not apply, so the next one does
        (49_999, False, 5_000, 1),  # 4,999.9 rounds up
        (50_000, False, 7_500, 2),
        (200_000, False, 20_000, 2),  # the cap
    ],
)
def test_the_best_rule_that_applies_wins(
    amount_cents: int, is_first: bool, bonus_cents: int, rule_id: int | None
) -> None:
    decision = bonus_for(SAMPLES, amount_cents=amount_cents, is_first_topup=is_first, now=NOW)
    assert (decision.bonus_cents, decision.rule_id) == (bonus_cents, rule_id)


@pytest.mark.parametrize(
    ("obstacle", "reason"),
    [
        (rule(9, active=False, priority=9), "inactive"),
        (rule(9, valid_from=NOW + timedelta(seconds=1), priority=9), "not_yet_valid"),
        (rule(9, valid_until=NOW - timedelta(seconds=1), priority=9), "expired"),
        (rule(9, min_cents=10_001, priority=9), "below_range"),
        (rule(9, max_cents=9_999, priority=9), "above_range"),
        (rule(9, first_only=True, priority=9), "first_topup_only"),
        (rule(9, percent=0, priority=9), "rounds_to_nothing"),
    ],
)
def test_a_rule_that_does_not_apply_is_passed_over_with_its_reason(obstacle: BonusRule, reason: str) -> None:
    decision = bonus_for((rule(1), obstacle), amount_cents=10_000, is_first_topup=False, now=NOW)
    assert decision.rule_id == 1
    assert decision.passed_over == (PassedOver(9, reason),)


def test_the_limits_of_range_and_validity_belong_to_them() -> None:
    exact = rule(1, min_cents=10_000, max_cents=10_000, valid_from=NOW, valid_until=NOW)
    assert bonus_for((exact,), amount_cents=10_000, is_first_topup=False, now=NOW).bonus_cents == 1_000


def test_at_equal_priority_the_higher_percentage_wins() -> None:
    assert bonus_for((rule(1), rule(2, percent=12)), amount_cents=10_000, is_first_topup=False, now=NOW).rule_id == 2


def pay(session: Session, company_id: int, topup_id: int, amount_cents: int, now: datetime) -> int:
    """Credit a top-up and its bonus, as a settlement does; returns the bonus."""
    is_first = is_first_topup(session, company_id)
    preview = preview_bonus(session, company_id=company_id, amount_cents=amount_cents, now=now)
    post(
        session,
        company_id=company_id,
        type=LedgerType.TOPUP,
        money_cents=amount_cents,
        posting_key=f"topup:{topup_id}",
        description="Top-up",
        reference_type="topup",
        reference_id=topup_id,
        now=now,
    )
    decision = credit_bonus(
        session,
        topup_id=topup_id,
        company_id=company_id,
        amount_cents=amount_cents,
        is_first=is_first,
        webhook_event_id=None,
        now=now,
    )
    assert decision == preview or session.info.get("repeat")
    return decision.bonus_cents


async def company_with_rules(database: Database, clock: ManualClock, *rules: BonusRule) -> int:
    def prepare(session: Session) -> int:
        company_id = add_company(session, now=clock.now())
        session.add_all(BonusRule(**one.model_dump()) for one in rules)
        return company_id

    return await database.write(prepare)


async def test_the_first_topup_rule_applies_to_the_first_topup_only(database: Database, clock: ManualClock) -> None:
    company_id = await company_with_rules(database, clock, *SAMPLES)
    assert await database.write(pay, company_id, 1, 10_000, clock.now()) == 2_000
    assert await database.write(pay, company_id, 2, 10_000, clock.now()) == 1_000
    balance = await database.write(balance_of, company_id)
    assert (balance.balance_cents, balance.bonus_cents) == (20_000, 3_000)


async def test_a_repeated_credit_grants_and_counts_once(database: Database, clock: ManualClock) -> None:
    company_id = await company_with_rules(database, clock, rule(1))

    def twice(session: Session) -> tuple[int, int, int]:
        session.info["repeat"] = True
        pay(session, company_id, 1, 10_000, clock.now())
        pay(session, company_id, 1, 10_000, clock.now())
        stored = session.exec(select(BonusRule)).one()
        return balance_of(session, company_id).bonus_cents, stored.times_used, stored.total_bonus_given_cents

    assert await database.write(twice) == (1_000, 1, 1_000)


async def test_rules_of_another_company_do_not_apply(database: Database, clock: ManualClock) -> None:
    company_id = await company_with_rules(database, clock, rule(1))
    other_id = await database.write(add_company, now=clock.now(), slug="other")

    def hand_over(session: Session) -> None:
        session.exec(select(BonusRule)).one().company_id = other_id

    await database.write(hand_over)
    assert await database.write(pay, company_id, 1, 10_000, clock.now()) == 0
    assert await database.write(pay, other_id, 2, 10_000, clock.now()) == 1_000


@pytest.mark.parametrize(
    ("spent_cents", "taken_cents"),
    [(0, 1_000), (400, 600), (1_000, 0), (2_500, 0)],  # the older bonus is spent first
)
async def test_only_the_unused_bonus_is_clawed_back(
    database: Database, clock: ManualClock, spent_cents: int, taken_cents: int
) -> None:
    company_id = await company_with_rules(database, clock, rule(1))
    await database.write(pay, company_id, 1, 10_000, clock.now())
    await database.write(pay, company_id, 2, 20_000, clock.now())

    def spend_and_claw_back(session: Session) -> tuple[int, int, int]:
        if spent_cents:
            post(
                session,
                company_id=company_id,
                type=LedgerType.CHARGE,
                bonus_cents=-spent_cents,
                posting_key="charge:call:1",
                description="Call",
                now=clock.now(),
            )
        first = claw_back_bonus(session, topup_id=1, company_id=company_id, webhook_event_id=None, now=clock.now())
        again = claw_back_bonus(session, topup_id=1, company_id=company_id, webhook_event_id=None, now=clock.now())
        return first, again, balance_of(session, company_id).bonus_cents

    assert await database.write(spend_and_claw_back) == (taken_cents, 0, 3_000 - spent_cents - taken_cents)


async def test_a_topup_without_bonus_has_nothing_to_claw_back(database: Database, clock: ManualClock) -> None:
    company_id = await company_with_rules(database, clock)
    await database.write(pay, company_id, 1, 10_000, clock.now())
    taken = await database.write(
        claw_back_bonus, topup_id=1, company_id=company_id, webhook_event_id=None, now=clock.now()
    )
    assert taken == 0
    rows = await database.write(lambda session: session.exec(select(LedgerEntry)).all())
    assert len(rows) == 1
