"""The demo: captions above the console, the keys of the one who presents, failures that cannot be overlooked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from devconsole.demo.captions import Moment
from devconsole.demo.console import DemoConsole
from devconsole.output import Failure
from relay.api import ReplayEvents
from tests.support.demo import GOOD, WRONG, ScriptedStages, demo, take
from tests.support.playing import line_with, loaded, press, screen_text, until
from tests.support.stories import busy_day

Compare = Callable[..., bool]

STORY = take("manual-topup", GOOD)
BROKEN = take("broken", WRONG)


def shows(pilot: Pilot[Any], text: str) -> Callable[[], bool]:
    return lambda: text in screen_text(pilot)


def caption(pilot: Pilot[Any]) -> tuple[int, Moment] | None:
    assert isinstance(pilot.app, DemoConsole)
    now = pilot.app.showing.caption
    return None if now is None else (now.number, now.moment)


async def test_a_story_waits_at_each_caption_and_next_goes_on() -> None:
    app = demo(busy_day(), STORY)
    async with app.run_test(size=(110, 36)) as pilot:
        await loaded(pilot)
        await until(pilot, shows(pilot, "Acme has 10 euros."))
        assert "about to begin" in line_with(pilot, "A top-up in two steps")
        for expected in ((1, Moment.TOLD), (1, Moment.DONE), (2, Moment.TOLD), (2, Moment.DONE)):
            await press(pilot, "n")
            await until(pilot, lambda expected=expected: caption(pilot) == expected)  # type: ignore[misc]
        assert "step 2 of 2" in line_with(pilot, "A top-up in two steps")
        assert "They pay it with a Visa" in screen_text(pilot)


async def test_the_reel_begins_again_each_time_on_a_new_stage() -> None:
    stages = ScriptedStages()
    app = demo(busy_day(), STORY, take("second", GOOD.replace("two steps", "a second story")), stages=stages)
    async with app.run_test(size=(110, 36)) as pilot:
        await loaded(pilot)
        for title, built in (("two steps", 1), ("a second story", 2), ("two steps", 3)):
            await until(pilot, shows(pilot, title))
            await until(pilot, lambda built=built: (stages.built, stages.ended) == (built, built - 1))  # type: ignore[misc]
            while caption(pilot) != (2, Moment.DONE):
                await press(pilot, "n")
            await press(pilot, "n")


async def test_again_shows_the_story_from_its_beginning_on_a_new_stage() -> None:
    stages = ScriptedStages()
    source = busy_day()
    app = demo(source, STORY, stages=stages)
    async with app.run_test(size=(110, 36)) as pilot:
        await loaded(pilot)
        await until(pilot, lambda: caption(pilot) == (0, Moment.OPENING))
        await press(pilot, "n")
        await until(pilot, lambda: caption(pilot) == (1, Moment.TOLD))
        await press(pilot, "r")
        await until(pilot, lambda: caption(pilot) == (0, Moment.OPENING))
        assert (stages.built, stages.ended) == (2, 1)
    assert source.asked_for(ReplayEvents) == []


async def test_pause_stops_the_clock_until_it_is_resumed() -> None:
    app = demo(busy_day(), STORY, seconds=60)
    async with app.run_test(size=(110, 36)) as pilot:
        await loaded(pilot)
        await until(pilot, lambda: caption(pilot) == (0, Moment.OPENING))
        await press(pilot, "space")
        assert "paused" in line_with(pilot, "A top-up in two steps")
        await press(pilot, *["plus"] * 12)  # a caption now stands for half a second, if it were not for the pause
        await press(pilot, "space")
        assert "0.5 s a step" in line_with(pilot, "A top-up in two steps")
        await until(pilot, lambda: caption(pilot) not in (None, (0, Moment.OPENING)))


async def test_slower_and_faster_change_how_long_a_caption_stands() -> None:
    app = demo(busy_day(), STORY, seconds=40)
    async with app.run_test(size=(110, 36)) as pilot:
        await loaded(pilot)
        await until(pilot, shows(pilot, "40 s a step"))
        await press(pilot, "minus", "minus")
        assert "60 s a step" in screen_text(pilot)
        await press(pilot, "plus")
        assert "40 s a step" in screen_text(pilot)


async def test_what_did_not_come_true_is_told_and_is_the_exit_code() -> None:
    app = demo(busy_day(), BROKEN, once=True)
    async with app.run_test(size=(110, 36)) as pilot:
        await loaded(pilot)
        await until(pilot, lambda: caption(pilot) == (0, Moment.OPENING))
        for _ in range(2):
            await press(pilot, "n")
        await until(pilot, shows(pilot, "balance of acme: expected 60.00, is no such company"))
        assert "never told" not in screen_text(pilot)
        await press(pilot, "n")
        await until(pilot, lambda: not app.is_running or app.return_code is not None)
    assert app.return_code == 1


async def test_once_ends_by_itself() -> None:
    stages = ScriptedStages(at_once=False)
    app = demo(busy_day(), STORY, STORY, stages=stages, seconds=0, once=True)
    async with app.run_test(size=(110, 36)) as pilot:
        await loaded(pilot)
        await until(pilot, shows(pilot, "Building the stage"))
        stages.may_build.set()
        await until(pilot, lambda: app.return_code is not None)
    assert app.return_code == 0
    assert (stages.built, stages.ended) == (2, 2)


async def test_quit_takes_the_stage_down() -> None:
    stages = ScriptedStages()
    app = demo(busy_day(), STORY, stages=stages)
    async with app.run_test(size=(110, 36)) as pilot:
        await loaded(pilot)
        await until(pilot, lambda: caption(pilot) == (0, Moment.OPENING))
        await press(pilot, "q")
    assert (stages.built, stages.ended) == (1, 1)
    assert app.return_code == 0


async def test_the_caption_is_on_every_screen_and_only_the_story_acts() -> None:
    source = busy_day()
    app = demo(source, STORY)
    async with app.run_test(size=(110, 36)) as pilot:
        await loaded(pilot)
        for key in "2345":
            await press(pilot, key)
            await until(pilot, shows(pilot, "A top-up in two steps"))
        await press(pilot, "1", "c", "t", "d", "x", "R", "m", "ctrl+p")
        assert len(app.screen_stack) == 1
        assert source.asked_for(ReplayEvents) == []
        keys = screen_text(pilot).splitlines()[-1]
        assert all(word in keys for word in ("Pause", "Next", "Faster", "Slower", "Again", "Quit"))
        assert "Top up" not in keys


async def test_a_key_turns_to_the_layout_for_a_projector_and_back() -> None:
    """Caption, events and balances, on every screen of the story; the keys go on working."""
    app = demo(busy_day(), STORY)
    async with app.run_test(size=(110, 36)) as pilot:
        await loaded(pilot)
        await until(pilot, lambda: caption(pilot) == (0, Moment.OPENING))
        assert all(word in screen_text(pilot) for word in ("Live events", "Balances", "Calls", "Quit"))
        await press(pilot, "b")
        await until(pilot, lambda: "Quit" not in screen_text(pilot))
        seen = screen_text(pilot)
        assert all(word in seen for word in ("Acme has 10 euros.", "Live events", "Balances"))
        assert not any(word in seen for word in ("Automatic top-up decisions", "webhook http"))
        await press(pilot, "n")
        await until(pilot, shows(pilot, "Acme opens a Checkout page"))
        await press(pilot, "b")
        await until(pilot, lambda: "Quit" in screen_text(pilot))
        assert "Automatic top-up decisions" in screen_text(pilot)


async def test_the_keys_of_the_presenter_come_first() -> None:
    app = demo(busy_day(), STORY)
    async with app.run_test(size=(110, 36)) as pilot:
        await loaded(pilot)
        await until(pilot, lambda: caption(pilot) == (0, Moment.OPENING))
        keys = screen_text(pilot).splitlines()[-1]
        places = [keys.index(word) for word in ("Pause", "Next", "Faster", "Slower", "Again", "Projector")]
        assert places == sorted(places)


async def test_letters_typed_into_a_filter_are_letters() -> None:
    app = demo(busy_day(), STORY)
    async with app.run_test(size=(110, 36)) as pilot:
        await loaded(pilot)
        await until(pilot, lambda: caption(pilot) == (0, Moment.OPENING))
        await press(pilot, "2")
        await press(pilot, "slash", "n", "r")
        assert caption(pilot) == (0, Moment.OPENING)
        assert "nr" in screen_text(pilot)


async def test_without_a_server_it_ends_and_says_why() -> None:
    stages = ScriptedStages(at_once=False, refusal=Failure("the server did not start: no room"))
    app = demo(busy_day(), STORY, stages=stages)
    async with app.run_test(size=(110, 36)) as pilot:
        await loaded(pilot)
        await until(pilot, shows(pilot, "Building the stage"))
        stages.may_build.set()
        await until(pilot, lambda: app.return_code is not None)
    assert str(app.stopped_by) == "the server did not start: no room"


def test_a_demo_on_a_projector(snap_compare: Compare) -> None:
    """From the last row I read the caption, what arrived and what there is."""

    async def before(pilot: Pilot[Any]) -> None:
        await loaded(pilot)
        await until(pilot, lambda: caption(pilot) == (0, Moment.OPENING))
        await press(pilot, "b", "n")
        await until(pilot, lambda: caption(pilot) == (1, Moment.TOLD))

    assert snap_compare(demo(busy_day(), STORY, seconds=60), terminal_size=(110, 36), run_before=before)


@pytest.mark.parametrize("size", [(110, 36), (80, 24)], ids=["wide", "small"])
def test_a_demo_on_a_busy_day(snap_compare: Compare, size: tuple[int, int]) -> None:
    """I watch a demo: the caption says what happens, the console below shows it."""

    async def before(pilot: Pilot[Any]) -> None:
        await loaded(pilot)
        await until(pilot, lambda: caption(pilot) == (0, Moment.OPENING))
        await press(pilot, "n")
        await until(pilot, lambda: caption(pilot) == (1, Moment.TOLD))

    assert snap_compare(demo(busy_day(), STORY, seconds=60), terminal_size=size, run_before=before)


def test_a_demo_that_fails(snap_compare: Compare) -> None:
    """I see in red what should have come true."""

    async def before(pilot: Pilot[Any]) -> None:
        await loaded(pilot)
        await until(pilot, lambda: caption(pilot) == (0, Moment.OPENING))
        await press(pilot, "n")
        await until(pilot, lambda: caption(pilot) == (1, Moment.TOLD))
        await press(pilot, "n")
        await until(pilot, lambda: caption(pilot) == (1, Moment.FAILED))

    assert snap_compare(demo(busy_day(), BROKEN, seconds=60), terminal_size=(110, 36), run_before=before)
