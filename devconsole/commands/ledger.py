"""`devconsole ledger`: every movement of money, and the proof that they add up."""

from __future__ import annotations

import click

from devconsole.commands.arguments import limit, some_company
from devconsole.commands.verb import Invocation, Noun
from devconsole.format import amount, count, moment, signed, words
from devconsole.output import Column, ExitCode, facts, table
from relay.api import (
    Breach,
    CheckLedger,
    DifferenceView,
    DigestView,
    LedgerCheck,
    LedgerView,
    ListLedger,
    ReconcileLedger,
    Reconciliation,
    ShowDigest,
    StripeComparison,
)

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

DIFFERENCE_COLUMNS: tuple[Column[DifferenceView], ...] = (
    Column("WHAT", lambda row: words(row.kind)),
    Column("PAYMENT", lambda row: row.payment_intent_id),
    Column("TOP-UP", lambda row: "" if row.topup_id is None else str(row.topup_id), right=True),
    Column("COMPANY", lambda row: row.company_slug or ""),
    Column("EUR", lambda row: signed(row.amount_cents), right=True),
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
@click.option("--no-stripe", "stripe", flag_value=False, default=True, help="Prove our own rows only.")
@click.pass_obj
def check_ledger(invocation: Invocation, stripe: bool) -> int:
    """Exit code 1 when a rule is broken, or when Stripe's payments contradict ours."""
    check = invocation.show(invocation.call(CheckLedger(stripe=stripe)), check_text)
    return ExitCode.DONE if check.ok else ExitCode.REFUSED


@command.command("reconcile", operation=ReconcileLedger)
@click.option("--days", type=click.IntRange(1, 366), default=30, show_default=True, help="How far back.")
@click.option("--mend", is_flag=True, help="Read what was lost from Stripe once more, and book it.")
@click.pass_obj
def reconcile_ledger(invocation: Invocation, days: int, mend: bool) -> int:
    """Exit code 1 when our books and Stripe's differ."""
    request = ReconcileLedger(days=days, mend=mend)
    found = invocation.show(invocation.call(request), reconciliation_text)
    return ExitCode.DONE if found.comparison.agrees else ExitCode.REFUSED


@command.command("digest", operation=ShowDigest)
@click.pass_obj
def show_digest(invocation: Invocation) -> None:
    """Two runs of a story with the same seed print the same."""
    invocation.show(invocation.call(ShowDigest()), digest_text)


def digest_text(view: DigestView) -> str:
    return facts((("everything", view.digest), ("ledger", view.ledger_digest), ("events", view.events_digest)))


def check_text(check: LedgerCheck) -> str:
    return f"{_proof_text(check)}\n{stripe_text(check.stripe)}"


def _proof_text(check: LedgerCheck) -> str:
    extent = f"{count(check.rows, 'row')}, {count(check.companies, 'company', 'companies')}, {check.duration_ms} ms"
    if not check.breaches:
        return f"The ledger adds up: {extent}."
    broken = count(len(check.breaches), "breach", "breaches")
    return f"The ledger does not add up: {broken} ({extent}).\n\n{table(BREACH_COLUMNS, check.breaches, empty='')}\n"


def reconciliation_text(found: Reconciliation) -> str:
    parts = [f"Booked:\n{chr(10).join(f'  {line}' for line in found.mended)}\n"] if found.mended else []
    return "\n".join([*parts, stripe_text(found.comparison)])


def stripe_text(stripe: StripeComparison) -> str:
    """What Stripe says of our payments, with what differs."""
    if not stripe.asked:
        return f"Stripe was not asked: {stripe.reason}."
    payments = f"{count(stripe.payments, 'payment')} since {moment(stripe.since)}"
    if not stripe.complete:
        payments += ", the newest; there are more"
    head = f"Stripe {'says the same' if stripe.agrees else 'says otherwise'}: {payments}."
    if not stripe.differences:
        return head
    remedy = "\n\nBook what was lost: devconsole ledger reconcile --mend"
    rows = table(DIFFERENCE_COLUMNS, stripe.differences, empty="")
    return f"{head}\n\n{rows}{remedy if any(row.mendable for row in stripe.differences) else ''}"
