"""`devconsole balances`: what each company can still spend."""

from __future__ import annotations

import click

from devconsole.commands.arguments import Euros, company
from devconsole.commands.verb import Invocation, Noun
from devconsole.format import amount, euros, level, moment, remaining, yes_no
from devconsole.output import Column, facts, table
from relay.api import AdjustBalance, BalanceView, DrainBalance, ListBalances, ShowBalance, WithdrawBalance

COLUMNS: tuple[Column[BalanceView], ...] = (
    Column("ID", lambda row: str(row.company_id), right=True),
    Column("COMPANY", lambda row: row.company_slug),
    Column("BALANCE", lambda row: amount(row.balance_cents), right=True),
    Column("BONUS", lambda row: amount(row.bonus_cents), right=True),
    Column("RESERVED", lambda row: amount(row.reserved_cents), right=True),
    Column("USABLE", lambda row: amount(row.effective_total_cents), right=True),
    Column("LEVEL", lambda row: row.level),
    Column("LASTS", lambda row: remaining(row.remaining_s), right=True),
    Column("AUTO TOP-UP", lambda row: yes_no(row.auto_topup_armed)),
)


command = Noun("balances", help="Balances: what each company can still spend.")


@command.command("list", operation=ListBalances)
@click.pass_obj
def list_balances(invocation: Invocation) -> None:
    invocation.show_page(
        invocation.call(ListBalances()),
        lambda rows: table(
            COLUMNS, rows, empty="No companies yet. Create one: devconsole companies create --name NAME"
        ),
    )


@command.command("show", operation=ShowBalance)
@company
@click.pass_obj
def show_balance(invocation: Invocation, company: str) -> None:
    invocation.show(invocation.call(ShowBalance(company=company)), balance_facts)


@command.command("drain", operation=DrainBalance)
@company
@click.option("--to", type=Euros(), help="What stays usable; else just below the low-balance threshold.")
@click.option("--reason", help="Kept in the ledger.")
@click.pass_obj
def drain_balance(invocation: Invocation, company: str, to: int | None, reason: str | None) -> None:
    request = DrainBalance(company=company, to_cents=to)
    if reason is not None:
        request = DrainBalance(company=company, to_cents=to, reason=reason)
    invocation.show(invocation.call(request), balance_facts)


@command.command("adjust", operation=AdjustBalance)
@company
@click.option("--credit", type=Euros(), help="Add this much.")
@click.option("--debit", type=Euros(), help="Take this much away.")
@click.option("--bonus", is_flag=True, help="Of the bonus, instead of the money.")
@click.option("--reason", required=True, help="Kept in the ledger and in the audit trail.")
@click.option("--actor", default="developer", show_default=True, help="Who does it.")
@click.pass_obj
def adjust_balance(
    invocation: Invocation,
    company: str,
    credit: int | None,
    debit: int | None,
    bonus: bool,
    reason: str,
    actor: str,
) -> None:
    if (credit is None) == (debit is None):
        raise click.UsageError("Give either --credit or --debit.")
    cents = credit if credit is not None else -(debit or 0)
    request = AdjustBalance(
        company=company,
        money_cents=0 if bonus else cents,
        bonus_cents=cents if bonus else 0,
        actor=actor,
        reason=reason,
    )
    invocation.show(invocation.call(request), balance_facts)


@command.command("withdraw", operation=WithdrawBalance)
@company
@click.option("--amount", type=Euros(), required=True, help="How much is paid out.")
@click.option("--reason", required=True, help="Kept in the ledger and in the audit trail.")
@click.option("--actor", default="developer", show_default=True, help="Who does it.")
@click.pass_obj
def withdraw_balance(invocation: Invocation, company: str, amount: int, reason: str, actor: str) -> None:
    request = WithdrawBalance(company=company, amount_cents=amount, actor=actor, reason=reason)
    invocation.show(invocation.call(request), balance_facts)


def balance_facts(row: BalanceView) -> str:
    return facts(
        (
            ("company", f"{row.company_name} ({row.company_slug}, id {row.company_id})"),
            ("balance", euros(row.balance_cents)),
            ("bonus", euros(row.bonus_cents)),
            ("reserved", euros(row.reserved_cents)),
            ("usable", f"{euros(row.effective_total_cents)}, {remaining(row.remaining_s)} of calling"),
            ("level", f"{row.level}: {level(row.level)}"),
            ("low-balance threshold", euros(row.low_balance_threshold_cents)),
            ("auto top-up armed", yes_no(row.auto_topup_armed)),
            ("updated", moment(row.updated_at)),
        )
    )
