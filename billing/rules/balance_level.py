"""How a balance stands: the one definition for lists, badges, warnings and reports."""

from __future__ import annotations

from enum import StrEnum


class BalanceLevel(StrEnum):
    """From best to worst."""

    GOOD = "good"
    LOW = "low"
    """Below the threshold."""
    CRITICAL = "critical"
    """At or below half the threshold."""
    BLOCKED = "blocked"
    """Does not pay for one minute: no call is admitted."""
    EXHAUSTED = "exhausted"
    """Nothing left, or less than nothing."""


def balance_level(*, effective_total_cents: int, threshold_cents: int, one_minute_cents: int) -> BalanceLevel:
    """The level of an effective total (money + bonus - reserved). The worst that applies wins.

    Low is *below* the threshold; the automatic top-up fires *at or below* its own.
    """
    if effective_total_cents <= 0:
        return BalanceLevel.EXHAUSTED
    if effective_total_cents < one_minute_cents:
        return BalanceLevel.BLOCKED
    if effective_total_cents * 2 <= threshold_cents:
        return BalanceLevel.CRITICAL
    if effective_total_cents < threshold_cents:
        return BalanceLevel.LOW
    return BalanceLevel.GOOD
