"""`devconsole auto-topup`: when a balance fills itself up, and why it did not."""

from __future__ import annotations

import click

from devconsole.commands.arguments import Euros, company, limit, some_company
from devconsole.commands.verb import Invocation, Noun
from devconsole.format import amount, euros, moment, words, yes_no
from devconsole.output import Column, facts, table
from relay.api import (
    AutoTopupCheck,
    AutoTopupView,
    CheckAutoTopup,
    DecisionView,
    ListDecisions,
    SetAutoTopup,
    ShowAutoTopup,
)

COLUMNS: tuple[Column[DecisionView], ...] = (
    Column("ID", lambda row: str(row.id), right=True),
    Column("DECIDED", lambda row: moment(row.decided_at)),
    Column("COMPANY", lambda row: row.company_slug),
    Column("CHARGED", lambda row: yes_no(row.allowed)),
    Column("USABLE", lambda row: amount(row.effective_total_cents), right=True),
    Column("THRESHOLD", lambda row: amount(row.threshold_cents), right=True),
    Column("AMOUNT", lambda row: amount(row.amount_cents), right=True),
    Column("AFTER", lambda row: words(row.triggered_by)),
    Column("WHY", lambda row: row.explanation),
)


command = Noun("auto-topup", help="Automatic top-up: when a balance fills itself up.")


@command.command("show", operation=ShowAutoTopup)
@company
@click.pass_obj
def show_auto_topup(invocation: Invocation, company: str) -> None:
    invocation.show(invocation.call(ShowAutoTopup(company=company)), settings_facts)


@command.command("set", operation=SetAutoTopup)
@company
@click.option("--enable/--disable", "enabled", default=None, help="Switch it on or off.")
@click.option("--threshold", type=Euros(), help="Charge when the usable balance is at or below this.")
@click.option("--amount", type=Euros(), help="What is charged.")
@click.option("--card", metavar="NAME|pm_…", help="A test card's name or a payment method, to be saved.")
@click.option("--daily-limit", type=click.IntRange(1, 5), help="Automatic top-ups a day.")
@click.option("--monthly-limit", type=Euros(), help="Euros a calendar month.")
@click.pass_obj
def set_auto_topup(
    invocation: Invocation,
    company: str,
    enabled: bool | None,
    threshold: int | None,
    amount: int | None,
    card: str | None,
    daily_limit: int | None,
    monthly_limit: int | None,
) -> None:
    changed = invocation.call(
        SetAutoTopup(
            company=company,
            enabled=enabled,
            threshold_cents=threshold,
            amount_cents=amount,
            card=card,
            daily_limit=daily_limit,
            monthly_limit_cents=monthly_limit,
        )
    )
    invocation.show(changed, settings_facts)


@command.command("check", operation=CheckAutoTopup)
@company
@click.pass_obj
def check_auto_topup(invocation: Invocation, company: str) -> None:
    invocation.show(invocation.call(CheckAutoTopup(company=company)), check_facts)


@command.command("decisions", operation=ListDecisions)
@some_company
@limit(50, 500)
@click.pass_obj
def list_decisions(invocation: Invocation, company: str | None, limit: int) -> None:
    invocation.show_page(
        invocation.call(ListDecisions(company=company, limit=limit)),
        lambda rows: table(COLUMNS, rows, empty="No decisions yet: one is made after each charged call."),
    )


def settings_facts(row: AutoTopupView) -> str:
    return facts(
        (
            ("company", row.company_slug),
            ("enabled", yes_no(row.enabled) + (f" ({row.disabled_reason})" if row.disabled_reason else "")),
            ("threshold", euros(row.threshold_cents)),
            ("amount", euros(row.amount_cents)),
            ("card", row.payment_method_label or row.payment_method or "none saved"),
            ("today", f"{row.daily_count} of {row.daily_limit}"),
            ("this month", f"{euros(row.month_used_cents)} of {euros(row.monthly_limit_cents)}"),
            ("failures in a row", str(row.failure_count)),
            ("last success", moment(row.last_success_at)),
            ("next allowed", moment(row.next_allowed_at) if row.next_allowed_at else "now"),
        )
    )


def check_facts(check: AutoTopupCheck) -> str:
    decision = check.decision
    return facts(
        (
            ("company", decision.company_slug),
            ("charged", yes_no(decision.allowed)),
            ("why", f"{decision.explanation} ({decision.reason})"),
            ("usable", euros(decision.effective_total_cents)),
            ("threshold", euros(decision.threshold_cents)),
            ("amount", euros(decision.amount_cents)),
            ("top-up", str(decision.topup_id) if decision.topup_id else "none"),
        )
    )
