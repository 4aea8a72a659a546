"""Whether a company is told again that its balance is low: one notice per level in a day, re-armed by a recovery."""

from __future__ import annotations

from datetime import datetime, timedelta

from billing.rules.balance_level import BalanceLevel


def is_warning_due(
    level: BalanceLevel, *, last_at: datetime | None, has_recovered: bool, gap: timedelta, now: datetime
) -> bool:
    """Decide. `last_at` is the last notice of this very level, None = never.

    `has_recovered`: since that notice the effective total has been at or above the threshold, if only for a moment.
    """
    if level is BalanceLevel.GOOD:
        return False
    return last_at is None or has_recovered or now - last_at >= gap
