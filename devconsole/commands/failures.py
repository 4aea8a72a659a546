"""`devconsole failures`: what went wrong and still needs somebody."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from devconsole.commands.arguments import limit
from devconsole.commands.verb import Invocation, Noun
from devconsole.format import moment, relative
from devconsole.output import Column, table
from relay.api import FailureView, ListFailures

command = Noun("failures", help="Failures: what went wrong and still needs somebody.")


@command.command("list", operation=ListFailures)
@limit(100, 500)
@click.pass_obj
def list_failures(invocation: Invocation, limit: int) -> None:
    now = datetime.now(UTC)
    invocation.show_page(
        invocation.call(ListFailures(limit=limit)),
        lambda rows: table(columns(now), rows, empty="Nothing failed."),
    )


def columns(now: datetime) -> tuple[Column[FailureView], ...]:
    return (
        Column("WHAT", lambda row: row.reference),
        Column("SINCE", lambda row: moment(row.occurred_at)),
        Column("COMPANY", lambda row: row.company_slug or ""),
        Column("TITLE", lambda row: row.title),
        Column("NEXT TRY", lambda row: relative(row.next_attempt_at, now=now)),
        Column("REASON", lambda row: row.reason),
        Column("REMEDY", lambda row: row.remedy or ""),
    )
