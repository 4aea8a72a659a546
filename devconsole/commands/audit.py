"""`devconsole audit`: who changed what, and why."""

from __future__ import annotations

import click

from devconsole.commands.arguments import limit, some_company
from devconsole.commands.verb import Invocation, Noun
from devconsole.format import amount, moment
from devconsole.output import Column, table
from relay.api import AuditView, ListAudit

ACTIONS = (
    "balance.adjusted",
    "balance.withdrawn",
    "call.refunded",
    "call.marked_non_billable",
    "payment.refund_requested",
    "limits.changed",
    "auto_topup.changed",
)

COLUMNS: tuple[Column[AuditView], ...] = (
    Column("ID", lambda row: str(row.id), right=True),
    Column("WHEN", lambda row: moment(row.created_at)),
    Column("WHO", lambda row: row.actor),
    Column("ACTION", lambda row: row.action),
    Column("COMPANY", lambda row: row.company_slug or ""),
    Column("TARGET", lambda row: row.target),
    Column("CHANGE", lambda row: changes(row)),
    Column("WHY", lambda row: row.reason or ""),
)


command = Noun("audit", help="The audit trail: who changed what, and why.")


@command.command("list", operation=ListAudit)
@some_company
@click.option("--action", type=click.Choice(ACTIONS), help="Only these acts.")
@click.option("--actor", metavar="NAME", help="Only what this person did.")
@limit(50, 500)
@click.pass_obj
def list_audit(invocation: Invocation, company: str | None, action: str | None, actor: str | None, limit: int) -> None:
    invocation.show_page(
        invocation.call(ListAudit(company=company, action=action, actor=actor, limit=limit)),
        lambda rows: table(COLUMNS, rows, empty="Nothing was changed by hand yet."),
    )


def changes(row: AuditView) -> str:
    """What differs, as `name: before → after`; amounts in euros."""
    return ", ".join(
        f"{name.removesuffix('_cents')}: {_value(name, row.before.get(name))} → {_value(name, value)}"
        for name, value in row.after.items()
        if name in row.before and row.before[name] != value
    )


def _value(name: str, value: object) -> str:
    if value is None or (isinstance(value, int) and name.endswith("_cents")):
        return amount(value)
    return str(value)
