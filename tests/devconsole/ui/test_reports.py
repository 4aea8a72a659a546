"""The reports: choosing one, its chart, its rows, how far back, and the file."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from devconsole.reports.catalogue import CHOICES, EMPTY
from devconsole.screens.company import CompanyScreen
from devconsole.screens.modals.simulate_call import SimulateCallForm
from devconsole.screens.modals.topup_detail import TopupDetail
from devconsole.screens.reports import ReportsScreen
from devconsole.widgets.report_table import ReportTable
from relay.api import RunReport
from tests.support import views
from tests.support.console import refused
from tests.support.papers import REVENUE, papers
from tests.support.playing import console, line_with, loaded, press, screen_text, until


async def opened(pilot: Pilot[Any], name: str = "daily-revenue") -> ReportsScreen:
    app = await loaded(pilot)
    app.action_report(name)
    await until(pilot, lambda: isinstance(app.screen, ReportsScreen) and app.screen.report is not None)
    screen = app.screen
    assert isinstance(screen, ReportsScreen)
    await until(pilot, lambda: screen.report is not None and screen.report.name == name)
    return screen


async def test_a_report_is_a_table_and_a_chart() -> None:
    async with console(papers()).run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        assert "Revenue of the last 30 days" in screen_text(pilot)
        assert "1,000 ┤" in screen_text(pilot)
        row = line_with(pilot, "▌2026-11-02")
        assert "275.00" in row


async def test_moving_in_the_list_runs_the_next_report() -> None:
    source = papers()
    async with console(source).run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        await press(pilot, "down", "down")
        await until(pilot, lambda: screen.report is not None and screen.report.name == "failure-rate")
        assert "! yes" in line_with(pilot, "12.5 %")
        assert "the line is the alarm above 10 %" in screen_text(pilot)


async def test_the_arrows_look_further_back_and_only_for_this_report() -> None:
    source = papers()
    async with console(source).run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        for key, days in (("right", 60), ("right", 90), ("left", 60), ("left", 30), ("left", 7)):
            await press(pilot, key)
            await until(pilot, lambda days=days: source.asked_for(RunReport)[-1].days == days)  # type: ignore[misc]
        await press(pilot, "down")
        await until(pilot, lambda: source.asked_for(RunReport)[-1] == RunReport(report="failed-payments", days=None))


async def test_a_report_of_now_has_no_period() -> None:
    async with console(papers()).run_test(size=(80, 24)) as pilot:
        await opened(pilot, "low-balance")
        assert "Longer" not in screen_text(pilot)


async def test_it_follows_what_happens() -> None:
    source = papers()
    async with console(source).run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        asked = len(source.asked_for(RunReport))
        source.push(views.topup(9))
        await until(pilot, lambda: len(source.asked_for(RunReport)) > asked)


async def test_v_hides_the_chart_and_shows_it_again() -> None:
    async with console(papers()).run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await press(pilot, "v")
        assert "┤" not in screen_text(pilot)
        await press(pilot, "v")
        assert "┤" in screen_text(pilot)


async def test_the_report_is_written_as_csv_for_its_owner_alone(tmp_path: Path) -> None:
    source = papers()
    source.status = views.status(home=str(tmp_path))
    async with console(source).run_test(size=(110, 30), notifications=True) as pilot:
        await opened(pilot)
        await press(pilot, "E")
        await until(pilot, lambda: "written" in screen_text(pilot))
        (file,) = (tmp_path / "exports").iterdir()
        assert file.name == "daily-revenue-2026-11-02.csv"
        with file.open(newline="") as lines:
            rows = list(csv.reader(lines))
        assert rows[0] == list(REVENUE.columns)
        assert rows[1:] == [[str(cell) for cell in row] for row in REVENUE.rows]
        assert file.stat().st_mode & 0o777 == 0o600


async def test_enter_leads_from_a_row_to_its_top_up() -> None:
    async with console(papers()).run_test(size=(80, 24)) as pilot:
        await opened(pilot, "large-topups")
        await press(pilot, "enter", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, TopupDetail))


async def test_a_form_begins_with_the_company_of_the_row() -> None:
    async with console(papers()).run_test(size=(80, 24)) as pilot:
        await opened(pilot, "large-topups")
        await press(pilot, "enter", "c")
        await until(pilot, lambda: isinstance(pilot.app.screen, SimulateCallForm))
        assert "Acme Telefon" in screen_text(pilot)


async def test_a_click_chooses_a_report_and_a_double_click_opens_a_row() -> None:
    async with console(papers()).run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        place = [choice.name for choice in CHOICES].index("large-topups")
        await pilot.click("#reports-list", offset=(4, place + 1))
        await until(pilot, lambda: screen.report is not None and screen.report.name == "large-topups")
        await pilot.click(ReportTable, offset=(4, 1), times=2)
        await until(pilot, lambda: isinstance(pilot.app.screen, TopupDetail | CompanyScreen))


@pytest.mark.parametrize("name", ["failed-payments", "low-balance", "monthly-summary", "refund-rate", "churn-risk"])
async def test_an_empty_report_says_what_that_means(name: str) -> None:
    async with console(papers()).run_test(size=(80, 24)) as pilot:
        await opened(pilot, name)
        await until(pilot, lambda: EMPTY[name].split()[-1] in screen_text(pilot))


async def test_columns_without_room_are_counted_and_stand_below() -> None:
    async with console(papers()).run_test(size=(80, 24)) as pilot:
        await opened(pilot, "failure-reasons")
        await until(pilot, lambda: "with 3 columns more" in screen_text(pilot))
        assert "Last failed 2026-11-02 08:40:00" in " ".join(screen_text(pilot).replace("\n", " ").split())


async def test_a_refused_report_says_why() -> None:
    source = papers()
    source.answers[RunReport] = refused("There is no report daily-revenue.")
    async with console(source).run_test(size=(110, 30), notifications=True) as pilot:
        await loaded(pilot)
        await press(pilot, "6")
        await until(pilot, lambda: "There is no report" in screen_text(pilot))


async def test_the_palette_finds_every_report() -> None:
    async with console(papers()).run_test(size=(110, 40)) as pilot:
        app = await loaded(pilot)
        await press(pilot, "ctrl+p", *"webhook times")
        await until(pilot, lambda: "Report: webhook times" in screen_text(pilot))
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(app.screen, ReportsScreen) and app.screen.report is not None)
        await until(pilot, lambda: "payment_intent.succeeded" in screen_text(pilot))
