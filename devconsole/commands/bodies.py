"""Bodies of events in a file, on stdin or in `$EDITOR`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from devconsole import output
from devconsole.bodies import pretty
from devconsole.commands.rehearsals import rehearse
from devconsole.commands.verb import Invocation
from devconsole.output import ExitCode, Failure
from relay.api import RehearseEvents, SendEvent, SentEvent
from relay.api.replay import BODY_MAX


def read_body(source: str) -> str:
    """The text of a file, or of stdin for `-`. Raises `Failure`."""
    try:
        raw = sys.stdin.buffer.read(BODY_MAX + 1) if source == "-" else Path(source).read_bytes()
        if len(raw) > BODY_MAX:
            raise Failure(f"{source} has more than {BODY_MAX:,} bytes", remedy="An event of Stripe's is far smaller.")
        return raw.decode()
    except OSError as error:
        raise Failure(f"{source}: {error.strerror}", remedy="Name a file with the body, or - for stdin.") from error
    except UnicodeDecodeError as error:
        raise Failure(f"{source} is not UTF-8: {error}", remedy="A body of Stripe's is JSON in UTF-8.") from error


def edited(payload: str) -> str | None:
    """What `$EDITOR` made of a body; None when it was left as it was. Asks again while it is not JSON."""
    text = before = pretty(payload)
    while True:
        text = click.edit(text, extension=".json") or before
        if text.strip() == before.strip():
            return None
        try:
            json.loads(text)
        except ValueError as error:
            output.say(f"That is not JSON: {error}")
            if not click.confirm("Edit it again?", default=True, err=True):
                return None
        else:
            return text


def send(invocation: Invocation, body: str, *, dry_run: bool) -> int:
    """Send a body, or try it on a copy; the answer is the exit code."""
    if dry_run:
        return rehearse(invocation, RehearseEvents(body=body))
    sent = invocation.show(invocation.call(SendEvent(body=body)), sent_text)
    return ExitCode.DONE if sent.status in ("completed", "ignored") else ExitCode.REFUSED


def sent_text(sent: SentEvent) -> str:
    booked = ", ".join(map(str, sent.ledger_ids)) or "none"
    facts = [
        ("event", sent.event_id),
        ("delivery", str(sent.delivery)),
        ("status", f"{sent.status}: {sent.reason}" if sent.reason else sent.status),
        ("new ledger rows", booked),
    ]
    if sent.original not in (None, sent.event_id):
        facts.insert(1, ("instead of", f"{sent.original}, which stays as it came: an event is kept once under its id"))
    return output.facts(facts)
