"""The screen of all events and its filter."""

from __future__ import annotations

import asyncio
from typing import Any

from textual.widgets import Input

from devconsole.screens.events import EventsScreen
from relay.api import ListEvents, Operation
from tests.support import views
from tests.support.console import FakeSource
from tests.support.playing import console, line_with, loaded, press, screen_text, until
from tests.support.stories import busy_day, companies


async def opened(pilot: object) -> EventsScreen:
    app = await loaded(pilot)  # type: ignore[arg-type]
    await press(pilot, "2")  # type: ignore[arg-type]
    await until(pilot, lambda: isinstance(app.screen, EventsScreen) and app.screen.events.loaded)  # type: ignore[arg-type]
    assert isinstance(app.screen, EventsScreen)
    return app.screen


async def test_a_filter_is_asked_of_the_server() -> None:
    source = busy_day()
    async with console(source).run_test(size=(120, 40), notifications=True) as pilot:
        screen = await opened(pilot)
        await press(pilot, "slash", *"type:payment_intent.* company:bergbau-nord", "enter")
        await until(pilot, lambda: screen.events.loaded)
        asked = source.asked_for(ListEvents)[-1]
        assert (asked.filter, asked.before) == ("type:payment_intent.* company:bergbau-nord", None)
        assert screen.events.row_count() == 1
        assert "type:payment_intent.* company:bergbau-nord" in line_with(pilot, "Events ·")


async def test_a_filter_that_means_nothing_says_what_would() -> None:
    source = busy_day()
    async with console(source).run_test(size=(120, 40), notifications=True) as pilot:
        screen = await opened(pilot)
        asked = len(source.asked_for(ListEvents))
        await press(pilot, "slash", *"status:red", "enter")
        assert '✗ there is no status "red" (at character 8). One of pending, held' in screen_text(pilot)
        assert isinstance(screen.focused, Input)
        assert len(source.asked_for(ListEvents)) == asked


async def test_f_shows_only_what_failed_and_f_again_shows_all() -> None:
    async with console(busy_day()).run_test(size=(120, 40), notifications=True) as pilot:
        screen = await opened(pilot)
        await press(pilot, "f")
        await until(pilot, lambda: screen.events.loaded and screen.events.row_count() == 1)
        await press(pilot, "f")
        await until(pilot, lambda: screen.events.row_count() == 9)


async def test_escape_leaves_the_line_first_and_then_the_filter() -> None:
    async with console(busy_day()).run_test(size=(120, 40), notifications=True) as pilot:
        screen = await opened(pilot)
        await press(pilot, "f", "slash", "escape")
        await until(pilot, lambda: screen.events.row_count() == 1)
        assert screen.focused is screen.events
        await press(pilot, "escape")
        await until(pilot, lambda: screen.events.row_count() == 9)


async def test_nothing_that_matches_says_how_to_get_back() -> None:
    async with console(busy_day()).run_test(size=(120, 40), notifications=True) as pilot:
        await opened(pilot)
        await press(pilot, "slash", *"held", "enter")
        await until(pilot, lambda: "No event matches the filter." in screen_text(pilot))
        assert "show all events again" in screen_text(pilot)


async def test_arrivals_that_do_not_match_stay_out_of_a_filtered_list() -> None:
    source = busy_day()
    async with console(source).run_test(size=(120, 40), notifications=True) as pilot:
        screen = await opened(pilot)
        await press(pilot, "f")
        await until(pilot, lambda: screen.events.row_count() == 1)
        source.push(views.event(10), views.event(11, status="failed"))
        await until(pilot, lambda: screen.events.row_count() == 2)
        assert screen.events.selected == views.event(11, status="failed")


async def test_what_arrived_while_another_screen_was_open_is_there_on_return() -> None:
    source = FakeSource(companies=companies(), events=[views.event(1)])
    async with console(source).run_test(size=(120, 40), notifications=True) as pilot:
        screen = await opened(pilot)
        await press(pilot, "1")
        source.push(views.event(2), views.event(3))
        await until(pilot, lambda: len(pilot.app.snapshot.events) == 3)  # type: ignore[attr-defined]
        await press(pilot, "2")
        await until(pilot, lambda: screen.events.loaded and screen.events.row_count() == 3)


async def test_the_selection_stays_with_its_event_when_everything_is_loaded_anew() -> None:
    source = FakeSource(companies=companies(), events=[views.event(number) for number in range(50, 0, -1)])
    async with console(source).run_test(size=(120, 40), notifications=True) as pilot:
        screen = await opened(pilot)
        await press(pilot, "down", "down", "down")
        assert screen.events.selected == views.event(47)
        source.break_connection()
        source.events.insert(0, views.event(51))
        source.restore()
        await until(pilot, lambda: screen.events.row_count() == 51)
        await until(pilot, lambda: screen.events.selected == views.event(47))


async def test_what_only_the_server_can_tell_of_an_arrival_is_asked_of_it() -> None:
    source = busy_day()
    async with console(source).run_test(size=(120, 40), notifications=True) as pilot:
        screen = await opened(pilot)
        await press(pilot, "slash", *"text:zanzibar OR failed", "enter")
        await until(pilot, lambda: screen.events.loaded)
        source.push(views.event(10), views.event(11, status="failed"))
        await until(pilot, lambda: source.asked_for(ListEvents)[-1].after == 9)
        assert source.asked_for(ListEvents)[-1].before == 11


class SlowPages(FakeSource):
    """Pages further down come when `gate` is open."""

    gate = asyncio.Event()

    async def call(self, operation: Operation[Any]) -> Any:
        answer = await super().call(operation)
        if isinstance(operation, ListEvents) and operation.before is not None:
            await self.gate.wait()
        return answer


async def test_a_page_that_is_on_its_way_is_not_asked_for_again_whatever_arrives() -> None:
    """In a storm something arrives more often than a page takes: begun anew each time it would never come."""
    source = SlowPages(companies=companies(), events=[views.event(number) for number in range(500, 0, -1)])
    async with console(source).run_test(size=(120, 40), notifications=True) as pilot:
        screen = await opened(pilot)
        await press(pilot, "end")
        await until(pilot, lambda: source.asked_for(ListEvents)[-1].before is not None)
        asked = len(source.asked_for(ListEvents))
        for number in range(501, 505):
            source.push(views.event(number))
            await until(pilot, lambda number=number: screen.events.row_count() == number)  # type: ignore[misc]
        assert len(source.asked_for(ListEvents)) == asked
        source.gate.set()
        await until(pilot, lambda: screen.events.selected == views.event(1))


async def test_a_paused_list_stands_still_and_counts_what_it_missed() -> None:
    source = busy_day()
    async with console(source).run_test(size=(120, 40), notifications=True) as pilot:
        screen = await opened(pilot)
        await press(pilot, "space")
        source.push(views.event(10), views.event(11, status="failed"))
        await until(pilot, lambda: "paused, 2 new" in line_with(pilot, "Events ·"))
        assert screen.events.row_count() == 9
        await press(pilot, "space")
        await until(pilot, lambda: screen.events.row_count() == 11)
        assert "paused" not in line_with(pilot, "Events ·")
