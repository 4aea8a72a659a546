"""`devconsole faults`: things that go wrong, on purpose."""

from __future__ import annotations

import click

from devconsole.commands.verb import Invocation, Noun
from devconsole.output import Column, facts, table
from relay.api import FaultView, ListFaults, SwitchFaultOn, SwitchFaultsOff
from relay.api.faults import SECONDS_MAX, TIMES_MAX

SWITCH_COLUMNS: tuple[Column[FaultView], ...] = (
    Column("FAULT", lambda row: row.name),
    Column("HITS", lambda row: "requests to Stripe" if row.hits == "api" else "deliveries to us"),
    Column("STATE", lambda row: state(row)),
    Column("WHAT HAPPENS", lambda row: f"{row.title}. {row.what_happens}"),
)

command = Noun("faults", help="Things that go wrong, on purpose.")


@command.command("active", operation=ListFaults)
@click.pass_obj
def list_active(invocation: Invocation) -> None:
    invocation.show_page(
        invocation.call(ListFaults()), lambda rows: table(SWITCH_COLUMNS, rows, empty="The sandbox knows no faults.")
    )


@command.command("on", operation=SwitchFaultOn)
@click.argument("fault", metavar="FAULT")
@click.option(
    "--times", type=click.IntRange(1, TIMES_MAX), default=1, show_default=True, help="So many run into it; then off."
)
@click.option("--only", metavar="PATTERN", help="Only these paths or event types; * matches anything.")
@click.option("--contains", metavar="TEXT", help="Only requests or events with this text in them: an id, a slug.")
@click.option("--seconds", type=click.FloatRange(0, SECONDS_MAX), help="How long, where the fault is about time.")
@click.option(
    "--probability", type=click.FloatRange(0, 1, min_open=True), help="Of each that it fits, from the sandbox's seed."
)
@click.pass_obj
def switch_on(
    invocation: Invocation,
    fault: str,
    times: int,
    only: str | None,
    contains: str | None,
    seconds: float | None,
    probability: float | None,
) -> None:
    """`devconsole faults active` lists what can be switched on."""
    request = SwitchFaultOn(
        fault=fault, times=times, only=only, contains=contains, seconds=seconds, probability=probability
    )
    invocation.show(invocation.call(request), fault_facts)


@command.command("off", operation=SwitchFaultsOff)
@click.argument("fault", metavar="[FAULT]", required=False)
@click.pass_obj
def switch_off(invocation: Invocation, fault: str | None) -> None:
    """Without a name all of them."""
    invocation.show_page(
        invocation.call(SwitchFaultsOff(fault=fault)),
        lambda rows: table(SWITCH_COLUMNS[:3], rows, empty="No fault was on."),
    )


def state(fault: FaultView) -> str:
    """Off, or on: how often and for what."""
    if not fault.on:
        return "off"
    times = "once" if fault.times_left == 1 else f"{fault.times_left:,} times"
    return f"on, {times}" + (f", {fault.only}" if fault.only else "")


def fault_facts(fault: FaultView) -> str:
    return facts(
        (
            ("fault", fault.name),
            ("state", state(fault)),
            ("hits", "requests to Stripe" if fault.hits == "api" else "deliveries to us"),
            ("what happens", f"{fault.title}. {fault.what_happens}"),
        )
    )
