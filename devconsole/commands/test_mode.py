"""`devconsole test-mode`: the lock file that lets money move; without a server, only the file changes."""

from __future__ import annotations

import contextlib

import click

from devconsole import __version__
from devconsole.commands.verb import Invocation, Noun
from devconsole.format import count
from devconsole.output import Failure, facts
from relay.api import ShowTestMode, SwitchTestMode, TestModeView
from relay.errors import ServerUnreachable

command = Noun("test-mode", help="Test mode: the lock file that lets money move.")


@command.command("status", operation=ShowTestMode)
@click.pass_obj
def show_test_mode(invocation: Invocation) -> None:
    invocation.show(_by_server(invocation, ShowTestMode()) or _by_file(invocation), test_mode_facts)


@command.command("on", operation=SwitchTestMode)
@click.pass_obj
def switch_on(invocation: Invocation) -> None:
    """Create the lock file: held events are processed, money moves again."""
    _switch(invocation, on=True)


@command.command("off", operation=SwitchTestMode)
@click.pass_obj
def switch_off(invocation: Invocation) -> None:
    """Remove the lock file: events are held, nothing moves money."""
    _switch(invocation, on=False)


def _switch(invocation: Invocation, *, on: bool) -> None:
    view = _by_server(invocation, SwitchTestMode(on=on)) or _by_file(invocation, on=on)
    invocation.show(view, test_mode_facts)


def _by_server(invocation: Invocation, operation: ShowTestMode | SwitchTestMode) -> TestModeView | None:
    """The server's answer; None when none runs."""
    with contextlib.suppress(ServerUnreachable, Failure):
        return invocation.call(operation)
    return None


def _by_file(invocation: Invocation, *, on: bool | None = None) -> TestModeView:
    """Deferred imports: only without a server, and watching files costs 20 ms to load."""
    from billing.clock import SystemClock
    from relay.test_mode import TestMode

    home = invocation.home
    home.create()
    mode = TestMode(home.test_mode_lock, clock=SystemClock(), tool_version=__version__)
    if on is not None:
        mode.switch(on=on)
    return TestModeView(on=mode.is_on, lock_file=str(mode.lock_file), reason=mode.reason, held_events=0)


def test_mode_facts(view: TestModeView) -> str:
    return facts(
        (
            ("test mode", "on" if view.on else "off"),
            ("why", view.reason),
            ("lock file", view.lock_file),
            ("held", count(view.held_events, "event")),
        )
    )
