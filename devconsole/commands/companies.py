"""`devconsole companies`: who tops up and calls."""

from __future__ import annotations

import click

from devconsole.commands.arguments import Euros, company
from devconsole.commands.verb import Invocation, Noun
from devconsole.format import amount, day, duration, euros, moment, rate, yes_no
from devconsole.output import Column, facts, table
from relay.api import CompanyView, CreateCompany, ListCompanies, ShowCompany, ShowUsage, UsageDayView, UsageView

COLUMNS: tuple[Column[CompanyView], ...] = (
    Column("ID", lambda row: str(row.id), right=True),
    Column("SLUG", lambda row: row.slug),
    Column("NAME", lambda row: row.name),
    Column("BALANCE", lambda row: amount(row.balance.balance_cents), right=True),
    Column("BONUS", lambda row: amount(row.balance.bonus_cents), right=True),
    Column("LEVEL", lambda row: row.balance.level),
    Column("RATE", lambda row: rate(row.rate_e4_per_minute), right=True),
    Column("PREPAID", lambda row: yes_no(row.prepaid_billing_enabled)),
    Column("AUTO TOP-UP", lambda row: _auto_topup(row)),
)


USAGE_COLUMNS: tuple[Column[UsageDayView], ...] = (
    Column("DAY", lambda row: day(row.day)),
    Column("CALLS", lambda row: f"{row.calls:,}", right=True),
    Column("TALKED", lambda row: duration(row.talked_s), right=True),
    Column("COST", lambda row: amount(row.cost_cents), right=True),
    Column("REFUNDED", lambda row: amount(row.refunded_cents), right=True),
)


command = Noun("companies", help="Companies: who tops up and calls.")


@command.command("list", operation=ListCompanies)
@click.pass_obj
def list_companies(invocation: Invocation) -> None:
    invocation.show_page(
        invocation.call(ListCompanies()),
        lambda rows: table(
            COLUMNS, rows, empty="No companies yet. Create one: devconsole companies create --name NAME"
        ),
    )


@command.command("show", operation=ShowCompany)
@company
@click.pass_obj
def show_company(invocation: Invocation, company: str) -> None:
    invocation.show(invocation.call(ShowCompany(company=company)), company_facts)


@command.command("create", operation=CreateCompany)
@click.argument("word", metavar="[NAME]", required=False)
@click.option("--name", metavar="NAME", help="The company's name.")
@click.option("--slug", help="Its short name; made from the name when left out.")
@click.option("--email", help="Where Stripe sends receipts.")
@click.option("--balance", type=Euros(), default=0, help="Opening balance, booked as an adjustment.")
@click.option("--prepaid/--no-prepaid", default=True, help="Whether its calls are charged.")
@click.pass_obj
def create_company(
    invocation: Invocation,
    word: str | None,
    name: str | None,
    slug: str | None,
    email: str | None,
    balance: int,
    prepaid: bool,
) -> None:
    if (word is None) == (name is None):
        raise click.UsageError("Give the company one name: --name NAME.")
    created = invocation.call(
        CreateCompany(
            company_name=name or word or "",
            slug=slug,
            email=email,
            opening_balance_cents=balance,
            prepaid_billing_enabled=prepaid,
        )
    )
    invocation.show(created, company_facts)


@command.command("usage", operation=ShowUsage)
@company
@click.option("--days", type=click.IntRange(1, 366), default=30, show_default=True, help="Today included.")
@click.pass_obj
def show_usage(invocation: Invocation, company: str, days: int) -> None:
    invocation.show(invocation.call(ShowUsage(company=company, days=days)), usage_text)


def usage_text(view: UsageView) -> str:
    """Figures of the whole span, then the days with calls, the newest first."""
    head = facts(
        (
            ("company", view.company_slug),
            ("since", moment(view.since)),
            ("calls", f"{view.calls:,}"),
            ("talked", duration(view.talked_s)),
            ("cost", f"{euros(view.cost_cents)}, {euros(view.refunded_cents)} of it refunded"),
            ("a call", f"{duration(view.average_s)} for {euros(view.average_cents)}"),
            ("calendar", view.timezone),
        )
    )
    busy = [each for each in reversed(view.by_day) if each.calls]
    return f"{head}\n\n{table(USAGE_COLUMNS, busy, empty='No call in these days.')}"


def company_facts(row: CompanyView) -> str:
    balance = row.balance
    return facts(
        (
            ("company", f"{row.name} ({row.slug}, id {row.id})"),
            ("email", row.email or "none"),
            ("active", yes_no(row.is_active)),
            ("prepaid billing", yes_no(row.prepaid_billing_enabled)),
            ("rate", rate(row.rate_e4_per_minute)),
            ("balance", euros(balance.balance_cents)),
            ("bonus", euros(balance.bonus_cents)),
            ("reserved", euros(balance.reserved_cents)),
            ("usable", f"{euros(balance.effective_total_cents)} ({balance.level})"),
            ("auto top-up", _auto_topup(row)),
            ("Stripe customer", row.stripe_customer_id or "none yet"),
            ("created", moment(row.created_at)),
        )
    )


def _auto_topup(row: CompanyView) -> str:
    settings = row.auto_topup
    if not settings.enabled:
        return "off"
    return f"{euros(settings.amount_cents)} at {euros(settings.threshold_cents)}"
