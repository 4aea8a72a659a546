"""What the commands share that send events again or try it first: which events, and how a dry run reads."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import click

from devconsole.commands.verb import Invocation
from devconsole.format import ABSENT, count, size, words
from devconsole.output import Column, ExitCode, table
from devconsole.rehearsed import told, value_text
from relay.api import EventRehearsal, FieldChange, Rehearsal, RehearseEvents, RowChange

F = TypeVar("F", bound=Callable[..., Any])

EVENT_COLUMNS: tuple[Column[EventRehearsal], ...] = (
    Column("EVENT", lambda row: row.event_id),
    Column("VERDICT", lambda row: row.verdict),
    Column("LAST ATTEMPT", lambda row: row.status_before or ""),
    Column("NOW", lambda row: row.status_after),
    Column("ROWS", lambda row: str(len(row.changes)), right=True),
    Column("REASON", lambda row: row.reason_after or ""),
)
_SIGNS = {"added": "+", "changed": "~", "removed": "-"}


def which_events(function: F) -> F:
    """`EVENT…`, `--failed` or `--filter`: exactly one of the three ways."""

    @click.argument("events", nargs=-1, metavar="EVENT…")
    @click.option("--failed", is_flag=True, help="All that failed, wait for another try, or could not be matched.")
    @click.option("--filter", "filter_", metavar="FILTER", help="All that match; see `devconsole events list --help`.")
    @functools.wraps(function)
    def chosen(*args: Any, events: tuple[str, ...], failed: bool, filter_: str | None, **others: Any) -> Any:
        if sum((bool(events), failed, bool(filter_))) != 1:
            raise click.UsageError("Name the events, or give --failed, or --filter FILTER.")
        return function(*args, events=events, failed=failed, filter=filter_, **others)

    return chosen  # type: ignore[return-value]


def rehearse(invocation: Invocation, request: RehearseEvents) -> int:
    """Ask for a dry run and print it; the answer is the exit code: 1 when something got worse."""
    rehearsal = invocation.show(invocation.call(request), rehearsal_text)
    worse = any(event.verdict == "regressed" for event in rehearsal.events)
    return ExitCode.REFUSED if worse or not rehearsal.ledger_ok else ExitCode.DONE


def rehearsal_text(rehearsal: Rehearsal) -> str:
    parts = [table(EVENT_COLUMNS, rehearsal.events, empty="There is nothing to replay.")]
    parts += [changes_text(event) for event in rehearsal.events if event.changes]
    proof = "the ledger would add up" if rehearsal.ledger_ok else "THE LEDGER WOULD NOT ADD UP"
    parts += [f"{breach.rule}: {breach.detail}" for breach in rehearsal.breaches]
    parts.append(
        f"Dry run on a copy of {size(rehearsal.copied_bytes)} in {rehearsal.duration_ms} ms; nothing was sent or "
        f"written; {proof}."
    )
    if rehearsal.total > len(rehearsal.events):
        parts.append(f"{count(rehearsal.total, 'event')} in all; only these were tried.")
    return "\n\n".join(parts)


def changes_text(event: EventRehearsal) -> str:
    lines = [f"{event.event_id} would write:"]
    for change in event.changes:
        lines.append(f"  {_SIGNS[change.change]} {change.table} {change.id}")
        lines += [f"      {field_text(change, field)}" for field in told(change)]
    return "\n".join(lines)


def field_text(change: RowChange, field: FieldChange) -> str:
    before, after = value_text(field, field.before), value_text(field, field.after)
    return f"{words(field.name)}: {after if change.change == 'added' else f'{before or ABSENT} → {after or ABSENT}'}"
