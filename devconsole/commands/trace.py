"""`devconsole trace`: from any id to everything that it caused and that caused it."""

from __future__ import annotations

import click

from devconsole.commands.verb import Invocation, Verb
from devconsole.format import moment
from devconsole.output import Column, table
from relay.api import ShowTrace, Trace, TraceNode

COLUMNS: tuple[Column[TraceNode], ...] = (
    Column("AT", lambda row: moment(row.at)),
    Column("WHAT", lambda row: f"{'  ' * row.depth}{row.reference}"),
    Column("STATUS", lambda row: row.status or ""),
    Column("TITLE", lambda row: row.title),
    Column("DETAIL", lambda row: row.detail),
)


@click.command("trace", cls=Verb, operation=ShowTrace)
@click.argument("id_", metavar="ID")
@click.pass_obj
def command(invocation: Invocation, id_: str) -> None:
    invocation.show(invocation.call(ShowTrace(id=id_)), trace_text)


def trace_text(trace: Trace) -> str:
    return table(COLUMNS, trace.nodes, empty=f"Nothing belongs to {trace.of}.")
