"""`devconsole events`: what Stripe said, what was done with it, and saying it again."""

from __future__ import annotations

import click

from devconsole import output
from devconsole.commands.arguments import Euros, limit, some_company
from devconsole.commands.auto_topup import COLUMNS as DECISION_COLUMNS
from devconsole.commands.bodies import edited, read_body, send
from devconsole.commands.deliveries import COLUMNS as DELIVERY_COLUMNS
from devconsole.commands.deliveries import delivery_facts, lines
from devconsole.commands.ledger import COLUMNS as LEDGER_COLUMNS
from devconsole.commands.rehearsals import rehearse, which_events
from devconsole.commands.topups import topup_facts
from devconsole.commands.verb import Invocation, Noun
from devconsole.format import count, latency, moment, money, words
from devconsole.output import Column, ExitCode, facts, table
from relay.api import (
    AttemptView,
    Comparison,
    Difference,
    DiffEvents,
    EventDetail,
    EventTypeView,
    EventView,
    ForwardView,
    ListEvents,
    ListEventTypes,
    MarkEvent,
    RehearseEvents,
    ReplayEvents,
    ReplayResult,
    SendEvent,
    ShowEvent,
    TriggerEvent,
)

events_filter = click.option("--filter", "filter_", metavar="FILTER", help="Only those that match; see `list --help`.")

STATUSES = ("pending", "held", "completed", "ignored", "unmatched", "quarantined", "failed")

FORWARD_COLUMNS: tuple[Column[ForwardView], ...] = (
    Column("FORWARD", lambda row: str(row.id), right=True),
    Column("TO", lambda row: row.target_name),
    Column("STATE", lambda row: row.state),
    Column("HTTP", lambda row: str(row.http_status or ""), right=True),
    Column("TRIES", lambda row: str(row.tries), right=True),
    Column("NEXT TRY", lambda row: moment(row.next_try_at)),
    Column("REASON", lambda row: row.reason or ""),
)

COLUMNS: tuple[Column[EventView], ...] = (
    Column("NR", lambda row: str(row.id), right=True),
    Column("RECEIVED", lambda row: moment(row.received_at)),
    Column("TYPE", lambda row: row.type),
    Column("COMPANY", lambda row: row.company_slug or ""),
    Column("AMOUNT", lambda row: money(row.amount_cents, row.currency), right=True),
    Column("STATUS", lambda row: row.status),
    Column("EVENT", lambda row: row.event_id),
    Column("REASON", lambda row: row.reason or ""),
)

ATTEMPT_COLUMNS: tuple[Column[AttemptView], ...] = (
    Column("ATTEMPT", lambda row: str(row.number), right=True),
    Column("STARTED", lambda row: moment(row.started_at)),
    Column("TOOK", lambda row: latency(row.duration_us), right=True),
    Column("OUTCOME", lambda row: words(row.outcome)),
    Column("NEXT TRY", lambda row: moment(row.next_attempt_at)),
    Column("REASON", lambda row: row.reason or ""),
)

REPLAY_COLUMNS: tuple[Column[ReplayResult], ...] = (
    Column("EVENT", lambda row: row.event_id),
    Column("BEFORE", lambda row: row.status_before),
    Column("AFTER", lambda row: row.status_after),
    Column("NEW LEDGER ROWS", lambda row: ", ".join(map(str, row.ledger_ids)) or "none"),
    Column("REASON", lambda row: row.reason or ""),
)

DIFFERENCE_COLUMNS: tuple[Column[Difference], ...] = (
    Column("", lambda row: {"added": "+", "removed": "-"}.get(row.change, "~")),
    Column("PATH", lambda row: row.path),
    Column("LEFT", lambda row: row.left or ""),
    Column("RIGHT", lambda row: row.right or ""),
)

TYPE_COLUMNS: tuple[Column[EventTypeView], ...] = (
    Column("TYPE", lambda row: row.type),
    Column("OBJECT", lambda row: row.object),
    Column("WHAT BILLING DOES", lambda row: row.effect),
    Column("TRIED AGAIN", lambda row: row.retry),
)

command = Noun("events", help="Events: what Stripe said, and what was done with it.")


@command.command("list", operation=ListEvents)
@some_company
@click.option("--status", type=click.Choice(STATUSES), help="Only those in this state.")
@click.option("--type", "type_", help="Only this type; a trailing * matches the rest.")
@click.option("--before", type=click.IntRange(1), metavar="NR", help="Only older ones than this number.")
@events_filter
@limit(100, 1000)
@click.pass_obj
def list_events(
    invocation: Invocation,
    company: str | None,
    status: str | None,
    type_: str | None,
    before: int | None,
    filter_: str | None,
    limit: int,
) -> None:
    """\b
    The language of --filter; a space means AND; OR, NOT (or -) and parentheses as usual:
      type:charge.*  status:failed,held  company:acme-telefon  source:replay
      amount>=50  amount:10..20  received:today  received>=14:30  age<15m
      text:"insufficient funds"  text:insuff*  id:pi_3N*  mark:bug  note:lost  @saved
    A bare word is a status, or else a company or a word of the body.
    """
    asked = ListEvents(before=before, limit=limit, status=status, type=type_, company=company, filter=filter_)
    page = invocation.call(asked)
    invocation.show(
        page,
        lambda shown: table(
            COLUMNS, shown.rows, empty="No such events. Try: devconsole events trigger charge.succeeded"
        ),
    )
    if not invocation.json and page.rows and page.total > len(page.rows):
        total = f"more than {page.total:,}" if page.more else f"{page.total:,}"
        output.say(f"{len(page.rows):,} of {total} shown; --before {page.rows[-1].id} shows older ones.")
    if page.unsearched:
        output.say(f"{page.unsearched:,} older bodies are not searched yet: their index is being made.")


@command.command("show", operation=ShowEvent)
@click.argument("event", metavar="EVENT")
@click.pass_obj
def show_event(invocation: Invocation, event: str) -> None:
    """EVENT is an evt_… or the number of a row."""
    invocation.show(invocation.call(ShowEvent(event=event)), detail_text)


@command.command("replay", operation=ReplayEvents)
@which_events
@click.option("--dry-run", is_flag=True, help="Try it on a copy of the database and show what would change.")
@click.pass_obj
def replay_events(
    invocation: Invocation, events: tuple[str, ...], failed: bool, filter: str | None, dry_run: bool
) -> int:
    """Exit code 1 when one of them failed once more."""
    if dry_run:
        return rehearse(invocation, RehearseEvents(events=events, failed=failed, filter=filter))
    page = invocation.call(ReplayEvents(events=events, failed=failed, filter=filter))
    invocation.show_page(page, lambda rows: table(REPLAY_COLUMNS, rows, empty="There is nothing to replay."))
    return ExitCode.REFUSED if any(row.status_after == "failed" for row in page.rows) else ExitCode.DONE


@command.command("rehearse", operation=RehearseEvents)
@which_events
@click.pass_obj
def rehearse_events(invocation: Invocation, events: tuple[str, ...], failed: bool, filter: str | None) -> int:
    """The same as `replay --dry-run`. Exit code 1 when one of them would do worse than at its last attempt."""
    return rehearse(invocation, RehearseEvents(events=events, failed=failed, filter=filter))


@command.command("send", operation=SendEvent)
@click.argument("file", metavar="FILE")
@click.option("--dry-run", is_flag=True, help="Try it on a copy of the database and show what would change.")
@click.pass_obj
def send_event(invocation: Invocation, file: str, dry_run: bool) -> int:
    """FILE holds the body; - reads it from stdin. Exit code 1 when it was not processed well."""
    return send(invocation, read_body(file), dry_run=dry_run)


@command.command("edit", help="Edit the body of an event in $EDITOR, sign it anew and send it under an id of its own.")
@click.argument("event", metavar="EVENT")
@click.option("--dry-run", is_flag=True, help="Try it on a copy of the database and show what would change.")
@click.pass_obj
def edit_event(invocation: Invocation, event: str, dry_run: bool) -> int:
    body = edited(invocation.call(ShowEvent(event=event)).payload)
    if body is None:
        output.say("Nothing was changed, so nothing is sent.")
        return ExitCode.DONE
    return send(invocation, body, dry_run=dry_run)


@command.command("diff", operation=DiffEvents)
@click.argument("left", metavar="LEFT")
@click.argument("right", metavar="RIGHT", required=False)
@click.pass_obj
def diff_events(invocation: Invocation, left: str, right: str | None) -> None:
    """Each is an evt_… or a number, delivery_N, or EVENT#N for its attempt N."""
    invocation.show(invocation.call(DiffEvents(left=left, right=right)), comparison_text)


@command.command("mark", operation=MarkEvent)
@click.argument("event", metavar="EVENT")
@click.argument("mark", metavar="MARK", required=False)
@click.option("--note", help="What to remember about it; an empty one takes the note away.")
@click.option("--clear", is_flag=True, help="Take mark and note away.")
@click.pass_obj
def mark_event(invocation: Invocation, event: str, mark: str | None, note: str | None, clear: bool) -> None:
    """MARK is one word, such as bug. Filters find it: mark:bug, note:word."""
    if clear == (mark is not None or note is not None):
        raise click.UsageError("Give a MARK, a --note, or both; or --clear alone.")
    changes: dict[str, str | None] = {"mark": None, "note": None} if clear else {}
    changes |= {name: value for name, value in (("mark", mark), ("note", note)) if value is not None}
    view = invocation.call(MarkEvent(event=event, **changes))
    invocation.show(view, lambda shown: facts(_notes(shown)))


@command.command("trigger", operation=TriggerEvent)
@click.argument("type_", metavar="NAME")
@click.option("--company", metavar="ID", help="The company that it is about, by id or slug.")
@click.option("--amount", type=Euros(), help="The amount that it is about.")
@click.pass_obj
def trigger_event(invocation: Invocation, type_: str, company: str | None, amount: int | None) -> int:
    """Exit code 1 when the webhook rejected it."""
    request = TriggerEvent(type=type_, company=company, amount_cents=amount)
    delivery = invocation.show(invocation.call(request), delivery_facts)
    return ExitCode.REFUSED if delivery.verdict == "rejected" else ExitCode.DONE


@command.command("types", operation=ListEventTypes)
@click.pass_obj
def list_event_types(invocation: Invocation) -> None:
    invocation.show_page(
        invocation.call(ListEventTypes()), lambda rows: table(TYPE_COLUMNS, rows, empty="No event types.")
    )


@command.command("follow", help="Follow the live feed until interrupted: one line per event, with --json all changes.")
@click.option("--after", metavar="EPOCH:SEQ", help="Begin after this change, as far as it is still known.")
@events_filter
@click.pass_obj
def follow_events(invocation: Invocation, after: str | None, filter_: str | None) -> None:
    from devconsole.follow import follow

    if filter_ is not None:
        invocation.call(ListEvents(filter=filter_, limit=1))  # refused here, where the place of a mistake is told
    follow(*invocation.server(), after=after, filter=filter_, as_json=invocation.json)


def _notes(event: EventView) -> list[tuple[str, str]]:
    pairs = (("event", event.event_id), ("mark", event.mark), ("note", event.note))
    return [(name, value) for name, value in pairs if value is not None]


def comparison_text(comparison: Comparison) -> str:
    same = f"{count(comparison.same, 'value')} the same"
    if not comparison.differences:
        return f"{comparison.left} and {comparison.right} say the same: {same}."
    heading = facts((("left", comparison.left), ("right", comparison.right)))
    return f"{heading}\n\n{table(DIFFERENCE_COLUMNS, comparison.differences, empty='')}\n\n{same}."


def detail_text(detail: EventDetail) -> str:
    event = detail.event
    parts = [
        facts(
            (
                ("event", f"{event.event_id} (number {event.id})"),
                ("type", event.type),
                ("status", f"{event.status}: {event.reason}" if event.reason else event.status),
                ("company", event.company_slug or "none of ours"),
                ("amount", money(event.amount_cents, event.currency)),
                ("source", event.source),
                ("received", moment(event.received_at)),
                ("processed", moment(event.processed_at)),
                ("next try", moment(event.next_attempt_at)),
                *_notes(event)[1:],
            )
        ),
        f"{count(len(detail.deliveries), 'delivery', 'deliveries')}:\n"
        + table(DELIVERY_COLUMNS, detail.deliveries, empty=""),
        table(ATTEMPT_COLUMNS, detail.attempts, empty="Not processed yet."),
    ]
    if detail.forwards:
        parts.append(table(FORWARD_COLUMNS, detail.forwards, empty=""))
    if detail.topup is not None:
        parts.append(topup_facts(detail.topup))
    parts.append(table(LEDGER_COLUMNS, detail.ledger, empty="It wrote no ledger rows."))
    if detail.decisions:
        parts.append(table(DECISION_COLUMNS, detail.decisions, empty=""))
    parts.append(facts(detail.headers.items()))
    parts.append(lines(detail.payload))
    return "\n\n".join(part for part in parts if part)
