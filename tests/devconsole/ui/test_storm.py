"""Five hundred events a second, and a hundred thousand stored ones: the console keeps answering keys."""

from __future__ import annotations

import asyncio
import statistics
import time

from devconsole.folding import Store
from devconsole.live import TICK_S, Follower
from devconsole.store import Update
from devconsole.widgets.event_list import EventList
from relay.api import EventPage, EventView, ListEvents
from tests.support import views
from tests.support.console import FakeSource
from tests.support.playing import console, loaded, press, screen_text, until
from tests.support.stories import companies

STORED = 100_000


class Endless(FakeSource):
    """A hundred thousand events that exist only by number."""

    def __init__(self) -> None:
        super().__init__(companies=companies())
        self.last_id = STORED
        self.answers[ListEvents] = self._window

    def _window(self, asked: ListEvents) -> EventPage:
        newest = min(self.last_id, (asked.before or self.last_id + 1) - 1)
        rows = tuple(views.event(number) for number in range(newest, max(0, newest - asked.limit), -1))
        return EventPage(rows=rows, first_id=1, last_id=self.last_id, total=self.last_id)

    def burst(self, count: int) -> None:
        for _ in range(count):
            self.last_id += 1
            self.push(views.event(self.last_id))

    def _remember(self, row: EventView) -> None:
        """They are known by number already."""


async def test_a_burst_becomes_few_updates_and_loses_nothing() -> None:
    source, updates = Endless(), list[Update]()
    following = asyncio.create_task(Follower(source, Store(), updates.append).follow())
    try:
        async with asyncio.timeout(10):
            while not any(update.snapshot.loaded for update in updates):
                await asyncio.sleep(0)
            updates.clear()
            start = time.monotonic()
            for _ in range(50):
                source.burst(10)
                await asyncio.sleep(0.002)
            while sum(len(update.events) for update in updates) < 500:
                await asyncio.sleep(0)
            took = time.monotonic() - start
    finally:
        following.cancel()
    assert [event.id for update in updates for event in update.events] == list(range(STORED + 1, STORED + 501))
    assert len(updates) <= took / TICK_S + 2


async def test_keys_move_at_once_during_a_storm() -> None:
    source = Endless()
    async with console(source).run_test(size=(120, 40), notifications=True) as pilot:
        await loaded(pilot)
        events = pilot.app.screen.query_one(EventList)
        await until(pilot, lambda: events.loaded)
        await press(pilot, "down")
        storm = asyncio.create_task(_storm(source))
        try:
            waits = [await _time_of_one_key(events) for _ in range(40)]
        finally:
            await storm
        # A freeze would be the time of a whole burst; the median on a busy machine stays far below one tick and a half.
        assert statistics.median(waits) < 0.05
        assert events.selected == views.event(STORED - 1 - 40)
        await until(pilot, lambda: len(pilot.app.snapshot.events) and events.row_count() == source.last_id)  # type: ignore[attr-defined]
        assert "new ↑" in screen_text(pilot)


async def _storm(source: Endless) -> None:
    """A second of five hundred events in uneven bursts."""
    for size in (5, 50, 5, 100, 20, 70) * 2:
        source.burst(size)
        await asyncio.sleep(1 / 12)


async def _time_of_one_key(events: EventList) -> float:
    """From the key until its row is drawn."""
    before = events.selected
    start = time.perf_counter()
    events.app.simulate_key("down")
    while events.selected == before:
        await asyncio.sleep(0)
    events.render_line(events.cursor - round(events.scroll_y) + 1)
    took = time.perf_counter() - start
    await asyncio.sleep(0.02)
    return took


async def test_a_hundred_thousand_events_are_a_few_rows_in_memory() -> None:
    source = Endless()
    async with console(source).run_test(size=(120, 40)) as pilot:
        await loaded(pilot)
        events = pilot.app.screen.query_one(EventList)
        await until(pilot, lambda: events.loaded)
        assert events.row_count() == STORED
        for key, expected in (("end", 1), ("pageup", None), ("home", STORED), ("end", 1)):
            await press(pilot, key)
            await until(pilot, lambda: events.selected is not None)
            if expected is not None:
                assert events.selected is not None
                assert events.selected.id == expected
        assert len(source.asked_for(ListEvents)) < 10
