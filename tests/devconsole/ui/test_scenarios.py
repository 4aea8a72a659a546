"""Stories in the console: chosen, played step by step, looked into, and left again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from devconsole.app import DevConsole
from devconsole.output import Failure
from devconsole.playback import Playback
from devconsole.scenario.script import load
from devconsole.screens.scenarios import ScenariosScreen
from devconsole.source import Address
from tests.support import views
from tests.support.console import FakeSource, FrozenClock
from tests.support.demo import GOOD, WRONG, ScriptedStages, take
from tests.support.playing import line_with, loaded, press, screen_text, until
from tests.support.stories import busy_day, companies

STORY, BROKEN = take("manual-topup", GOOD), take("broken", WRONG)


def console(stages: ScriptedStages) -> tuple[DevConsole, list[Address | None]]:
    """A console, and where its stories have taken it."""
    moves: list[Address | None] = []
    app = DevConsole(busy_day(), clock=FrozenClock())
    app.playback = Playback(stages, move=moves.append)
    return app, moves


async def opened(pilot: Pilot[Any], script: Any = STORY) -> ScenariosScreen:
    await loaded(pilot)
    await press(pilot, "0")
    await until(pilot, lambda: "automatic-topup" in screen_text(pilot))
    screen = pilot.app.screen
    assert isinstance(screen, ScenariosScreen)
    screen.stories_list.rows = (script,)
    await press(pilot, "enter")
    await until(pilot, lambda: screen.console.playback.script is not None and screen.steps_list.rows)
    return screen


async def test_a_story_is_played_step_by_step_on_its_own_server_and_left_again() -> None:
    app, moves = console(stages := ScriptedStages())
    async with app.run_test(size=(140, 40)) as pilot:
        await opened(pilot)
        assert moves == [Address("http://127.0.0.1:1", "token")]
        assert "0 of 2 · paused" in screen_text(pilot)
        await press(pilot, "n")
        await until(pilot, lambda: "1 of 2 · paused" in screen_text(pilot))
        assert "✓" in line_with(pilot, "Acme opens a Checkout page")
        assert "○" in line_with(pilot, "They pay it with a Visa")
        await press(pilot, "escape")
        await until(pilot, lambda: moves[-1] is None)
        assert (stages.built, stages.ended) == (1, 1)


async def test_it_plays_by_itself_until_it_ends() -> None:
    app, _ = console(ScriptedStages())
    async with app.run_test(size=(140, 40)) as pilot:
        await opened(pilot)
        await press(pilot, "space")
        await until(pilot, lambda: "2 of 2 · passed" in screen_text(pilot))


async def test_a_step_that_fails_shows_expected_beside_actual() -> None:
    app, _ = console(ScriptedStages())
    async with app.run_test(size=(140, 40)) as pilot:
        await opened(pilot, BROKEN)
        await press(pilot, "n")
        await until(pilot, lambda: "1 of 2 · failed" in screen_text(pilot))
        assert "60.00" in line_with(pilot, "expected")
        assert "no such company" in line_with(pilot, "actual")
        await press(pilot, "n")
        assert "1 of 2 · failed" in screen_text(pilot)


async def test_again_begins_anew_and_quitting_takes_everything_down() -> None:
    app, _ = console(stages := ScriptedStages())
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await press(pilot, "n")
        await until(pilot, lambda: len(app.playback.played) == 1)
        await press(pilot, "r")
        await until(pilot, lambda: stages.built == 2 and not app.playback.played)
        await press(pilot, "q")
    assert stages.ended == 2


async def test_a_stage_that_cannot_be_built_is_told() -> None:
    app, moves = console(ScriptedStages(refusal=Failure("no room")))
    async with app.run_test(size=(140, 40)) as pilot:
        await loaded(pilot)
        await press(pilot, "0")
        await until(pilot, lambda: "automatic-topup" in screen_text(pilot))
        await press(pilot, "enter")
        await until(pilot, lambda: any(notice.message == "no room" for notice in app._notifications))
    assert moves == []


async def test_an_event_is_kept_as_a_scenario_and_stands_first_in_the_list(tmp_path: Path) -> None:
    event = views.event(3, type="customer.created", status="ignored")
    source = FakeSource(companies=companies(), events=[event], status=views.status(home=str(tmp_path)))
    source.details[event.event_id] = views.detail(event, topup=None)
    app = DevConsole(source, clock=FrozenClock())
    app.playback = Playback(ScriptedStages(), move=lambda _address: None)
    async with app.run_test(size=(140, 40)) as pilot:
        await loaded(pilot)
        app.open_event(event.event_id)
        await until(pilot, lambda: "What it caused" in screen_text(pilot) and "customer.created" in screen_text(pilot))
        await press(pilot, "s")
        await until(pilot, lambda: any(notice.title == "Recorded as a scenario" for notice in app._notifications))
        (kept,) = (tmp_path / "scenarios").glob("*.yaml")
        assert load(kept)[0].story.steps[0].do == "events.send"
        await press(pilot, "escape", "0")
        await until(pilot, lambda: kept.stem[:20] in screen_text(pilot))
