"""`devconsole ledger`: every movement of money, and the proof that they add up."""

from __future__ import annotations

import click

from devconsole.commands.arguments import limit, some_company
from devconsole.commands.verb import Invocation, Noun
from devconsole.format import amount, count, moment, signed
from devconsole.output import Column, ExitCode, facts, table
from relay.api import Breach, CheckLedger, DigestView, LedgerCheck, LedgerView, ListLedger, ShowDigest

TYPES = ("topup", "charge", "refund", "adjustment", "reservation", "release", "bonus", "withdrawal")

COLUMNS: tuple[Column[LedgerView], ...] = (
    Column("ID", lambda row: str(row.id), right=True),
    Column("BOOKED", lambda row: moment(row.created_at)),
    Column("COMPANY", lambda row: row.company_slug),
    Column("TYPE", lambda row: row.type),
    Column("MONEY", lambda row: signed(row.money_cents), right=True),
    Column("BONUS", lambda row: signed(row.bonus_cents), right=True),
    Column("RESERVED", lambda row: signed(row.reserved_cents), right=True),
    Column("BALANCE AFTER", lambda row: amount(row.balance_after_cents), right=True),
    Column("DESCRIPTION", lambda row: row.description),
    Column("EVENT", lambda row: row.event_id or ""),
)

BREACH_COLUMNS: tuple[Column[Breach], ...] = (
    Column("RULE", lambda row: row.rule),
    Column("IDS", lambda row: ", ".join(row.ids)),
    Column("DETAIL", lambda row: row.detail),
)

command = Noun("ledger", help="The ledger: every movement of money, and its proof.")


@command.command("list", operation=ListLedger)
@some_company
@click.option("--type", "type_", type=click.Choice(TYPES), help="Only rows of this type.")
@limit(50, 500)
@click.pass_obj
def list_ledger(invocation: Invocation, company: str | None, type_: str | None, limit: int) -> None:
    invocation.show_page(
        invocation.call(ListLedger(company=company, type=type_, limit=limit)),
        lambda rows: table(COLUMNS, rows, empty="The ledger is empty: no money has moved yet."),
    )


@command.command("check", operation=CheckLedger)
@click.pass_obj
def check_ledger(invocation: Invocation) -> int:
    """Exit code 1 when a rule is broken."""
    check = invocation.show(invocation.call(CheckLedger()), check_text)
    return ExitCode.DONE if check.ok else ExitCode.REFUSED


@command.command("digest", operation=ShowDigest)
@click.pass_obj
def show_digest(invocation: Invocation) -> None:
    """Two runs of a story with the same seed print the same."""
    invocation.show(invocation.call(ShowDigest()), digest_text)


def digest_text(view: DigestView) -> str:
    return facts((("everything", view.digest), ("ledger", view.ledger_digest), ("events", view.events_digest)))


def check_text(check: LedgerCheck) -> str:
    extent = f"{count(check.rows, 'row')}, {count(check.companies, 'company', 'companies')}, {check.duration_ms} ms"
    if check.ok:
        return f"The ledger adds up: {extent}."
    broken = count(len(check.breaches), "breach", "breaches")
    return f"The ledger does not add up: {broken} ({extent}).\n\n{table(BREACH_COLUMNS, check.breaches, empty='')}"
