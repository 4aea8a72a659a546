"""`devconsole trace`: from any id to everything that it caused and that caused it."""

from __future__ import annotations

import shutil

import click

from devconsole.commands.verb import Invocation, Verb
from devconsole.format import moment
from devconsole.output import Column, table
from devconsole.sequence import sequence
from devconsole.trace_tree import branches, since_start, took
from relay.api import ShowTrace, Trace


@click.command("trace", cls=Verb, operation=ShowTrace)
@click.argument("id_", metavar="ID")
@click.option(
    "--as",
    "shape",
    type=click.Choice(("tree", "sequence")),
    default="tree",
    show_default=True,
    help="A tree of causes and effects, or who spoke to whom in the order of time.",
)
@click.pass_obj
def command(invocation: Invocation, id_: str, shape: str) -> None:
    invocation.show(invocation.call(ShowTrace(id=id_)), sequence_text if shape == "sequence" else trace_text)


def trace_text(trace: Trace) -> str:
    signs = branches([node.depth for node in trace.nodes])
    columns: tuple[Column[int], ...] = (
        Column("AFTER", lambda place: since_start(trace.nodes[place].since_start_us), right=True),
        Column("TOOK", lambda place: took(trace.nodes[place]), right=True),
        Column("WHAT", lambda place: f"{signs[place]}{trace.nodes[place].reference}"),
        Column("STATUS", lambda place: trace.nodes[place].status or ""),
        Column("TITLE", lambda place: trace.nodes[place].title),
        Column("DETAIL", lambda place: trace.nodes[place].detail),
    )
    began = f"Began {moment(min(node.at for node in trace.nodes))}\n\n" if trace.nodes else ""
    return began + table(columns, range(len(trace.nodes)), empty=f"Nothing belongs to {trace.of}.")


def sequence_text(trace: Trace) -> str:
    lines = sequence(trace.nodes, width=shutil.get_terminal_size((120, 40)).columns)
    return "\n".join(lines) or f"Nothing belongs to {trace.of}."
