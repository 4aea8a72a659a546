"""The decision: each condition alone, their order, and the edges."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing.periods import month_start, same_day
from billing.rules.auto_topup import AutoTopupState, may_auto_topup

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
DUE = AutoTopupState(
    is_switched_on=True,
    is_enabled=True,
    disabled_reason=None,
    payment_method="pm_1",
    threshold_cents=1_000,
    amount_cents=5_000,
    company_is_active=True,
    prepaid_billing_enabled=True,
    effective_total_cents=900,
    open_topup_id=None,
    last_success_at=None,
    cooldown=timedelta(minutes=60),
    failures=0,
    retry_at=None,
    successes_today=0,
    daily_limit=2,
    month_used_cents=0,
    monthly_limit_cents=500_000,
)
OBSTACLES: list[tuple[str, dict[str, Any], str]] = [
    ("switched_off", {"is_switched_on": False}, "AUTO_TOPUP_ENABLED"),
    ("disabled", {"is_enabled": False, "disabled_reason": "multiple_payment_failures"}, "multiple_payment_failures"),
    ("no_payment_method", {"payment_method": None}, "no card is saved"),
    ("no_threshold", {"threshold_cents": None}, "no threshold"),
    ("company_inactive", {"company_is_active": False}, "not active"),
    ("prepaid_off", {"prepaid_billing_enabled": False}, "prepaid billing is off"),
    ("above_threshold", {"effective_total_cents": 1_001}, "10.01 EUR is above the threshold of 10.00 EUR"),
    ("in_flight", {"open_topup_id": 7}, "top-up 7 is still under way"),
    ("cooldown", {"last_success_at": NOW - timedelta(minutes=59)}, "next after 2026-11-02 09:01 UTC"),
    ("back_off", {"retry_at": NOW + timedelta(minutes=5), "failures": 2}, "the last 2 attempts failed; next after"),
    ("daily_limit", {"successes_today": 2}, "2 of 2 automatic top-ups of today"),
    ("monthly_limit", {"month_used_cents": 495_001}, "4,950.01 EUR of this month's 5,000.00 EUR"),
]


def test_when_nothing_stands_against_it_it_is_due_and_says_why() -> None:
    decision = may_auto_topup(DUE, NOW)
    assert (decision.allowed, decision.reason) == (True, "due")
    assert decision.explanation == "9.00 EUR is at or below 10.00 EUR: 50.00 EUR are charged"


@pytest.mark.parametrize(("reason", "changes", "said"), OBSTACLES, ids=[reason for reason, _, _ in OBSTACLES])
def test_each_obstacle_alone(reason: str, changes: dict[str, Any], said: str) -> None:
    decision = may_auto_topup(replace(DUE, **changes), NOW)
    assert (decision.allowed, decision.reason) == (False, reason)
    assert said in decision.explanation


@pytest.mark.parametrize("first", range(len(OBSTACLES)))
def test_of_several_obstacles_the_first_is_named(first: int) -> None:
    changes: dict[str, Any] = {}
    for _, change, _ in OBSTACLES[first:]:
        changes |= change
    assert may_auto_topup(replace(DUE, **changes), NOW).reason == OBSTACLES[first][0]


@pytest.mark.parametrize(
    "changes",
    [
        {"effective_total_cents": 1_000},
        {"effective_total_cents": -5_000},
        {"last_success_at": NOW - timedelta(minutes=60)},
        {"retry_at": NOW, "failures": 1},
        {"successes_today": 1},
        {"month_used_cents": 495_000},
    ],
)
def test_the_edges_still_allow_it(changes: dict[str, Any]) -> None:
    assert may_auto_topup(replace(DUE, **changes), NOW).allowed


def test_the_months_and_days_are_those_of_the_company() -> None:
    late = datetime(2026, 10, 31, 23, 30, tzinfo=UTC)  # already November in Berlin
    assert month_start(late, "Europe/Berlin") == datetime(2026, 10, 31, 23, 0, tzinfo=UTC)
    assert month_start(late, "UTC") == datetime(2026, 10, 1, tzinfo=UTC)
    summer = datetime(2026, 7, 15, 12, 0, tzinfo=UTC)
    assert month_start(summer, "Europe/Berlin") == datetime(2026, 6, 30, 22, 0, tzinfo=UTC)
    # The night in which the clocks go back has 25 hours.
    assert same_day(
        datetime(2026, 10, 24, 22, 0, tzinfo=UTC), datetime(2026, 10, 25, 22, 59, tzinfo=UTC), "Europe/Berlin"
    )
    assert not same_day(
        datetime(2026, 10, 24, 22, 0, tzinfo=UTC), datetime(2026, 10, 25, 23, 0, tzinfo=UTC), "Europe/Berlin"
    )
