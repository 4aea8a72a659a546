"""`devconsole sandbox`: what the offline Stripe can do."""

from __future__ import annotations

import click

from devconsole import output
from devconsole.commands.verb import Invocation, Noun
from devconsole.output import Column, table
from fixtures.sandbox.coverage import Covered, coverage

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
