"""Pure decisions as tables of cases."""

from __future__ import annotations

import pytest

from billing.rules.balance_level import BalanceLevel, balance_level


@pytest.mark.parametrize(
    ("effective", "threshold", "level"),
    [
        (2_000, 2_000, BalanceLevel.GOOD),  # low is below the threshold, not at it
        (1_999, 2_000, BalanceLevel.LOW),
        (1_001, 2_000, BalanceLevel.LOW),
        (1_000, 2_000, BalanceLevel.CRITICAL),
        (1_001, 2_001, BalanceLevel.LOW),  # half of an odd threshold
        (1_000, 2_001, BalanceLevel.CRITICAL),
        (42, 2_000, BalanceLevel.CRITICAL),
        (41, 2_000, BalanceLevel.BLOCKED),
        (1, 2_000, BalanceLevel.BLOCKED),
        (0, 2_000, BalanceLevel.EXHAUSTED),
        (-1, 2_000, BalanceLevel.EXHAUSTED),
        (42, 0, BalanceLevel.GOOD),  # no threshold, no warning
        (41, 0, BalanceLevel.BLOCKED),
    ],
)
def test_how_a_balance_stands(effective: int, threshold: int, level: BalanceLevel) -> None:
    assert balance_level(effective_total_cents=effective, threshold_cents=threshold, one_minute_cents=42) is level


def test_when_calls_are_free_nobody_is_blocked() -> None:
    assert balance_level(effective_total_cents=1, threshold_cents=0, one_minute_cents=0) is BalanceLevel.GOOD
