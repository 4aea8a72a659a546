"""`devconsole topups`: money that comes in."""

from __future__ import annotations

import click

from devconsole.commands.arguments import Euros, RowId, company, limit, request_key, some_company
from devconsole.commands.verb import Invocation, Noun
from devconsole.format import amount, euros, moment, words
from devconsole.output import Column, ExitCode, facts, table
from relay.api import (
    CancelTopup,
    CheckoutTopup,
    CreateTopup,
    ListTopups,
    PreviewTopup,
    ShowTopup,
    TopupPreview,
    TopupView,
)

OPEN = ("pending", "processing", "requires_action")
STATUSES = (*OPEN, "succeeded", "failed", "cancelled")

COLUMNS: tuple[Column[TopupView], ...] = (
    Column("ID", lambda row: str(row.id), right=True),
    Column("CREATED", lambda row: moment(row.created_at)),
    Column("COMPANY", lambda row: row.company_slug),
    Column("AMOUNT", lambda row: amount(row.amount_cents), right=True),
    Column("BONUS", lambda row: amount(row.bonus_cents), right=True),
    Column("STATUS", lambda row: words(row.status)),
    Column("ORIGIN", lambda row: row.origin),
    Column("REFUNDED", lambda row: amount(row.refunded_cents), right=True),
    Column("REASON", lambda row: row.decline_code or row.failure_code or ""),
    Column("PAYMENT", lambda row: row.payment_intent_id or row.checkout_session_id or ""),
)


command = Noun("topups", help="Top-ups: money that comes in.")


@command.command("create", operation=CreateTopup)
@company
@click.option("--amount", type=Euros(), required=True, help="10.00 to 10000.00, unless settings say otherwise.")
@click.option("--card", metavar="NAME|pm_…", help="A test card's name or a payment method; else the saved card.")
@request_key("top-up")
@click.pass_obj
def create_topup(invocation: Invocation, company: str, amount: int, card: str | None, request_key: str | None) -> int:
    """Exit code 1 when the card was declined; the codes are in the answer."""
    request = CreateTopup(company=company, amount_cents=amount, card=card, request_key=request_key)
    topup = invocation.show(invocation.call(request), topup_facts)
    return ExitCode.REFUSED if topup.status == "failed" else ExitCode.DONE


@command.command("checkout", operation=CheckoutTopup)
@company
@click.option("--amount", type=Euros(), required=True, help="10.00 to 10000.00, unless settings say otherwise.")
@request_key("top-up")
@click.pass_obj
def checkout_topup(invocation: Invocation, company: str, amount: int, request_key: str | None) -> None:
    request = CheckoutTopup(company=company, amount_cents=amount, request_key=request_key)
    invocation.show(invocation.call(request), topup_facts)


@command.command("preview", operation=PreviewTopup)
@company
@click.option("--amount", type=Euros(), required=True, help="10.00 to 10000.00, unless settings say otherwise.")
@click.pass_obj
def preview_topup(invocation: Invocation, company: str, amount: int) -> None:
    invocation.show(invocation.call(PreviewTopup(company=company, amount_cents=amount)), preview_facts)


@command.command("list", operation=ListTopups)
@some_company
@click.option("--status", type=click.Choice(STATUSES), help="Only those in this state.")
@limit(50, 500)
@click.pass_obj
def list_topups(invocation: Invocation, company: str | None, status: str | None, limit: int) -> None:
    invocation.show_page(
        invocation.call(ListTopups(company=company, status=status, limit=limit)),
        lambda rows: table(
            COLUMNS, rows, empty="No top-ups. Make one: devconsole topups create --company ID --amount 50 --card visa"
        ),
    )


@command.command("show", operation=ShowTopup)
@click.argument("topup", type=RowId("topup"))
@click.pass_obj
def show_topup(invocation: Invocation, topup: int) -> None:
    invocation.show(invocation.call(ShowTopup(topup=topup)), topup_facts)


@command.command("cancel", operation=CancelTopup)
@click.argument("topup", type=RowId("topup"))
@click.pass_obj
def cancel_topup(invocation: Invocation, topup: int) -> None:
    invocation.show(invocation.call(CancelTopup(topup=topup)), topup_facts)


def preview_facts(row: TopupPreview) -> str:
    bonus = f"{euros(row.bonus_cents)} ({row.bonus_rule}{', capped' if row.is_capped else ''})"
    return facts(
        (
            ("company", row.company_slug),
            ("amount", euros(row.amount_cents)),
            ("bonus", bonus if row.bonus_rule else "none"),
            *(
                ("not", f"{passed.rule}: {words(passed.reason)}")
                for passed in row.passed_over
                if passed.reason != "below_range"  # the higher steps of a ladder are no news
            ),
            ("net and VAT", f"{euros(row.net_cents)} + {euros(row.tax_cents)}"),
            ("usable after it", euros(row.effective_total_after_cents)),
        )
    )


def topup_facts(row: TopupView) -> str:
    pairs = (
        ("top-up", str(row.id)),
        ("company", row.company_slug),
        ("amount", euros(row.amount_cents)),
        ("bonus", euros(row.bonus_cents) if row.bonus_cents else None),
        ("status", words(row.status)),
        ("pay at", row.checkout_url if row.status in OPEN else None),
        ("expires", moment(row.expires_at) if row.expires_at and row.status in OPEN else None),
        ("failure", row.failure_message),
        ("code", row.failure_code),
        ("decline code", row.decline_code),
        ("card", row.payment_method_label),
        ("origin", row.origin),
        ("payment intent", row.payment_intent_id),
        ("checkout session", row.checkout_session_id),
        ("charge", row.charge_id),
        ("refunded", f"{euros(row.refunded_cents)} ({row.refund_status})" if row.refunded_cents else None),
        ("dispute", row.dispute_status),
        ("created", moment(row.created_at)),
        ("paid", moment(row.paid_at) if row.paid_at else None),
    )
    return facts((name, value) for name, value in pairs if value is not None)
