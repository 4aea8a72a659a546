"""`devconsole operations`: what was done on this server."""

from __future__ import annotations

import click
import msgspec

from devconsole.commands.arguments import limit
from devconsole.commands.verb import Invocation, Noun, Verb
from devconsole.format import moment
from devconsole.output import Column, table
from relay.api import ListOperations, PerformedView

COLUMNS: tuple[Column[PerformedView], ...] = (
    Column("AT", lambda row: moment(row.at)),
    Column("OPERATION", lambda row: row.name),
    Column("OUTCOME", lambda row: row.outcome),
    Column(
        "INPUT",
        lambda row: " ".join(f"{name}={_text(value)}" for name, value in row.input.items() if value is not None),
    ),
)

command = Noun("operations", help="Operations: what was done on this server, and what was refused.")


@command.command("list", operation=ListOperations)
@limit(50, 10_000)
@click.pass_obj
def list_operations(invocation: Invocation, limit: int) -> None:
    invocation.show_page(
        invocation.call(ListOperations(limit=limit)),
        lambda rows: table(COLUMNS, rows, empty="Nothing was done yet. Try: devconsole calls simulate --help"),
    )


@command.command("openapi", cls=Verb)
@click.pass_obj
def openapi(_invocation: Invocation) -> None:
    """Print the OpenAPI 3.1 document of the control API; a running server has it at /openapi.json."""
    from devconsole import __version__
    from devconsole.output import write_json
    from relay.openapi import document

    write_json(document(__version__))


def _text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
