"""The fault lab in the console: trying out, seeing what held, and switching faults of the sandbox."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from textual.pilot import Pilot

from devconsole.lab.child import LabFailed
from devconsole.lab.listing import IN_LAB
from devconsole.screens.faults import FaultsScreen
from relay.api import FaultView, ListFaults, SwitchFaultOn, SwitchFaultsOff
from tests.support import views
from tests.support.console import FakeSource, page
from tests.support.playing import console, line_with, loaded, press, screen_text, until


def found(name: str, *, broken: str | None = None) -> dict[str, Any]:
    names = ("settled", "ledger", "balances", "acknowledged", "charged_once")
    return {
        "faults": [name],
        "seed": 1,
        "verdict": "broken" if broken else "held",
        "how": ["charge.succeeded, twice"],
        "struck": [True],
        "invariants": {
            each: {"held": each != broken, "seen": "2 charges of acme instead of 1" if each == broken else None}
            for each in names
        },
        "deaths": 0,
        "duration_ms": 900,
        "home": None,
    }


def switch(name: str, *, on: bool = False) -> FaultView:
    return FaultView(
        name=name,
        area="network",
        title="An event that never comes",
        what_happens="It is not sent at all.",
        hits="webhook",
        on=on,
        hit=0,
        times_left=1 if on else 0,
        only=None,
    )


class Lab:
    """A lab whose results a test gives; it waits for `go` before each."""

    def __init__(self, *results: dict[str, Any] | Exception) -> None:
        self.results = results
        self.asked: list[list[str]] = []
        self.go = asyncio.Event()
        self.ended = False

    async def __call__(self, names: list[str]) -> AsyncIterator[dict[str, Any]]:
        self.asked.append(names)
        try:
            for result in self.results:
                await self.go.wait()
                if isinstance(result, Exception):
                    raise result
                yield result
        finally:
            self.ended = True


def source() -> FakeSource:
    fake = FakeSource()
    fake.answers[ListFaults] = lambda _asked: page([switch("drop"), switch("delay", on=True)])
    return fake


async def opened(pilot: Pilot[Any], lab: Lab) -> FaultsScreen:
    app = await loaded(pilot)
    screen = FaultsScreen(lab)
    await app.push_screen(screen)
    await until(pilot, lambda: any(row.switch is not None for row in screen.faults.rows))
    return screen


def test_what_can_go_wrong_and_what_held(snap_compare: Any) -> None:
    """I ask whether a fault costs money: I see how it struck, and that everything held."""
    lab = Lab(found("drop"))
    lab.go.set()

    async def before(pilot: Pilot[Any]) -> None:
        await opened(pilot, lab)
        await press(pilot, "r")
        await until(pilot, lambda: "1 held" in screen_text(pilot))

    assert snap_compare(console(source()), terminal_size=(120, 40), run_before=before)


async def test_a_fault_is_tried_out_and_every_invariant_has_its_verdict() -> None:
    lab = Lab(found("drop"))
    async with console(source()).run_test(size=(80, 24)) as pilot:
        await opened(pilot, lab)
        await press(pilot, "r")
        await until(pilot, lambda: "○ running" in line_with(pilot, "drop"))
        lab.go.set()
        await until(pilot, lambda: "✓ held" in line_with(pilot, "drop"))
        assert lab.asked == [["drop"]]
        shown = screen_text(pilot)
        assert "seed 1: charge.succeeded, twice" in shown
        assert "✓ Each card was charged once" in shown
        assert "1 held, 0 broken" in shown


async def test_all_are_tried_out_and_what_broke_is_told_with_what_was_seen() -> None:
    lab = Lab(found("drop", broken="charged_once"), found("delay"))
    async with console(source()).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, lab)
        await press(pilot, "R")
        await until(pilot, lambda: "· waiting" in line_with(pilot, "restart "))
        assert lab.asked == [list(IN_LAB)]
        lab.go.set()
        await until(pilot, lambda: lab.ended)
        assert "✗ Each card was charged once: 2 charges of acme instead of 1" in screen_text(pilot)
        assert "1 held, 1 broken" in screen_text(pilot)
        assert [row.state for row in screen.faults.rows if row.line.name == "restart"] == [None]


async def test_escape_ends_the_lab() -> None:
    lab = Lab(found("drop"))
    async with console(source()).run_test(size=(80, 24)) as pilot:
        await opened(pilot, lab)
        await press(pilot, "r")
        await until(pilot, lambda: lab.asked)
        await press(pilot, "escape")
        await until(pilot, lambda: lab.ended)
        assert "running" not in screen_text(pilot)


async def test_a_lab_that_fails_says_why() -> None:
    lab = Lab(LabFailed("no room for a home"))
    lab.go.set()
    async with console(source()).run_test(size=(80, 24), notifications=True) as pilot:
        await opened(pilot, lab)
        await press(pilot, "r")
        await until(pilot, lambda: "no room for a home" in screen_text(pilot))


async def test_s_switches_a_fault_of_the_sandbox_on_and_off() -> None:
    fake = source()
    fake.answers[SwitchFaultOn] = switch("drop", on=True)
    fake.answers[SwitchFaultsOff] = page([switch("delay", on=True)])
    async with console(fake).run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, Lab())
        assert "● on" in line_with(pilot, "delay ")
        await press(pilot, "s")
        await until(pilot, lambda: fake.asked_for(SwitchFaultOn))
        await press(pilot, "down", "down", "s")
        await until(pilot, lambda: fake.asked_for(SwitchFaultsOff))
        await press(pilot, "S")
        await until(pilot, lambda: len(fake.asked_for(SwitchFaultsOff)) == 2)
        screen.faults.cursor = next(
            place for place, row in enumerate(screen.faults.rows) if row.line.name == "clock-skew"
        )
        await press(pilot, "s")
    assert fake.asked_for(SwitchFaultOn) == [SwitchFaultOn(fault="drop")]
    assert fake.asked_for(SwitchFaultsOff) == [SwitchFaultsOff(fault="delay"), SwitchFaultsOff()]


async def test_a_fault_that_has_struck_is_off_again() -> None:
    fake = source()
    async with console(fake).run_test(size=(80, 24)) as pilot:
        await opened(pilot, Lab())
        fake.answers[ListFaults] = lambda _asked: page([switch("delay")])
        fake.push(views.delivery(1))
        await until(pilot, lambda: "● on" not in screen_text(pilot))
