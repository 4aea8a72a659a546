"""`devconsole status`: what runs, where, and how it is."""

from __future__ import annotations

import click

from devconsole.commands.verb import Invocation, Verb
from devconsole.format import ABSENT, count, moment
from devconsole.output import facts
from relay.api import ShowStatus, StatusView

LEDGER = {True: "adds up", False: "does not add up: devconsole ledger check", None: "not checked yet"}


@click.command("status", cls=Verb, operation=ShowStatus)
@click.pass_obj
def command(invocation: Invocation) -> None:
    invocation.show(invocation.call(ShowStatus()), status_text)


def status_text(status: StatusView) -> str:
    held = status.test_mode.held_events
    by_status = ", ".join(f"{number:,} {name}" for name, number in status.events_by_status.items())
    pairs = [
        ("server", f"devconsole {status.version}, pid {status.pid}, since {moment(status.started_at)}"),
        ("home", status.home),
        ("relay", status.relay_url),
        ("webhook", status.webhook_url),
        ("sandbox", status.sandbox_url or "off"),
        ("Stripe API", f"{status.stripe_api} ({'sandbox' if status.mode == 'sandbox' else 'Stripe test mode'})"),
        ("test mode", f"{'on' if status.test_mode.on else 'off'}: {status.test_mode.reason}"),
        ("events", f"{status.events_total:,}" + (f" ({by_status})" if by_status else "")),
        ("queue", f"{count(status.queue_depth, 'event')} waiting" + (f", {held:,} held" if held else "")),
        ("failures", f"{status.failures:,}" + (": devconsole failures list" if status.failures else "")),
        ("ledger", LEDGER[status.ledger_ok]),
    ]
    pairs.extend(
        (upstream.name.replace("_", " "), f"{upstream.state}: {upstream.detail or ABSENT}")
        for upstream in status.upstreams
    )
    return facts(pairs)
