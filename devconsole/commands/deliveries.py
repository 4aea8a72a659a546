"""`devconsole deliveries`: every HTTP request to the webhook, also the rejected ones."""

from __future__ import annotations

import sys

import click

from devconsole.commands.arguments import RowId, limit
from devconsole.commands.verb import Invocation, Noun
from devconsole.format import latency, moment, size
from devconsole.output import Column, facts, table
from relay.api import DeliveryDetail, DeliveryView, ListDeliveries, ResendDelivery, ShowDelivery, SignatureExplanation

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
@click.option("--raw", is_flag=True, help="Write nothing but the body to stdout, byte by byte.")
@click.pass_obj
def show_delivery(invocation: Invocation, delivery: int, raw: bool) -> None:
    detail = invocation.call(ShowDelivery(delivery=delivery))
    if raw:
        sys.stdout.buffer.write(detail.raw)
    else:
        invocation.show(detail, detail_text)


@command.command("resend", operation=ResendDelivery)
@click.argument("delivery", type=RowId("delivery"))
@click.pass_obj
def resend_delivery(invocation: Invocation, delivery: int) -> None:
    """That is: what a known secret vouches for, but came too late, or was rewritten on its way."""
    invocation.show(invocation.call(ResendDelivery(delivery=delivery)), delivery_facts)


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
    parts = [delivery_facts(detail.delivery)]
    if detail.first_delivery is not None:
        parts.append(first_text(detail.delivery.id, detail.first_delivery))
    if detail.explanation is not None:
        parts.append(explanation_text(detail.explanation))
    if detail.resendable:
        parts.append(f"A known secret vouches for it: devconsole deliveries resend {detail.delivery.id}")
    parts += [facts(detail.headers.items()), body_text(detail.raw), f"answered: {lines(detail.response_body)}"]
    return "\n\n".join(parts)


def first_text(duplicate: int, first: int) -> str:
    """Of a duplicate: where its first is, and how the two differ."""
    return (
        f"The first was delivery {first}: devconsole deliveries show {first}\n"
        f"What differs: devconsole events diff delivery_{first} delivery_{duplicate}"
    )


def explanation_text(explanation: SignatureExplanation) -> str:
    """Cause, what proves it, and what to do."""
    pairs = [("cause", f"{explanation.cause} ({'certain' if explanation.certain else 'likely'})")]
    pairs.append(("because", explanation.sentence))
    pairs += [("evidence" if number == 0 else "", line) for number, line in enumerate(explanation.evidence)]
    if explanation.remedy:
        pairs.append(("remedy", explanation.remedy))
    return facts(pairs)


def body_text(raw: bytes) -> str:
    """The body of a delivery; bytes that are no text are shown as numbers."""
    try:
        return lines(raw.decode())
    except UnicodeDecodeError:
        from devconsole.bodies import hex_lines

        return f"The body is no text; --raw writes it as it came.\n{hex_lines(raw)}"


def lines(body: str) -> str:
    """A body of several lines, each made harmless for a terminal."""
    from devconsole.output import printable

    return "\n".join(printable(line) for line in body.splitlines())
