"""Charts: what stands in them, and that every bar is as long as its value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from billing.reports import REPORTS
from devconsole.reports import cells
from devconsole.reports.catalogue import CHOICES, EMPTY, NAMES, TRY
from devconsole.reports.chart import MAKERS, Bar, Chart, chart_of
from devconsole.widgets.chart import ceiling, lying, upright
from relay.api import Report
from tests.support import papers


def test_every_report_of_the_server_is_offered_and_explained() -> None:
    assert set(NAMES) == set(REPORTS) == set(EMPTY)
    assert set(TRY) <= set(NAMES)
    assert set(MAKERS) <= set(NAMES)
    assert all(choice.title and choice.question.endswith("?") for choice in CHOICES)


def test_days_without_revenue_are_gaps_in_the_order_of_time() -> None:
    chart = chart_of(papers.REVENUE)
    assert chart is not None
    assert [bar.label for bar in chart.bars] == [f"10-{day}" for day in range(25, 32)] + ["11-01", "11-02"]
    assert [bar.value for bar in chart.bars] == [35_000, 42_000, -15_000, 0, 2_500, 61_000, 0, 8_000, 27_500]


def test_hours_above_the_alarm_stand_out() -> None:
    chart = chart_of(papers.FAILURE_RATE)
    assert chart is not None
    assert chart.line == 10
    assert [(bar.value, bar.tone) for bar in chart.bars] == [
        (37.5, "bad"), (0, "warn"), (0, "warn"), (0, "warn"), (4.8, "warn"), (12.5, "bad"),
    ]  # fmt: skip


def test_a_report_without_rows_or_without_a_chart_has_none() -> None:
    assert chart_of(papers.LARGE) is None
    assert chart_of(Report(name="daily-revenue", title="", columns=papers.REVENUE.columns, rows=())) is None


@pytest.mark.parametrize(
    ("value", "top"), [(0, 1), (1, 1), (1.1, 2), (3, 5), (201, 250), (61_000, 100_000), (0.3, 0.5)]
)
def test_the_axis_ends_at_a_round_figure(value: float, top: float) -> None:
    assert ceiling(value) == pytest.approx(top)


VALUES = st.lists(st.floats(-1e7, 1e9) | st.integers(-1000, 1000), min_size=1, max_size=80)


@given(values=VALUES, width=st.integers(20, 160), height=st.integers(5, 20), line=st.none() | st.floats(1, 100))
def test_upright_bars_always_fit_their_place(values: list[float], width: int, height: int, line: float | None) -> None:
    bars = tuple(Bar(f"{place:02d}", value, str(value)) for place, value in enumerate(values))
    read = lambda value: f"{round(value)}"  # noqa: E731
    lines = upright(Chart(bars=bars, upright=True, caption="x", line=line, read=read), width, height)
    assert len(lines) == height
    assert all(cell_len(line.plain) <= max(width, 20) for line in lines)


@given(
    values=st.lists(st.integers(0, 10**9), min_size=1, max_size=30),
    width=st.integers(30, 160),
    height=st.integers(4, 20),
)
def test_lying_bars_always_fit_and_the_longest_is_the_greatest(values: list[int], width: int, height: int) -> None:
    bars = tuple(Bar(f"bar {place}", value, str(value)) for place, value in enumerate(values))
    lines = lying(Chart(bars=bars, upright=False, caption="x"), width, height)
    assert len(lines) <= height
    assert all(cell_len(line.plain) <= width for line in lines)
    drawn = [sum(letter in "█▉▊▋▌▍▎▏" for letter in line.plain) for line in lines[1 : 1 + len(values)]]
    shown = values[: len(drawn)] if len(values) <= height - 1 else values[: height - 2]
    assert max(drawn[: len(shown)]) == drawn[shown.index(max(shown))]


def test_a_bar_is_as_high_as_its_value() -> None:
    bars = tuple(Bar(str(value), value, "") for value in (0, 25, 50, 100))
    lines = upright(Chart(bars=bars, upright=True, caption="", read=lambda value: f"{value:g}"), 30, 10)
    columns = [sum(line.plain[6 + 6 * place - 1] == "█" for line in lines[1:-1]) for place in range(4)]
    assert columns == [0, 2, 4, 8]


@pytest.mark.parametrize(
    ("column", "value", "text"),
    [
        ("revenue_cents", 123_450, "1,234.50"),
        ("average_us", 812, "0.81 ms"),
        ("failed_percent", "12.5", "12.5 %"),
        ("failed_at", "2026-11-02T08:40:00Z", "2026-11-02 08:40:00"),
        ("hour", "2026-11-02T08:00:00Z", "2026-11-02 08:00"),
        ("decline_code", "insufficient_funds", "insufficient funds"),
        ("company", "a_b", "a_b"),
        ("topup_id", 1_234, "1234"),
        ("calls", 1_234, "1,234"),
        ("failure_code", None, "–"),
        ("alarm", "yes", "! yes"),
    ],
)
def test_a_cell_reads_as_people_write(
    column: str, value: str | int | None, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    assert cells.text(column, value) == text
