"""Where days, weeks and months begin: at their edges, over the year's end, and when the clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from billing.periods import Period, period_end, period_start, same_day, year_of

BERLIN = "Europe/Berlin"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("period", "now", "start", "end"),
    [
        # Winter: Berlin is an hour ahead.
        (Period.DAY, "2026-11-02 09:00", "2026-11-01 23:00", "2026-11-02 23:00"),
        (Period.DAY, "2026-11-01 22:59:59", "2026-10-31 23:00", "2026-11-01 23:00"),
        (Period.DAY, "2026-11-01 23:00", "2026-11-01 23:00", "2026-11-02 23:00"),
        # Summer: two hours.
        (Period.DAY, "2026-07-14 21:59:59", "2026-07-13 22:00", "2026-07-14 22:00"),
        (Period.DAY, "2026-07-14 22:00", "2026-07-14 22:00", "2026-07-15 22:00"),
        # 29 March 2026 has 23 hours, 25 October 2026 has 25.
        (Period.DAY, "2026-03-29 12:00", "2026-03-28 23:00", "2026-03-29 22:00"),
        (Period.DAY, "2026-10-25 12:00", "2026-10-24 22:00", "2026-10-25 23:00"),
        (Period.DAY, "2026-10-25 01:30", "2026-10-24 22:00", "2026-10-25 23:00"),
        (Period.DAY, "2026-10-25 00:30", "2026-10-24 22:00", "2026-10-25 23:00"),
        # Weeks begin on Monday; 2 November 2026 is one.
        (Period.WEEK, "2026-11-02 09:00", "2026-11-01 23:00", "2026-11-08 23:00"),
        (Period.WEEK, "2026-11-01 22:59", "2026-10-25 23:00", "2026-11-01 23:00"),
        (Period.WEEK, "2026-10-25 12:00", "2026-10-18 22:00", "2026-10-25 23:00"),
        (Period.WEEK, "2027-01-01 12:00", "2026-12-27 23:00", "2027-01-03 23:00"),
        # The first of the month in the middle of a week.
        (Period.MONTH, "2026-07-01 12:00", "2026-06-30 22:00", "2026-07-31 22:00"),
        (Period.WEEK, "2026-07-01 12:00", "2026-06-28 22:00", "2026-07-05 22:00"),
        (Period.MONTH, "2026-06-30 21:59:59", "2026-05-31 22:00", "2026-06-30 22:00"),
        # Months of every length, and those in which the clocks change.
        (Period.MONTH, "2026-02-28 12:00", "2026-01-31 23:00", "2026-02-28 23:00"),
        (Period.MONTH, "2028-02-29 12:00", "2028-01-31 23:00", "2028-02-29 23:00"),
        (Period.MONTH, "2026-03-31 12:00", "2026-02-28 23:00", "2026-03-31 22:00"),
        (Period.MONTH, "2026-10-31 12:00", "2026-09-30 22:00", "2026-10-31 23:00"),
        (Period.MONTH, "2026-12-31 23:30", "2026-12-31 23:00", "2027-01-31 23:00"),
    ],
)
def test_a_period_begins_and_ends_at_midnight_in_berlin(period: Period, now: str, start: str, end: str) -> None:
    assert period_start(period, utc(now), BERLIN) == utc(start)
    assert period_end(period, utc(now), BERLIN) == utc(end)


@pytest.mark.parametrize("period", Period)
def test_periods_follow_each_other_without_gap_or_overlap_over_two_years(period: Period) -> None:
    now, last = utc("2026-01-01 00:00"), utc("2027-12-31 00:00")
    while now < last:
        end = period_end(period, now, BERLIN)
        assert period_start(period, end, BERLIN) == end
        assert period_start(period, end - timedelta(microseconds=1), BERLIN) == period_start(period, now, BERLIN)
        now = end


def test_other_zones_have_other_days() -> None:
    now = utc("2026-11-02 03:00")
    assert period_start(Period.DAY, now, "America/New_York") == utc("2026-11-01 04:00")  # the clocks changed that day
    assert period_start(Period.DAY, now, "Asia/Kolkata") == utc("2026-11-01 18:30")


def test_a_day_and_a_year_are_those_of_the_calendar_on_the_wall() -> None:
    assert same_day(utc("2026-11-01 23:30"), utc("2026-11-02 22:30"), BERLIN)
    assert not same_day(utc("2026-11-01 22:30"), utc("2026-11-01 23:30"), BERLIN)
    assert year_of(utc("2026-12-31 22:59"), BERLIN) == 2026
    assert year_of(utc("2026-12-31 23:00"), BERLIN) == 2027
