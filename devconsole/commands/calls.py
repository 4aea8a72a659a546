"""`devconsole calls`: simulate them, and give money back for them."""

from __future__ import annotations

import click

from devconsole.commands.arguments import Euros, RowId, Seconds, company, limit, request_key, some_company
from devconsole.commands.verb import Invocation, Noun
from devconsole.format import amount, duration, euros, moment, rate, words
from devconsole.output import Column, facts, table
from relay.api import CallView, EndCall, ListCalls, MarkNonBillable, RefundCall, ShowCall, SimulateCall, StartCall

CHARGE_STATUSES = ("none", "charged", "unpaid", "not_billable")

COLUMNS: tuple[Column[CallView], ...] = (
    Column("ID", lambda row: str(row.id), right=True),
    Column("STARTED", lambda row: moment(row.started_at)),
    Column("COMPANY", lambda row: row.company_slug),
    Column("TO", lambda row: row.to_number or ""),
    Column("STATUS", lambda row: words(row.status)),
    Column("DURATION", lambda row: duration(row.duration_s), right=True),
    Column("PRICE", lambda row: amount(row.amount_cents), right=True),
    Column("BY BONUS", lambda row: amount(row.paid_by_bonus_cents), right=True),
    Column("CHARGE", lambda row: words(row.charge_status)),
    Column("REFUNDED", lambda row: amount(row.refunded_cents), right=True),
)


command = Noun("calls", help="Calls: simulate them, and give money back for them.")


@command.command("simulate", operation=SimulateCall)
@company
@click.option("--duration", type=Seconds(), required=True, help="Seconds, or m:ss.")
@click.option("--from", "from_number", metavar="NUMBER", help="Who calls.")
@click.option("--to", "to_number", metavar="NUMBER", help="Who is called.")
@click.pass_obj
def simulate_call(
    invocation: Invocation, company: str, duration: int, from_number: str | None, to_number: str | None
) -> None:
    request = SimulateCall(company=company, duration_s=duration, from_number=from_number, to_number=to_number)
    invocation.show(invocation.call(request), call_facts)


@command.command("start", operation=StartCall)
@company
@click.option("--from", "from_number", metavar="NUMBER", help="Who calls.")
@click.option("--to", "to_number", metavar="NUMBER", help="Who is called.")
@click.pass_obj
def start_call(invocation: Invocation, company: str, from_number: str | None, to_number: str | None) -> None:
    request = StartCall(company=company, from_number=from_number, to_number=to_number)
    invocation.show(invocation.call(request), call_facts)


@command.command("end", operation=EndCall)
@click.argument("call", type=RowId("call"))
@click.option("--duration", type=Seconds(), help="Seconds, or m:ss; else the time since the start.")
@click.pass_obj
def end_call(invocation: Invocation, call: int, duration: int | None) -> None:
    invocation.show(invocation.call(EndCall(call=call, duration_s=duration)), call_facts)


@command.command("list", operation=ListCalls)
@some_company
@click.option("--charge-status", type=click.Choice(CHARGE_STATUSES), help="Only those charged like this.")
@limit(50, 500)
@click.pass_obj
def list_calls(invocation: Invocation, company: str | None, charge_status: str | None, limit: int) -> None:
    invocation.show_page(
        invocation.call(ListCalls(company=company, charge_status=charge_status, limit=limit)),
        lambda rows: table(
            COLUMNS, rows, empty="No calls. Make one: devconsole calls simulate --company ID --duration 157"
        ),
    )


@command.command("show", operation=ShowCall)
@click.argument("call", type=RowId("call"))
@click.pass_obj
def show_call(invocation: Invocation, call: int) -> None:
    invocation.show(invocation.call(ShowCall(call=call)), call_facts)


@command.command("refund", operation=RefundCall)
@click.argument("call", type=RowId("call"))
@click.option("--amount", type=Euros(), help="How much; else all that has not been refunded.")
@click.option("--reason", default="technical_issue", show_default=True, help="Kept with the refund.")
@click.option("--notes", help="In a few words.")
@click.option("--actor", default="developer", show_default=True, help="Who does it.")
@request_key("refund")
@click.pass_obj
def refund_call(
    invocation: Invocation,
    call: int,
    amount: int | None,
    reason: str,
    notes: str | None,
    actor: str,
    request_key: str | None,
) -> None:
    request = RefundCall(
        call=call, amount_cents=amount, reason=reason, notes=notes, actor=actor, request_key=request_key
    )
    invocation.show(invocation.call(request), call_facts)


@command.command("mark-non-billable", operation=MarkNonBillable)
@click.argument("call", type=RowId("call"))
@click.option("--reason", default="technical_issue", show_default=True, help="Such as test_call or demo_call.")
@click.option("--notes", help="In a few words.")
@click.option("--actor", default="developer", show_default=True, help="Who does it.")
@click.pass_obj
def mark_non_billable(invocation: Invocation, call: int, reason: str, notes: str | None, actor: str) -> None:
    request = MarkNonBillable(call=call, reason=reason, notes=notes, actor=actor)
    invocation.show(invocation.call(request), call_facts)


def call_facts(row: CallView) -> str:
    pairs = (
        ("call", f"{row.id} ({row.call_id})"),
        ("company", row.company_slug),
        ("from", row.from_number),
        ("to", row.to_number),
        ("status", words(row.status)),
        ("charge", words(row.charge_status)),
        ("duration", duration(row.duration_s)),
        ("rate", rate(row.rate_e4_per_minute)),
        ("price", euros(row.amount_cents)),
        ("by bonus", euros(row.paid_by_bonus_cents) if row.paid_by_bonus_cents else None),
        ("refunded", f"{euros(row.refunded_cents)} ({row.refund_status})" if row.refunded_cents else None),
        ("ledger row", str(row.ledger_id) if row.ledger_id else None),
        ("started", moment(row.started_at)),
        ("ended", moment(row.ended_at) if row.ended_at else None),
    )
    return facts((name, value) for name, value in pairs if value is not None)
