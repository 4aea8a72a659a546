"""`devconsole filters`: filters of the event list under a name, shared with the console."""

from __future__ import annotations

import click

from devconsole.commands.verb import Invocation, Noun
from devconsole.format import moment
from devconsole.output import Column, facts, table
from relay.api import DeleteFilter, ListFilters, SavedFilterView, SaveFilter

COLUMNS: tuple[Column[SavedFilterView], ...] = (
    Column("NAME", lambda row: f"@{row.name}"),
    Column("FILTER", lambda row: row.filter),
    Column("SAVED", lambda row: moment(row.saved_at)),
)
NONE = "No filter is saved. Try: devconsole filters save big-failures 'failed amount>=100'"

command = Noun("filters", help="Filters of the event list that have a name.")


@command.command("list", operation=ListFilters)
@click.pass_obj
def list_filters(invocation: Invocation) -> None:
    invocation.show_page(invocation.call(ListFilters()), lambda rows: table(COLUMNS, rows, empty=NONE))


@command.command("save", operation=SaveFilter)
@click.argument("name", metavar="NAME")
@click.argument("filter_", metavar="FILTER")
@click.pass_obj
def save_filter(invocation: Invocation, name: str, filter_: str) -> None:
    """Use it as @NAME wherever a filter is asked for. NAME has small letters, digits, - and _."""
    invocation.show(invocation.call(SaveFilter(as_=name.removeprefix("@"), filter=filter_)), _facts)


@command.command("delete", operation=DeleteFilter)
@click.argument("name", metavar="NAME")
@click.pass_obj
def delete_filter(invocation: Invocation, name: str) -> None:
    invocation.show(invocation.call(DeleteFilter(saved=name)), _facts)


def _facts(row: SavedFilterView) -> str:
    return facts((("name", f"@{row.name}"), ("filter", row.filter), ("saved", moment(row.saved_at))))
