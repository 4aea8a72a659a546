"""What failed, in one place."""

from __future__ import annotations

from devconsole.screens.company import CompanyScreen
from devconsole.screens.event_detail import EventDetailScreen
from devconsole.screens.failures import FailuresScreen
from devconsole.screens.modals.confirm import ReplayFailedForm
from relay.api import ReplayEvents
from tests.support import views
from tests.support.playing import console, line_with, loaded, press, screen_text, until
from tests.support.stories import busy_day, first_look


async def opened(pilot: object) -> FailuresScreen:
    app = await loaded(pilot)  # type: ignore[arg-type]
    await press(pilot, "4")  # type: ignore[arg-type]
    await until(pilot, lambda: isinstance(app.screen, FailuresScreen) and app.screen.failures.rows)  # type: ignore[arg-type]
    assert isinstance(app.screen, FailuresScreen)
    return app.screen


async def test_each_failure_says_why_and_what_to_do() -> None:
    async with console(busy_day()).run_test(size=(80, 24), notifications=True) as pilot:
        await opened(pilot)
        assert "no payment of this charge yet" in line_with(pilot, "Why  ")
        await press(pilot, "down", "down")
        assert "Top up Café Sonnig" in line_with(pilot, "Do  ")


async def test_the_next_try_is_told_when_there_is_one() -> None:
    source = busy_day()
    source.failures = [views.failure(4, next_attempt_at=views.at(330))]
    async with console(source).run_test(size=(120, 40), notifications=True) as pilot:
        await opened(pilot)
        assert "in 5 min, at 2026-11-02 09:05:30" in screen_text(pilot)


async def test_r_replays_the_selected_one() -> None:
    source = busy_day()
    async with console(source).run_test(size=(120, 40), notifications=True) as pilot:
        await opened(pilot)
        await press(pilot, "down", "r")
        await until(pilot, lambda: source.asked_for(ReplayEvents))
        assert source.asked_for(ReplayEvents) == [ReplayEvents(events=(views.event(6).event_id,))]


async def test_what_cannot_be_replayed_says_what_helps_instead() -> None:
    source = busy_day()
    async with console(source).run_test(size=(120, 40), notifications=True) as pilot:
        await opened(pilot)
        await press(pilot, "down", "down", "r")
        await until(pilot, lambda: "Nothing to do" in screen_text(pilot))
        assert not source.asked_for(ReplayEvents)


async def test_all_are_replayed_after_one_question() -> None:
    source = busy_day()
    async with console(source).run_test(size=(120, 40), notifications=True) as pilot:
        await opened(pilot)
        await press(pilot, "R")
        await until(pilot, lambda: isinstance(pilot.app.screen, ReplayFailedForm))
        await press(pilot, "enter")
        await until(pilot, lambda: source.asked_for(ReplayEvents))
        assert source.asked_for(ReplayEvents) == [ReplayEvents(failed=True)]


async def test_enter_opens_the_event_or_the_company() -> None:
    async with console(busy_day()).run_test(size=(120, 40), notifications=True) as pilot:
        app = await loaded(pilot)
        await opened(pilot)
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(app.screen, EventDetailScreen))
        await press(pilot, "escape", "down", "down", "enter")
        await until(pilot, lambda: isinstance(app.screen, CompanyScreen))


async def test_nothing_failed_is_good_news_and_says_what_to_try() -> None:
    source = first_look()
    async with console(source).run_test(size=(80, 24), notifications=True) as pilot:
        await loaded(pilot)
        await press(pilot, "4")
        await until(pilot, lambda: "✓ Nothing has failed." in screen_text(pilot))
        assert "top up with a card that declines" in screen_text(pilot)
        assert "Replay all" not in screen_text(pilot)


async def test_a_failure_appears_when_something_fails() -> None:
    source = first_look()
    async with console(source).run_test(size=(80, 24), notifications=True) as pilot:
        await loaded(pilot)
        await press(pilot, "4")
        await until(pilot, lambda: "Nothing has failed." in screen_text(pilot))
        source.failures = [views.failure(1)]
        source.push(views.event(1, status="failed"))
        await until(pilot, lambda: "✗ event" in screen_text(pilot))
