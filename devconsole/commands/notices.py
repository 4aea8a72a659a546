"""`devconsole notices`: what companies were told."""

from __future__ import annotations

import click

from devconsole.commands.arguments import limit, some_company
from devconsole.commands.verb import Invocation, Noun
from devconsole.format import moment, words
from devconsole.output import Column, table
from relay.api import ListNotices, NoticeView

KINDS = (
    "low_balance",
    "spending_limit",
    "auto_topup_succeeded",
    "auto_topup_failed",
    "auto_topup_disabled",
    "payment_failed",
)
CHANNELS = ("in_app", "mail")

COLUMNS: tuple[Column[NoticeView], ...] = (
    Column("ID", lambda row: str(row.id), right=True),
    Column("WRITTEN", lambda row: moment(row.created_at)),
    Column("COMPANY", lambda row: row.company_slug),
    Column("KIND", lambda row: words(row.kind)),
    Column("LEVEL", lambda row: row.level or ""),
    Column("CHANNEL", lambda row: words(row.channel)),
    Column("TO", lambda row: row.recipient or ""),
    Column("STATUS", lambda row: row.status),
    Column("SUBJECT", lambda row: row.subject or ""),
)


command = Noun("notices", help="Notices: what companies were told.")


@command.command("list", operation=ListNotices)
@some_company
@click.option("--kind", type=click.Choice(KINDS), help="Only these.")
@click.option("--channel", type=click.Choice(CHANNELS), help="Only on this channel.")
@click.option("--text", "with_text", is_flag=True, help="Show the whole text of each.")
@limit(50, 500)
@click.pass_obj
def list_notices(
    invocation: Invocation, company: str | None, kind: str | None, channel: str | None, with_text: bool, limit: int
) -> None:
    page = invocation.call(ListNotices(company=company, kind=kind, channel=channel, limit=limit))
    invocation.show_page(page, letters if with_text else overview)


def overview(rows: tuple[NoticeView, ...]) -> str:
    return table(COLUMNS, rows, empty="No notices. One is written when a balance runs low or a payment fails.")


def letters(rows: tuple[NoticeView, ...]) -> str:
    """Each notice as its reader has it, divided by a line."""
    shown = [
        f"{row.subject or ''}\n{moment(row.created_at)}  {row.recipient or row.channel}\n\n{row.body or ''}"
        for row in rows
    ]
    return f"{'-' * 40}\n".join(shown) if shown else overview(rows)
