"""The home screen: what is shown, how it follows what arrives, where the keys lead."""

from __future__ import annotations

import pytest

from devconsole.screens.company import CompanyScreen
from devconsole.screens.event_detail import EventDetailScreen
from devconsole.widgets.event_list import EventList
from devconsole.widgets.row_list import RowList
from relay.api import ListEvents
from tests.support import views
from tests.support.console import FakeSource
from tests.support.playing import console, line_with, loaded, press, screen_text, until
from tests.support.stories import busy_day, companies, first_look

SIZES = [(80, 24), (100, 30), (120, 40), (200, 60)]


@pytest.mark.parametrize("size", SIZES)
async def test_at_every_size_it_shows_what_happened_what_is_left_and_what_to_press(size: tuple[int, int]) -> None:
    async with console(busy_day()).run_test(size=size, notifications=True) as pilot:
        await loaded(pilot)
        assert "✗ failed" in line_with(pilot, "charge.refund.updated")
        assert "◐ low" in line_with(pilot, "Bergbau Nord")
        assert "↻" in line_with(pilot, "Bergbau Nord")
        assert "✗ unpaid" in line_with(pilot, "0:10:00")
        assert "✓ charged bergbau-nord" in line_with(pilot, "12.40 EUR is below")
        assert "SANDBOX   TEST MODE " in line_with(pilot, "devconsole")
        address = "127.0.0.1:4242" if size[0] < 100 else "127.0.0.1:4242/api/stripe/webhook"
        assert address in line_with(pilot, "devconsole")
        assert "● live" in line_with(pilot, "devconsole")
        assert "4 Failures 3" in line_with(pilot, "1 Overview")
        assert all(
            f"{place} {name}" in line_with(pilot, "1 Overview") for place, name in ((6, "Reports"), (7, "Records"))
        )
        assert "queue 0" in line_with(pilot, "ledger ✓")
        keys = line_with(pilot, "c Call")
        assert all(key in keys for key in ("t Top up", "o Checkout", "d Drain", "a Auto", "? Help", "q Quit"))


@pytest.mark.parametrize("size", SIZES)
async def test_no_line_is_cut_at_the_right_edge(size: tuple[int, int]) -> None:
    async with console(busy_day()).run_test(size=size, notifications=True) as pilot:
        await loaded(pilot)
        for name in ("#events-list", "#balances-list", "#calls-list", "#decisions-list"):
            rows = pilot.app.screen.query_one(name, RowList)
            columns = rows.columns(rows.line_width - 1)
            flexible = sum(column.width == 0 for column in columns)
            fixed = sum(column.width for column in columns) + len(columns) - 1
            assert flexible <= 1
            assert fixed <= rows.line_width - 1, f"{name} at {size}"


async def test_an_event_appears_at_the_top_when_it_arrives() -> None:
    source = FakeSource(companies=companies(), events=[views.event(1)])
    async with console(source).run_test(size=(120, 40), notifications=True) as pilot:
        await loaded(pilot)
        source.push(views.event(2, type="charge.refunded", reason="took back 20.00 EUR"))
        await until(pilot, lambda: "took back" in screen_text(pilot))
        lines = screen_text(pilot).splitlines()
        first = next(i for i, line in enumerate(lines) if "charge.refunded" in line)
        assert "checkout.session.completed" in lines[first + 1]
        assert "▌" in lines[first], "the selection follows what is newest"


async def test_the_view_stands_still_while_somebody_reads_further_down() -> None:
    source = FakeSource(companies=companies(), events=[views.event(number) for number in range(200, 0, -1)])
    async with console(source).run_test(size=(120, 40), notifications=True) as pilot:
        await loaded(pilot)
        await press(pilot, "down", "down")
        events = pilot.app.screen.query_one(EventList)
        assert events.selected == views.event(198)
        before = [line[:110] for line in screen_text(pilot).splitlines() if "checkout.session" in line]
        source.push(views.event(201), views.event(202))
        await until(pilot, lambda: "2 new ↑ home" in screen_text(pilot))
        after = [line[:110] for line in screen_text(pilot).splitlines() if "checkout.session" in line]
        assert before == after
        assert events.selected == views.event(198)
        await press(pilot, "home")
        assert events.selected == views.event(202)
        assert "new ↑" not in screen_text(pilot)


async def test_a_status_that_changes_changes_its_row_in_place() -> None:
    pending = views.event(1, status="pending", reason=None)
    source = FakeSource(companies=companies(), events=[pending])
    async with console(source).run_test(size=(120, 40), notifications=True) as pilot:
        await loaded(pilot)
        assert "○ pending" in screen_text(pilot)
        source.push(views.event(1))
        await until(pilot, lambda: "✓ completed" in screen_text(pilot))
        assert "○ pending" not in screen_text(pilot)


async def test_a_balance_falls_on_the_screen_when_it_falls() -> None:
    source = first_look()
    async with console(source).run_test(size=(120, 40), notifications=True) as pilot:
        await loaded(pilot)
        source.push(views.balance(1, balance_cents=900))
        await until(pilot, lambda: "9.00 ◔ critical" in screen_text(pilot))
        assert "Acme Telefon" in line_with(pilot, "critical")


async def test_a_call_in_progress_ticks() -> None:
    app = console(busy_day())
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await loaded(pilot)
        assert "0:00:26" in line_with(pilot, "in call")
        app.clock.current = views.at(64)  # type: ignore[attr-defined]
        app.screen.query_one("#calls-list", RowList).refresh()
        await pilot.pause()
        assert "0:01:00   ~0.42" in line_with(pilot, "in call")


async def test_enter_opens_the_event_and_escape_returns_to_the_same_row() -> None:
    async with console(busy_day()).run_test(size=(120, 40), notifications=True) as pilot:
        app = await loaded(pilot)
        await press(pilot, "down", "down", "enter")
        await until(pilot, lambda: isinstance(app.screen, EventDetailScreen) and app.screen.selected)
        assert app.screen.selected.id == 7  # type: ignore[attr-defined]
        await press(pilot, "escape")
        assert app.screen.query_one(EventList).selected.id == 7  # type: ignore[union-attr]


async def test_a_click_selects_and_a_second_one_opens() -> None:
    async with console(busy_day()).run_test(size=(120, 40), notifications=True) as pilot:
        app = await loaded(pilot)
        await pilot.click("#events-list", offset=(5, 4))
        await pilot.pause()
        assert app.screen.query_one(EventList).selected.id == 6  # type: ignore[union-attr]
        await pilot.click("#balances-list", offset=(5, 2), times=2)
        await until(pilot, lambda: isinstance(app.screen, CompanyScreen))


async def test_the_title_line_is_no_row() -> None:
    async with console(busy_day()).run_test(size=(120, 40), notifications=True) as pilot:
        app = await loaded(pilot)
        await press(pilot, "down")
        await pilot.click("#events-list", offset=(5, 0))
        assert app.screen.query_one(EventList).cursor == 1


async def test_tab_leads_from_list_to_list() -> None:
    async with console(busy_day()).run_test(size=(120, 40), notifications=True) as pilot:
        app = await loaded(pilot)
        seen = []
        for _ in range(4):
            seen.append(app.focused.id if app.focused else None)
            await press(pilot, "tab")
        assert seen == ["events-list", "balances-list", "calls-list", "decisions-list"]


async def test_text_from_outside_cannot_steer_the_terminal() -> None:
    evil = views.event(1, type="\x1b]0;owned\x07[bold]evt", reason="one\ntwo [red]three", company_slug="a\tb")
    source = FakeSource(companies=companies(), events=[evil])
    async with console(source).run_test(size=(120, 40), notifications=True) as pilot:
        await loaded(pilot)
        shown = screen_text(pilot)
        assert "\x1b" not in shown
        assert "one·two [red]three" in shown


async def test_the_end_of_a_long_list_is_one_key_and_one_request_away() -> None:
    source = FakeSource(companies=companies(), events=[views.event(number) for number in range(5_000, 0, -1)])
    async with console(source).run_test(size=(120, 40), notifications=True) as pilot:
        app = await loaded(pilot)
        events = app.screen.query_one(EventList)
        await until(pilot, lambda: events.loaded)
        before = len(source.asked_for(ListEvents))
        await press(pilot, "end")
        await until(pilot, lambda: events.selected is not None)
        assert events.selected == views.event(1)
        assert len(source.asked_for(ListEvents)) == before + 1
