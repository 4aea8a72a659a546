"""Where a company's day and month begin, by its own calendar."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo


def month_start(now: datetime, timezone: str) -> datetime:
    """Midnight of the first of the month in `timezone`, as UTC."""
    local = now.astimezone(ZoneInfo(timezone))
    return local.replace(day=1, hour=0, minute=0, second=0, microsecond=0, fold=0).astimezone(UTC)


def same_day(one: datetime, other: datetime, timezone: str) -> bool:
    """Whether two moments lie on one calendar day in `timezone`."""
    zone = ZoneInfo(timezone)
    return one.astimezone(zone).date() == other.astimezone(zone).date()
