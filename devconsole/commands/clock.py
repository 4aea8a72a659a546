"""`devconsole clock`: what time it is for the server, and moving a virtual clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from devconsole.commands.verb import Invocation, Noun
from devconsole.output import facts
from relay.api import AdvanceClock, ClockView, ShowClock

if TYPE_CHECKING:
    from datetime import datetime

command = Noun("clock", help="The clock of the server; a virtual one (server --virtual-clock) can be moved.")


@command.command("show", operation=ShowClock)
@click.pass_obj
def show_clock(invocation: Invocation) -> None:
    invocation.show(invocation.call(ShowClock()), clock_text)


@command.command("advance", operation=AdvanceClock)
@click.argument("span", metavar="[SPAN]", required=False)
@click.option("--until", metavar="MOMENT", help="A time, `next due`, `next day`, `next month`, or what the help names.")
@click.option("--company", metavar="ID", help="Whose automatic top-up is meant.")
@click.pass_obj
def advance_clock(invocation: Invocation, span: str | None, until: str | None, company: str | None) -> None:
    """SPAN is such as `90`, `15min`, `24h` or `3d`; nothing carries out what is due by now."""
    from devconsole.entry import EntryRefused, read_span

    if span is not None and until is not None:
        raise click.UsageError("Give a span or --until, not both.")
    try:
        seconds = read_span(span) if span is not None else 0
    except EntryRefused as refused:
        raise click.UsageError(f"{span} is no span: {refused}") from refused
    invocation.show(invocation.call(AdvanceClock(seconds=seconds, until=until, company=company)), clock_text)


def clock_text(view: ClockView) -> str:
    return facts(
        (
            ("now", _moment(view.now)),
            ("clock", "virtual" if view.virtual else "of the machine"),
            *((("seed", str(view.seed)),) if view.seed is not None else ()),
            *((("next due", _moment(view.next_due_at)),) if view.next_due_at is not None else ()),
        )
    )


def _moment(at: datetime) -> str:
    """In UTC with its date: a virtual day has nothing to do with the one at the window."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
