"""Forwarding in the console: adding an application, seeing what it answered, sending again, grading it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from textual.pilot import Pilot

from devconsole.screens.forward import ForwardScreen
from devconsole.screens.forwards import ForwardsScreen
from devconsole.screens.grade import GradeScreen
from devconsole.screens.modals.forwards import AddForwardForm, RemoveForwardForm, SecretTold
from relay.api import (
    AddForwardTarget,
    ForwardDetail,
    ForwardTargetDetail,
    ForwardTargetView,
    ForwardTryView,
    GradeForwardTarget,
    GradeView,
    GuaranteeView,
    ListForwardTargets,
    NewForwardTarget,
    PauseForwardTarget,
    RemoveForwardTarget,
    ResumeForwardTarget,
    RetryForwards,
    ShowForward,
    ShowForwardTarget,
    ShowTrace,
    Trace,
)
from tests.support import views
from tests.support.console import NOW, FakeSource, page
from tests.support.playing import console, line_with, loaded, press, screen_text, until

SECRET = "whsec_" + "5" * 48


def target(**changes: Any) -> ForwardTargetView:
    row: dict[str, Any] = {
        "id": 1,
        "name": "shop",
        "url": "http://127.0.0.1:3000/hook",
        "event_types": ("charge.*",),
        "health": "failing",
        "health_reason": "the last answer was 500",
        "waiting": 2,
        "queue_max": 10_000,
        "delivered": 7,
        "failed": 1,
        "missed": 0,
        "next_try_at": NOW + timedelta(seconds=30),
        "last_try_at": NOW,
        "last_status": 500,
        "last_latency_us": 12_000,
        "last_error": None,
        "signing_secret": "whsec_…5555",
        "retry_delays_s": (1.0, 30.0),
        "allow_remote": False,
        "origin": "added",
        "created_at": NOW,
    }
    return ForwardTargetView(**(row | changes))


def one_try(number: int, **changes: Any) -> ForwardTryView:
    row: dict[str, Any] = {
        "number": number,
        "started_at": NOW,
        "latency_us": 12_000,
        "http_status": 500,
        "error": None,
        "answer_headers": {"X-Trace": "abc"},
        "answer_body": '{"error": "column users.plan does not exist"}',
        "answer_cut": False,
    }
    return ForwardTryView(**(row | changes))


def source_with(*targets: ForwardTargetView) -> FakeSource:
    source = FakeSource()
    source.answers[ListForwardTargets] = lambda _asked: page(targets)
    rows = (
        views.forward(3, state="waiting", next_try_at=NOW + timedelta(seconds=30)),
        views.forward(2),
        views.forward(1, state="delivered", reason=None, http_status=200, tries=1),
    )
    source.answers[ShowForwardTarget] = lambda asked: ForwardTargetDetail(target=targets[0], forwards=rows)
    source.answers[ShowForward] = lambda asked: ForwardDetail(
        forward=views.forward(asked.forward), tries=(one_try(1), one_try(2)), body='{"id": "evt_2"}', headers={"A": "b"}
    )
    return source


async def opened(pilot: Pilot[Any]) -> ForwardsScreen:
    app = await loaded(pilot)
    await press(pilot, "8")
    await until(pilot, lambda: isinstance(app.screen, ForwardsScreen) and app.screen.sent.rows)
    assert isinstance(app.screen, ForwardsScreen)
    return app.screen


def test_how_my_application_is_doing(snap_compare: Any) -> None:
    """My application answers 500: I see since when, what it said, when it is tried again, and that nothing is lost."""

    async def before(pilot: Pilot[Any]) -> None:
        await opened(pilot)

    assert snap_compare(console(source_with(target())), terminal_size=(80, 24), run_before=before)


async def test_targets_say_how_they_are_and_what_they_were_sent() -> None:
    async with console(source_with(target())).run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        assert "✗ failing" in line_with(pilot, "shop")
        assert "the last answer was 500" in screen_text(pilot)
        assert "signed with whsec_…5555" in screen_text(pilot)
        assert "in 30 s again" in line_with(pilot, "waiting")


async def test_enter_shows_every_answer_and_what_was_sent() -> None:
    async with console(source_with(target())).run_test(size=(100, 30)) as pilot:
        screen = await opened(pilot)
        screen.sent.focus()
        await press(pilot, "down", "enter")
        await until(pilot, lambda: "column users.plan does not exist" in screen_text(pilot))
        assert isinstance(pilot.app.screen, ForwardScreen)
        assert "Answer of try 2" in screen_text(pilot)
        await press(pilot, "v", "v", "v")
        assert '"id": "evt_2"' in screen_text(pilot)
        await press(pilot, "escape")
        assert pilot.app.screen is screen


async def test_w_shows_the_path_that_a_forward_lies_on() -> None:
    source = source_with(target())
    source.answers[ShowTrace] = Trace(of="forward_3", nodes=())
    async with console(source).run_test(size=(100, 30)) as pilot:
        screen = await opened(pilot)
        screen.sent.focus()
        await press(pilot, "w")
        await until(pilot, lambda: source.asked_for(ShowTrace))
    assert source.asked_for(ShowTrace)[0].id == "forward_3"


async def test_r_sends_the_selected_one_or_all_that_failed_again() -> None:
    source = source_with(target())
    source.answers[RetryForwards] = lambda asked: page([views.forward(2, state="delivered", reason=None)])
    async with console(source).run_test(size=(100, 30), notifications=True) as pilot:
        screen = await opened(pilot)
        await press(pilot, "r")
        await until(pilot, lambda: source.asked_for(RetryForwards))
        screen.sent.focus()
        await press(pilot, "down", "r")
        await until(pilot, lambda: len(source.asked_for(RetryForwards)) == 2)
        await until(pilot, lambda: "1 of 1 delivery taken." in screen_text(pilot))
    assert source.asked_for(RetryForwards) == [
        RetryForwards(target="shop"),
        RetryForwards(target="shop", forwards=(2,)),
    ]


async def test_an_application_is_added_and_its_secret_is_told_once() -> None:
    source = FakeSource()
    source.answers[ListForwardTargets] = lambda _asked: page(())
    source.answers[AddForwardTarget] = NewForwardTarget(target=target(), secret=SECRET)
    async with console(source).run_test(size=(100, 30)) as pilot:
        app = await loaded(pilot)
        await press(pilot, "8")
        await until(pilot, lambda: "Nothing is passed on yet." in screen_text(pilot))
        await press(pilot, "+")
        await until(pilot, lambda: isinstance(app.screen, AddForwardForm))
        await press(pilot, *"nonsense", "enter")
        assert isinstance(app.screen, AddForwardForm), "no address is no answer"
        await press(pilot, *["backspace"] * 8, *"http://127.0.0.1:3000/hook", "tab", *"charge.*", "enter")
        await until(pilot, lambda: isinstance(app.screen, SecretTold))
        assert SECRET in screen_text(pilot)
        await press(pilot, "escape")
        assert SECRET not in screen_text(pilot)
    assert source.asked_for(AddForwardTarget) == [
        AddForwardTarget(url="http://127.0.0.1:3000/hook", event_types=("charge.*",))
    ]


async def test_a_target_is_paused_resumed_and_removed_after_a_question() -> None:
    going, paused = source_with(target()), source_with(target(health="paused"))
    going.answers[PauseForwardTarget] = target(health="paused")
    going.answers[RemoveForwardTarget] = target()
    paused.answers[ResumeForwardTarget] = target()
    async with console(going).run_test(size=(100, 30)) as pilot:
        await opened(pilot)
        await press(pilot, "p")
        await until(pilot, lambda: going.asked_for(PauseForwardTarget))
        await press(pilot, "delete")
        await until(pilot, lambda: isinstance(pilot.app.screen, RemoveForwardForm))
        assert "2 deliveries wait for it and will not be sent." in screen_text(pilot)
        await press(pilot, "enter")
        await until(pilot, lambda: going.asked_for(RemoveForwardTarget))
    async with console(paused).run_test(size=(100, 30)) as pilot:
        await opened(pilot)
        await press(pilot, "p")
        await until(pilot, lambda: paused.asked_for(ResumeForwardTarget))


def graded() -> GradeView:
    good = GuaranteeView(name="rejects-old", title="Rejects old signatures", held=True, seen="400", remedy=None)
    bad = GuaranteeView(
        name="tolerates-duplicates",
        title="Tolerates duplicates",
        held=False,
        seen="200, 409",
        remedy="Keep each event id under a unique constraint.",
    )
    return GradeView(url="http://127.0.0.1:3000/hook", passed=1, of=2, observed=False, guarantees=(good, bad))


async def test_v_grades_the_handler_and_says_how_to_mend_it() -> None:
    source = source_with(target())
    source.answers[GradeForwardTarget] = graded()
    async with console(source).run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await press(pilot, "v")
        await until(pilot, lambda: isinstance(pilot.app.screen, GradeScreen))
        assert "1 of 2 guarantees given" in screen_text(pilot)
        assert "✗ no" in line_with(pilot, "Tolerates duplicates")
        assert "Keep each event id under a unique constraint." in line_with(pilot, "Mend")


async def test_a_change_is_shown_when_it_happens() -> None:
    rows = [target(waiting=1)]
    source = source_with(*rows)
    source.answers[ListForwardTargets] = lambda _asked: page(rows)
    async with console(source).run_test(size=(100, 30)) as pilot:
        await opened(pilot)
        rows[0] = target(health="healthy", health_reason="the last answer was 200", waiting=0)
        source.push(views.status(events_total=1))
        await until(pilot, lambda: "● healthy" in screen_text(pilot))
