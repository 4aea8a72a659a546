"""`devconsole deliveries`: every HTTP request to the webhook, also the rejected ones."""

from __future__ import annotations

import click

from devconsole.commands.arguments import RowId, limit
from devconsole.commands.verb import Invocation, Noun
from devconsole.format import latency, moment, size
from devconsole.output import Column, facts, table
from relay.api import DeliveryDetail, DeliveryView, ListDeliveries, ShowDelivery

COLUMNS: tuple[Column[DeliveryView], ...] = (
    Column("ID", lambda row: str(row.id), right=True),
    Column("RECEIVED", lambda row: moment(row.received_at)),
    Column("SOURCE", lambda row: row.source),
    Column("EVENT", lambda row: row.event_id or ""),
    Column("VERDICT", lambda row: row.verdict),
    Column("HTTP", lambda row: str(row.http_status), right=True),
    Column("TOOK", lambda row: latency(row.latency_us), right=True),
    Column("SIZE", lambda row: size(row.body_bytes), right=True),
    Column("REASON", lambda row: row.reason),
)

command = Noun("deliveries", help="Deliveries: every HTTP request to the webhook.")


@command.command("list", operation=ListDeliveries)
@click.option(
    "--verdict", type=click.Choice(("accepted", "duplicate", "rejected")), help="Only those judged like this."
)
@limit(50, 500)
@click.pass_obj
def list_deliveries(invocation: Invocation, verdict: str | None, limit: int) -> None:
    invocation.show_page(
        invocation.call(ListDeliveries(verdict=verdict, limit=limit)),
        lambda rows: table(COLUMNS, rows, empty="Nothing was delivered yet. Try: devconsole events trigger NAME"),
    )


@command.command("show", operation=ShowDelivery)
@click.argument("delivery", type=RowId("delivery"))
@click.pass_obj
def show_delivery(invocation: Invocation, delivery: int) -> None:
    invocation.show(invocation.call(ShowDelivery(delivery=delivery)), detail_text)


def delivery_facts(row: DeliveryView) -> str:
    pairs = (
        ("delivery", str(row.id)),
        ("event", row.event_id),
        ("verdict", f"{row.verdict} ({row.reason_code}): {row.reason}"),
        ("remedy", row.remedy),
        ("signed with", row.secret_label),
        ("answer", f"HTTP {row.http_status} after {latency(row.latency_us)}"),
        ("source", row.source),
        ("size", size(row.body_bytes)),
        ("received", moment(row.received_at)),
    )
    return facts((name, value) for name, value in pairs if value is not None)


def detail_text(detail: DeliveryDetail) -> str:
    return "\n\n".join(
        (
            delivery_facts(detail.delivery),
            facts(detail.headers.items()),
            lines(detail.body),
            f"answered: {lines(detail.response_body)}",
        )
    )


def lines(body: str) -> str:
    """A body of several lines, each made harmless for a terminal."""
    from devconsole.output import printable

    return "\n".join(printable(line) for line in body.splitlines())
