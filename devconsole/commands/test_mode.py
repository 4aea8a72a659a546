"""`devconsole test-mode`: the lock file that lets money move; without a server, only the file changes."""

from __future__ import annotations

import contextlib

import click

from devconsole.commands.verb import Invocation, Noun
from devconsole.format import count
from devconsole.output import ExitCode, Failure, facts
from relay.api import ShowTestMode, SwitchTestMode, TestModeView
from relay.errors import ServerUnreachable

command = Noun("test-mode", help="Test mode: the lock file that lets money move.")


@command.command("status", operation=ShowTestMode)
@click.pass_obj
def show_test_mode(invocation: Invocation) -> None:
    invocation.show(_by_server(invocation, ShowTestMode()) or _by_file(invocation), test_mode_facts)


@command.command("on", operation=SwitchTestMode)
@click.pass_obj
def switch_on(invocation: Invocation) -> int:
    """ON: held events are processed, money moves again. Exit code 1 when something else keeps it off."""
    return _switch(invocation, on=True)


@command.command("off", operation=SwitchTestMode)
@click.pass_obj
def switch_off(invocation: Invocation) -> int:
    """OFF: events are held, nothing moves money."""
    return _switch(invocation, on=False)


def _switch(invocation: Invocation, *, on: bool) -> int:
    view = _by_server(invocation, SwitchTestMode(on=on)) or _by_file(invocation, on=on)
    invocation.show(view, test_mode_facts)
    return ExitCode.DONE if view.on == on else ExitCode.REFUSED


def _by_server(invocation: Invocation, operation: ShowTestMode | SwitchTestMode) -> TestModeView | None:
    """The server's answer; None when none runs."""
    with contextlib.suppress(ServerUnreachable, Failure):
        return invocation.call(operation)
    return None


def _by_file(invocation: Invocation, *, on: bool | None = None) -> TestModeView:
    from devconsole.test_mode_file import by_file  # only without a server: it loads settings and database

    return by_file(invocation.home, on=on)


def test_mode_facts(view: TestModeView) -> str:
    return facts(
        (
            ("test mode", "on" if view.on else "off"),
            ("why", view.reason),
            ("lock file", view.lock_file),
            ("held", count(view.held_events, "event")),
        )
    )
