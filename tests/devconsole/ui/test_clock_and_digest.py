"""A virtual server in the console: its clock is moved, its digest is read, a stretch of its inbox is recorded."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from textual.widgets import Select, Static

from devconsole.app import DevConsole
from devconsole.screens.modals.clock import ClockForm
from devconsole.screens.modals.record import RecordForm
from devconsole.wanted import Wanted
from relay.api import AdvanceClock, ClockView, DigestView, ListOperations, ShowClock, ShowDigest
from tests.support import views
from tests.support.console import FakeSource, FrozenClock
from tests.support.forms import OPEN, Stage, can_submit, note, outcome
from tests.support.playing import loaded, press, screen_text, until
from tests.support.stories import busy_day

NOW = datetime(2030, 1, 7, 9, 0, tzinfo=UTC)
VIRTUAL = ClockView(now=NOW, virtual=True, seed=1, next_due_at=NOW.replace(minute=30))
COMPANIES = (views.company(1), views.company(2))


async def test_a_day_is_the_usual_move_and_what_is_due_is_told() -> None:
    app = Stage(lambda: ClockForm(VIRTUAL, COMPANIES))
    async with app.run_test(size=(80, 24)) as pilot:
        told = str(app.screen.query_one(".statement", Static).visual)
        assert "it is 2030-01-07 09:00:00 UTC" in told and "next due 2030-01-07 09:30:00 UTC, in 30 min" in told
        assert not app.screen.query_one("#company").display
        await pilot.press("enter")
        await pilot.pause()
    assert app.answer == AdvanceClock(seconds=86_400)


async def test_a_moment_has_a_name_and_an_automatic_topup_a_company() -> None:
    app = Stage(lambda: ClockForm(VIRTUAL, COMPANIES, company=COMPANIES[1].slug))
    async with app.run_test(size=(80, 24)) as pilot:
        app.screen.query_one("#how Select", Select).value = "next auto top-up allowed"
        await pilot.pause()
        assert app.screen.query_one("#company").display and not app.screen.query_one("#span").display
        await pilot.click("#submit")
        await pilot.pause()
    assert app.answer == AdvanceClock(until="next auto top-up allowed", company=COMPANIES[1].slug)


async def test_time_moves_by_a_span_and_not_back() -> None:
    app = Stage(lambda: ClockForm(VIRTUAL, COMPANIES))
    async with app.run_test(size=(80, 24)) as pilot:
        for nonsense in ("soon", "0"):
            await pilot.press("ctrl+u", *nonsense, "enter")
            await pilot.pause()
            assert not can_submit(app) and app.answer is OPEN
        assert "More than nothing" in note(app, "span")


async def test_the_palette_moves_a_virtual_clock_and_says_what_time_it_is_then() -> None:
    source = busy_day()
    source.answers[ShowClock] = VIRTUAL
    source.answers[AdvanceClock] = ClockView(now=NOW.replace(day=8), virtual=True, seed=1, next_due_at=None)
    app = DevConsole(source, clock=FrozenClock())
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await loaded(pilot)
        await press(pilot, "ctrl+p", *"move the clock", "enter")
        await until(pilot, lambda: isinstance(app.screen, ClockForm))
        await press(pilot, "enter")
        await until(pilot, lambda: "It is 2030-01-08 09:00:00 UTC" in screen_text(pilot))
    assert source.asked_for(AdvanceClock) == [AdvanceClock(seconds=86_400)]


async def test_the_clock_of_the_machine_is_not_moved() -> None:
    source = busy_day()
    source.answers[ShowClock] = ClockView(now=NOW, virtual=False, seed=None, next_due_at=None)
    app = DevConsole(source, clock=FrozenClock())
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await loaded(pilot)
        await press(pilot, "ctrl+p", *"move the clock", "enter")
        await until(pilot, lambda: "--virtual-clock" in screen_text(pilot))
    assert source.asked_for(AdvanceClock) == []


async def test_the_palette_shows_the_digest_and_copies_it() -> None:
    source = busy_day()
    source.answers[ShowDigest] = DigestView(digest="ab" * 32, ledger_digest="cd" * 32, events_digest="ef" * 32)
    app = DevConsole(source, clock=FrozenClock())
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await loaded(pilot)
        await press(pilot, "ctrl+p", *"show the digest", "enter")
        await until(pilot, lambda: "abababab" in screen_text(pilot))
    assert app.clipboard == "ab" * 32


async def test_a_stretch_between_two_events_is_recorded() -> None:
    app = Stage(lambda: RecordForm(event="evt_7"))
    async with app.run_test(size=(80, 24)) as pilot:
        assert "between them" in outcome(app)
        await pilot.press("tab", *"12", "tab", *"A day", "enter")
        await pilot.pause()
    assert app.answer == Wanted(first="evt_7", last="12", title="A day")


async def test_with_nothing_chosen_all_that_was_done_is_recorded(tmp_path: Path) -> None:
    """The palette asks which stretch; where nothing was done it says so."""
    source = FakeSource(companies=[*COMPANIES], status=views.status(home=str(tmp_path)))
    app = DevConsole(source, clock=FrozenClock())
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await loaded(pilot)
        await press(pilot, "ctrl+p", *"record what was", "enter")
        await until(pilot, lambda: isinstance(app.screen, RecordForm))
        assert "All that was done" in outcome(app)
        await press(pilot, "enter")
        await until(pilot, lambda: "nothing was done that could be told" in screen_text(pilot))
    assert source.asked_for(ListOperations)
