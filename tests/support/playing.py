"""Playing with the console in tests: build it on a fake server, wait for conditions, read what is on the screen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from textual.pilot import Pilot

from devconsole.app import DevConsole
from tests.support.console import FakeSource, FrozenClock

PATIENCE_S = 5.0
REST_S = 0.02


def console(source: FakeSource, *, theme: str | None = None) -> DevConsole:
    return DevConsole(source, clock=FrozenClock(), theme=theme)


async def until(pilot: Pilot[Any], condition: Callable[[], object]) -> None:
    """Let the console work until the condition holds. Raises `TimeoutError`."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await pilot.pause(0.01)
    await pilot.pause()


async def loaded(pilot: Pilot[Any]) -> DevConsole:
    """The console once the first load is on the screen."""
    app = pilot.app
    assert isinstance(app, DevConsole)
    await until(pilot, lambda: app.snapshot.loaded)
    return app


async def press(pilot: Pilot[Any], *keys: str) -> None:
    """One key after the other, each with all that follows from it."""
    for key in keys:
        await pilot.press(key)
        await pilot.pause()


async def at_rest(pilot: Pilot[Any]) -> None:
    """Let the console work until two looks in a row see the same."""
    before = None
    async with asyncio.timeout(PATIENCE_S):
        while (now := screen_text(pilot)) != before:
            before = now
            await pilot.pause(REST_S)


def screen_text(pilot: Pilot[Any]) -> str:
    """What stands on the screen, line by line, without colours."""
    strips = pilot.app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)


def line_with(pilot: Pilot[Any], text: str) -> str:
    """The first line of the screen that contains the text; fails with the screen when there is none."""
    shown = screen_text(pilot)
    found = next((line for line in shown.splitlines() if text in line), None)
    assert found is not None, f"{text!r} is not on the screen:\n{shown}"
    return found
