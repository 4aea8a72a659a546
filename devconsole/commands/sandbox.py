"""`devconsole sandbox`: what the offline Stripe can do, what it holds, its clock, its state as a file."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from devconsole import output
from devconsole.commands.verb import Invocation, Noun
from devconsole.format import euros, size, span
from devconsole.output import Column, ExitCode, facts, table
from fixtures.sandbox.coverage import Covered, coverage
from relay.api import (
    AdvanceSandbox,
    ResetSandbox,
    RestoreSandbox,
    RollSandboxSecret,
    SandboxView,
    ShowSandbox,
    SnapshotSandbox,
)
from relay.api.sandbox import OVERLAP_MAX_S, OVERLAP_S

YES = click.option("--yes", is_flag=True, help="Do not ask.")

EXTENTS = ("all", "part", "none")
COLUMNS: tuple[Column[Covered], ...] = (
    Column("RESOURCE", lambda row: row.resource),
    Column("SERVED", lambda row: row.extent),
    Column("ROUTES", lambda row: f"{len(row.served)} of {len(row.served) + len(row.missing)}", right=True),
    Column("WHAT IS LEFT OUT", lambda row: row.limit),
)

command = Noun("sandbox", help="The offline Stripe that stands in for the real one.")


@command.command("coverage")
@click.option("--served", type=click.Choice(EXTENTS), help="Only resources of which so much is served.")
@click.pass_obj
def show_coverage(invocation: Invocation, served: str | None) -> None:
    """Which of Stripe's resources the sandbox serves, route by route; needs no server.

    What it does not serve answers as Stripe answers an unknown URL: 404, in its error envelope.
    """
    rows = tuple(row for row in coverage() if served in (None, row.extent))
    invocation.show(rows, lambda shown: table(COLUMNS, shown, empty="No resource is served to this extent."))
    if not invocation.json:
        answered, known = sum(len(row.served) for row in rows), sum(len(row.served) + len(row.missing) for row in rows)
        output.say(f"{answered} of {known} routes of {len(rows)} resources; --json lists every route.")


@command.command("show", operation=ShowSandbox)
@click.pass_obj
def show_sandbox(invocation: Invocation) -> None:
    invocation.show(invocation.call(ShowSandbox()), sandbox_text)


@command.command("advance", operation=AdvanceSandbox)
@click.argument("by", metavar="SPAN")
@click.pass_obj
def advance_sandbox(invocation: Invocation, by: str) -> None:
    """SPAN is such as `90`, `15min`, `24h` or `3d`. The clock of billing stays where it is."""
    from devconsole.entry import EntryRefused, read_span

    try:
        seconds = read_span(by)
    except EntryRefused as refused:
        raise click.UsageError(f"{by} is no span: {refused}") from refused
    invocation.show(invocation.call(AdvanceSandbox(seconds=seconds)), sandbox_text)


@command.command("snapshot", operation=SnapshotSandbox)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_obj
def snapshot_sandbox(invocation: Invocation, file: Path) -> None:
    """An existing FILE is replaced. A sandbox can also be started on a copy of it."""
    answer = invocation.call(SnapshotSandbox(path=str(file.absolute())))
    invocation.show(answer, lambda view: f"{view.path}, {size(view.bytes)}")


@command.command("restore", operation=RestoreSandbox)
@click.argument("file", type=click.Path(dir_okay=False, exists=True, path_type=Path))
@YES
@click.pass_obj
def restore_sandbox(invocation: Invocation, file: Path, yes: bool) -> int:
    """Payments that were made since are unknown to it then, though they stay booked here: `ledger check` names them."""
    if not (yes or _agreed(f"Replace all that the sandbox holds by {file}?")):
        return ExitCode.REFUSED
    invocation.show(invocation.call(RestoreSandbox(path=str(file.absolute()))), sandbox_text)
    return ExitCode.DONE


@command.command("reset", operation=ResetSandbox)
@YES
@click.pass_obj
def reset_sandbox(invocation: Invocation, yes: bool) -> int:
    """Customers and saved cards are gone too; `devconsole reset` starts everything anew instead."""
    if not (yes or _agreed("Forget all that the sandbox holds?")):
        return ExitCode.REFUSED
    invocation.show(invocation.call(ResetSandbox()), sandbox_text)
    return ExitCode.DONE


@command.command("roll-secret", operation=RollSandboxSecret)
@click.option(
    "--overlap",
    type=click.IntRange(0, OVERLAP_MAX_S),
    metavar="SECONDS",
    default=OVERLAP_S,
    show_default=True,
    help="So long both secrets sign.",
)
@click.pass_obj
def roll_sandbox_secret(invocation: Invocation, overlap: int) -> None:
    invocation.show(
        invocation.call(RollSandboxSecret(overlap_seconds=overlap)),
        lambda view: f"{view.endpoint} signs with a new secret; the old one signs too until {instant(view.old_until)}.",
    )


def sandbox_text(view: SandboxView) -> str:
    return facts(
        (
            ("sandbox", view.url),
            ("account", view.account),
            ("its time", instant(view.now) + (f", {span(view.ahead_seconds)} ahead" if view.ahead_seconds else "")),
            ("objects", f"{view.objects:,}"),
            ("events", f"{view.events:,}"),
            ("undelivered", f"{view.undelivered:,}"),
            ("tried again", retries(view)),
            ("dispute fee", euros(view.dispute_fee_cents)),
            ("next by itself", instant(view.next_due_at) if view.next_due_at else "nothing"),
        )
    )


def retries(view: SandboxView) -> str:
    """When a failed delivery is made again."""
    return f"after {', '.join(span(delay) for delay in view.retry_delays_s)}" if view.retry_delays_s else "never"


def instant(at: datetime) -> str:
    """In UTC with its date: the sandbox may live on another day."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _agreed(question: str) -> bool:
    if not sys.stdin.isatty():
        raise click.UsageError("Without a terminal to ask on, say --yes.")
    return click.confirm(question, err=True)
