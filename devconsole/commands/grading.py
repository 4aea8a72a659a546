"""Grading a webhook handler, shared by `forwards grade` (a target) and `faults grade` (any address)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from devconsole import output
from devconsole.commands.verb import Invocation
from devconsole.output import Column, ExitCode, Failure, table
from relay.api.grading import GradeView, GuaranteeView

if TYPE_CHECKING:
    from relay.grading import Probe

observe = click.option(
    "--observe",
    metavar="URL",
    help="Answers with one number, what the application has booked so far: effects are looked at too.",
)

COLUMNS: tuple[Column[GuaranteeView], ...] = (
    Column("GUARANTEE", lambda row: row.title),
    Column("GIVEN", lambda row: "yes" if row.held else "NO"),
    Column("SEEN", lambda row: row.seen),
)


def grade_here(invocation: Invocation, url: str, secret: str, *, observe: str | None, allow_remote: bool) -> int:
    """Grade in this process. Raises `Failure`."""
    import asyncio

    from billing.clock import SystemClock
    from billing.errors import Refused
    from devconsole.event_templates import Templates
    from relay.grading import Probe

    probe = Probe(url, secret, templates=Templates(), clock=SystemClock(), observe=observe, allow_remote=allow_remote)
    try:
        graded = asyncio.run(_graded(probe, quiet=invocation.json))
    except Refused as refused:
        raise Failure(refused.message, remedy=refused.remedy, code=refused.code) from refused
    invocation.show(graded, grade_text)
    return ExitCode.DONE if graded.passed == graded.of else ExitCode.REFUSED


async def _graded(probe: Probe, *, quiet: bool) -> GradeView:
    from relay.grading import grade

    def heard(row: GuaranteeView) -> None:
        if not quiet:
            output.say(f"  {'given' if row.held else 'NOT given':<9}  {row.title}")

    return await grade(probe, heard)


def grade_text(graded: GradeView) -> str:
    """The table, then how to mend what is not given."""
    parts = [table(COLUMNS, graded.guarantees, empty="")]
    parts += [
        f"{row.title}: not given.\n  seen: {row.seen}\n  mend: {row.remedy}"
        for row in graded.guarantees
        if not row.held
    ]
    looked = "answers and effects" if graded.observed else "answers only; --observe URL looks at effects too"
    parts.append(f"{graded.passed} of {graded.of} guarantees given ({looked})")
    return "\n\n".join(parts)
