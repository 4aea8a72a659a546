"""Where a company's day, week and month begin, by its own calendar. Pure: nothing here reads a clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo


class Period(StrEnum):
    """What a spending limit is for."""

    DAY = "daily"
    WEEK = "weekly"
    """From Monday to Sunday."""
    MONTH = "monthly"


def period_start(period: Period, now: datetime, timezone: str) -> datetime:
    """The midnight at which the period of `now` began in `timezone`, as UTC."""
    return _midnight(_first_day(period, _day_of(now, timezone)), timezone)


def period_end(period: Period, now: datetime, timezone: str) -> datetime:
    """The midnight at which the next period begins, as UTC. A day may have 23 or 25 hours."""
    first = _first_day(period, _day_of(now, timezone))
    match period:
        case Period.DAY:
            following = first + timedelta(days=1)
        case Period.WEEK:
            following = first + timedelta(days=7)
        case Period.MONTH:
            following = (first + timedelta(days=31)).replace(day=1)
    return _midnight(following, timezone)


def month_start(now: datetime, timezone: str) -> datetime:
    """Midnight of the first of the month in `timezone`, as UTC."""
    return period_start(Period.MONTH, now, timezone)


def year_of(now: datetime, timezone: str) -> int:
    """The calendar year in `timezone`."""
    return _day_of(now, timezone).year


def same_day(one: datetime, other: datetime, timezone: str) -> bool:
    """Whether two moments lie on one calendar day in `timezone`."""
    return _day_of(one, timezone) == _day_of(other, timezone)


def _first_day(period: Period, day: date) -> date:
    match period:
        case Period.DAY:
            return day
        case Period.WEEK:
            return day - timedelta(days=day.weekday())
        case Period.MONTH:
            return day.replace(day=1)


@lru_cache(maxsize=64)  # a batch of credits and charges asks about one moment again and again
def _day_of(now: datetime, timezone: str) -> date:
    return now.astimezone(ZoneInfo(timezone)).date()


def _midnight(day: date, timezone: str) -> datetime:
    # From the calendar day, not by subtracting hours: a day of 23 or 25 hours would shift the beginning.
    return datetime.combine(day, time(), tzinfo=ZoneInfo(timezone)).astimezone(UTC)
