"""`devconsole cards`: the test cards and what each of them does."""

from __future__ import annotations

import click

from devconsole.commands.verb import Invocation, Noun
from devconsole.output import Column, table
from relay.api import CardView, ListCards

COLUMNS: tuple[Column[CardView], ...] = (
    Column("NAME", lambda row: row.name),
    Column("NUMBER", lambda row: row.number),
    Column("BRAND", lambda row: row.brand),
    Column("PAYMENT METHOD", lambda row: row.payment_method),
    Column("WHAT HAPPENS", lambda row: row.what_happens),
)


command = Noun("cards", help="Test cards and what each of them does.")


@command.command("list", operation=ListCards)
@click.pass_obj
def list_cards(invocation: Invocation) -> None:
    invocation.show_page(invocation.call(ListCards()), lambda rows: table(COLUMNS, rows, empty="No test cards."))
