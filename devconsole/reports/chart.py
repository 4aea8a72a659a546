"""Charts as data: which reports have one, and what stands in it. They are drawn by `devconsole.widgets.chart`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from devconsole.format import amount, latency
from devconsole.looks import Tone
from relay.api import Report

Row = Mapping[str, Any]

ALARM_PERCENT = 10
"""Of the failure rate; the server marks the hours above it."""
COLUMNS_MAX = 400


@dataclass(frozen=True, slots=True)
class Bar:
    """One value. `label` stands at the axis, `shown` is the value as people read it, `value` its length."""

    label: str
    value: float
    shown: str
    tone: Tone = Tone.ACCENT
    tail: float = 0.0
    """A fainter end of the bar, up to here: the slowest beside the average."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """`upright` bars stand beside each other along time, oldest first; others lie below each other, as reported."""

    bars: tuple[Bar, ...]
    upright: bool
    caption: str
    line: float | None = None
    """A threshold that is drawn across."""
    read: Callable[[float], str] = str
    """A value of the axis as people read it."""


def chart_of(report: Report) -> Chart | None:
    """The chart of a report; None where a table says it all, and where there is nothing to draw."""
    make = MAKERS.get(report.name)
    rows = [dict(zip(report.columns, row, strict=True)) for row in report.rows]
    return make(rows) if make is not None and rows else None


def _revenue(rows: Sequence[Row]) -> Chart:
    by_day = {date.fromisoformat(row["day"]): int(row["revenue_cents"]) for row in rows}
    days = _every(min(by_day), max(by_day), timedelta(days=1))
    bars = [
        Bar(f"{day:%m-%d}", cents, amount(cents), Tone.GOOD if cents >= 0 else Tone.BAD)
        for day in days
        for cents in (by_day.get(day, 0),)
    ]
    return Chart(bars=tuple(bars), upright=True, caption="EUR a day", read=lambda value: f"{round(value / 100):,}")


def _failure_rate(rows: Sequence[Row]) -> Chart:
    by_hour = {datetime.fromisoformat(row["hour"]): row for row in rows}
    hours = _every(min(by_hour), max(by_hour), timedelta(hours=1))
    return Chart(
        bars=tuple(_hour(hour, by_hour.get(hour)) for hour in hours),
        upright=True,
        caption=f"% failed, by hour; the line is the alarm above {ALARM_PERCENT} %",
        line=ALARM_PERCENT,
        read=lambda value: f"{value:g} %",
    )


def _hour(hour: datetime, row: Row | None) -> Bar:
    percent = row["failed_percent"] if row is not None else "0"
    alarm = row is not None and row["alarm"] == "yes"
    return Bar(f"{hour.astimezone():%H:00}", float(percent), f"{percent} %", Tone.BAD if alarm else Tone.WARN)


def _auto_topups(rows: Sequence[Row]) -> Chart:
    bars = [
        Bar(f"{row['week'][5:]}", float(row["succeeded_percent"]), f"{row['succeeded_percent']} %", Tone.GOOD)
        for row in reversed(rows)
    ]
    return Chart(
        bars=tuple(bars), upright=True, caption="% succeeded, by week from Monday", read=lambda value: f"{value:g} %"
    )


def _reasons(rows: Sequence[Row]) -> Chart:
    bars = [
        Bar(
            str(row["decline_code"] or row["failure_code"] or "unknown").replace("_", " "),
            int(row["failures"]),
            f"{row['failures']:,}",
            Tone.BAD,
        )
        for row in rows
    ]
    return Chart(bars=tuple(bars), upright=False, caption="failures by reason")


def _webhook_times(rows: Sequence[Row]) -> Chart:
    bars = [
        Bar(
            row["event_type"],
            int(row["average_us"]),
            f"{latency(row['average_us'])} … {latency(row['slowest_us'])}",
            Tone.BAD if row["slow"] else Tone.ACCENT,
            tail=int(row["slowest_us"]),
        )
        for row in rows
    ]
    return Chart(bars=tuple(bars), upright=False, caption="average █ … slowest ░, by type")


def _usage(rows: Sequence[Row]) -> Chart:
    bars = [Bar(row["company"], int(row["usage_cents"]), amount(row["usage_cents"])) for row in rows]
    return Chart(bars=tuple(bars), upright=False, caption="EUR by company")


def _usage_by_day(rows: Sequence[Row]) -> Chart:
    by_day: dict[date, int] = {}
    for row in rows:
        day = date.fromisoformat(row["day"])
        by_day[day] = by_day.get(day, 0) + int(row["usage_cents"])
    days = _every(min(by_day), max(by_day), timedelta(days=1))
    bars = [Bar(f"{day:%m-%d}", by_day.get(day, 0), amount(by_day.get(day, 0))) for day in days]
    caption = "EUR of calls a day, of all companies"
    return Chart(bars=tuple(bars), upright=True, caption=caption, read=lambda value: f"{round(value / 100):,}")


def _every(first: Any, last: Any, step: timedelta) -> list[Any]:
    """Each moment from first to last, so that an empty one shows as a gap; only the newest where there are too many."""
    count = min(COLUMNS_MAX, (last - first) // step + 1)
    return [last - step * back for back in range(count - 1, -1, -1)]


MAKERS: Mapping[str, Callable[[Sequence[Row]], Chart]] = {
    "daily-revenue": _revenue,
    "failure-rate": _failure_rate,
    "auto-topup-success": _auto_topups,
    "failure-reasons": _reasons,
    "webhook-times": _webhook_times,
    "usage": _usage,
    "usage-by-day": _usage_by_day,
}
