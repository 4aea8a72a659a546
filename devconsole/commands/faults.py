"""`devconsole faults`: things that go wrong, on purpose."""

from __future__ import annotations

import click

from devconsole import output
from devconsole.commands.grading import observe
from devconsole.commands.verb import Invocation, Noun
from devconsole.format import yes_no
from devconsole.lab.listing import FaultLine, all_faults
from devconsole.output import Column, facts, table
from relay.api import FaultView, ListFaults, SwitchFaultOn, SwitchFaultsOff
from relay.api.faults import SECONDS_MAX, TIMES_MAX

SWITCH_COLUMNS: tuple[Column[FaultView], ...] = (
    Column("FAULT", lambda row: row.name),
    Column("HITS", lambda row: "requests to Stripe" if row.hits == "api" else "deliveries to us"),
    Column("STATE", lambda row: state(row)),
    Column("WHAT HAPPENS", lambda row: f"{row.title}. {row.what_happens}"),
)

SEED = 1
JOBS = 2

LIST_COLUMNS: tuple[Column[FaultLine], ...] = (
    Column("FAULT", lambda row: row.name),
    Column("AREA", lambda row: row.area),
    Column("RUN", lambda row: yes_no(row.lab)),
    Column("ON", lambda row: yes_no(row.switchable)),
    Column("WHAT HAPPENS", lambda row: f"{row.title}. {row.what_happens}"),
)

command = Noun("faults", help="Things that go wrong, on purpose: tried out in a lab, or switched on in the sandbox.")


@command.command("list")
@click.pass_obj
def list_faults(invocation: Invocation) -> None:
    """List every fault; RUN: `faults run` tries it out, ON: `faults on` lets a running sandbox commit it."""
    rows = all_faults()
    if invocation.json:
        output.write_json({"rows": rows, "total": len(rows)})
    else:
        output.write(table(LIST_COLUMNS, rows, empty=""))


@command.command("run")
@click.argument("faults", nargs=-1, metavar="[FAULT]...")
@click.option("--pairs", is_flag=True, help="Two at a time: every pair of those named, or of all.")
@click.option(
    "--seed", type=click.IntRange(0), default=SEED, show_default=True, help="The same seed, the same mistakes."
)
@click.option("-j", "--jobs", type=click.IntRange(1, 16), default=JOBS, show_default=True, help="So many at once.")
@click.option("--keep", is_flag=True, help="Keep each home directory, to look into its database.")
@click.pass_obj
def run(invocation: Invocation, faults: tuple[str, ...], pairs: bool, seed: int, jobs: int, keep: bool) -> int:
    """Try faults out, each on a server and a sandbox of its own, and prove that all that must hold has held.

    Nothing named = all. Your own data is not touched, and no server has to run. Exit code 1 when something broke.
    With --json one line per experiment, as it ends.
    """
    from devconsole.lab.report import run_and_tell

    return run_and_tell(faults, pairs=pairs, seed=seed, jobs=jobs, keep=keep, as_json=invocation.json)


@command.command("grade")
@click.argument("url")
@click.option(
    "--secret",
    required=True,
    envvar="STRIPE_WEBHOOK_SECRET",
    metavar="whsec_…",
    help="What the application verifies with; else STRIPE_WEBHOOK_SECRET.",
)
@observe
@click.option("--allow-remote", is_flag=True, help="The address may be on another machine.")
@click.pass_obj
def grade(invocation: Invocation, url: str, secret: str, observe: str | None, allow_remote: bool) -> int:
    """Grade a webhook handler of your own: twelve guarantees, what was seen of each, and how to mend it.

    It gets test events: good, forged, doubled, reordered and odd ones. No server has to run. Exit code 1 when a
    guarantee is not given.
    """
    from devconsole.commands.grading import grade_here

    return grade_here(invocation, url, secret, observe=observe, allow_remote=allow_remote)


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
