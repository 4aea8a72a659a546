"""Tending the sandbox: its clock, its state as a file, its secret."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from textual.widgets import Select, Static

from devconsole.outcomes import outcome as told
from devconsole.screens.modals.sandbox import SandboxForm
from relay.api import AdvanceSandbox, ResetSandbox, SandboxView, SnapshotSandbox
from tests.support.forms import OPEN, Stage, can_submit, outcome

SANDBOX = SandboxView(
    url="http://127.0.0.1:12111",
    account="acct_1",
    now=datetime(2026, 11, 4, 9, 0, tzinfo=UTC),
    ahead_seconds=172_800,
    objects=12,
    events=31,
    undelivered=1,
    retry_delays_s=(1.0, 30.0),
    dispute_fee_cents=2_000,
    next_due_at=None,
)


def _choose(app: Stage, action: str) -> None:
    app.screen.query_one("#what Select", Select).value = action


async def test_a_day_is_the_usual_step() -> None:
    app = Stage(lambda: SandboxForm(SANDBOX))
    async with app.run_test(size=(80, 24)) as pilot:
        statement = str(app.screen.query_one(".statement", Static).visual)
        assert "12 objects, 31 events, 1 delivery owed" in statement
        assert "what fails is sent again after 1 s, 30 s" in statement
        assert "2 d ahead" in statement
        await pilot.press("tab", "enter")
        await pilot.pause()
    assert app.answer == AdvanceSandbox(seconds=86_400)


async def test_a_snapshot_goes_into_the_directory_of_the_console() -> None:
    app = Stage(lambda: SandboxForm(SANDBOX))
    async with app.run_test(size=(80, 24)) as pilot:
        _choose(app, "snapshot")
        await pilot.pause()
        await pilot.press("tab", "enter")
        await pilot.pause()
    assert app.answer == SnapshotSandbox(path=str(Path("sandbox-snapshot.db").absolute()))


async def test_a_reset_says_what_is_lost_and_asks_for_nothing() -> None:
    app = Stage(lambda: SandboxForm(SANDBOX))
    async with app.run_test(size=(80, 24)) as pilot:
        _choose(app, "reset")
        await pilot.pause()
        assert "saved cards" in outcome(app)
        assert not app.screen.query_one("#word").display
        await pilot.click("#submit")
        await pilot.pause()
    assert app.answer == ResetSandbox()


async def test_nonsense_is_no_span() -> None:
    app = Stage(lambda: SandboxForm(SANDBOX))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("tab", "ctrl+u", *"soon", "enter")
        await pilot.pause()
        assert not can_submit(app)
        assert app.answer is OPEN


def test_what_was_done_is_told() -> None:
    sentence = told(ResetSandbox(), SANDBOX).sentence
    assert sentence.startswith("It holds 12 objects and 31 events")
