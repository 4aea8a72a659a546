"""`devconsole forwards`: the user's own applications that get a copy of each delivery."""

from __future__ import annotations

from typing import Any

import click

from devconsole import output
from devconsole.commands.arguments import RowId, limit
from devconsole.commands.deliveries import lines
from devconsole.commands.grading import grade_text, observe
from devconsole.commands.verb import Invocation, Noun
from devconsole.format import latency, moment, span
from devconsole.output import Column, ExitCode, facts, table
from relay.api import (
    AddForwardTarget,
    ForwardDetail,
    ForwardTargetDetail,
    ForwardTargetView,
    ForwardTryView,
    ForwardView,
    GradeForwardTarget,
    ListForwardTargets,
    NewForwardTarget,
    PauseForwardTarget,
    RemoveForwardTarget,
    ResumeForwardTarget,
    RetryForwards,
    ShowForward,
    ShowForwardTarget,
)
from relay.api.forwards import RETRIES_MAX, RETRY_DELAY_MAX_S

STATES = ("waiting", "delivered", "refused", "failed")
NOTHING_SENT = "Nothing was sent to it yet. Try: devconsole events trigger charge.succeeded"

TARGET_COLUMNS: tuple[Column[ForwardTargetView], ...] = (
    Column("TARGET", lambda row: row.name),
    Column("HEALTH", lambda row: row.health),
    Column("WAITING", lambda row: waiting(row), right=True),
    Column("DELIVERED", lambda row: f"{row.delivered:,}", right=True),
    Column("FAILED", lambda row: f"{row.failed:,}", right=True),
    Column("LAST ANSWER", lambda row: last_answer(row)),
    Column("EVENTS", lambda row: " ".join(row.event_types)),
    Column("ADDRESS", lambda row: row.url),
)

COLUMNS: tuple[Column[ForwardView], ...] = (
    Column("ID", lambda row: str(row.id), right=True),
    Column("SENT", lambda row: moment(row.updated_at)),
    Column("DELIVERY", lambda row: str(row.delivery_id), right=True),
    Column("TYPE", lambda row: row.event_type),
    Column("STATE", lambda row: row.state),
    Column("HTTP", lambda row: str(row.http_status or ""), right=True),
    Column("TOOK", lambda row: latency(row.latency_us), right=True),
    Column("TRIES", lambda row: str(row.tries), right=True),
    Column("NEXT TRY", lambda row: moment(row.next_try_at)),
    Column("REASON", lambda row: row.reason or ""),
)

command = Noun("forwards", help="Forwards: your own applications that get a copy of each delivery, in order.")


class Schedule(click.ParamType[tuple[float, ...]]):
    """Delays such as `1s,30s,5min`, or `none`."""

    name = "DELAYS"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, ...]:
        from devconsole.entry import EntryRefused, read_delays

        if isinstance(value, tuple):
            return value
        try:
            return read_delays(value, most=RETRIES_MAX, longest_s=int(RETRY_DELAY_MAX_S))
        except EntryRefused as refused:
            self.fail(f"{value}: {refused}.", param, ctx)


target_argument = click.argument("target", metavar="TARGET")


@command.command("list", operation=ListForwardTargets)
@click.pass_obj
def list_targets(invocation: Invocation) -> None:
    invocation.show_page(
        invocation.call(ListForwardTargets()),
        lambda rows: table(
            TARGET_COLUMNS,
            rows,
            empty="Nothing is passed on. Try: devconsole forwards add http://127.0.0.1:3000/webhook",
        ),
    )


@command.command("show", operation=ShowForwardTarget)
@target_argument
@click.option("--state", type=click.Choice(STATES), help="Only what is in this state.")
@limit(50, 500)
@click.pass_obj
def show_target(invocation: Invocation, target: str, state: str | None, limit: int) -> None:
    """TARGET is its name or its id."""
    invocation.show(invocation.call(ShowForwardTarget(target=target, state=state, limit=limit)), target_text)


@command.command("delivery", operation=ShowForward)
@click.argument("forward", type=RowId("forward"))
@click.pass_obj
def show_forward(invocation: Invocation, forward: int) -> None:
    invocation.show(invocation.call(ShowForward(forward=forward)), forward_text)


@command.command("add", operation=AddForwardTarget)
@click.argument("url")
@click.option("--name", metavar="NAME", help="What it is called; else made from the address.")
@click.option("--type", "types", multiple=True, metavar="PATTERN", help="Only these event types; * matches anything.")
@click.option(
    "--unchanged",
    is_flag=True,
    help="Sign as Stripe does, with the secret that you have; else it is signed with a new one.",
)
@click.option("--retry", type=Schedule(), help="When it is tried again: 1s,5s,30s,2min unless said otherwise.")
@click.option("--allow-remote", is_flag=True, help="The address may be on another machine.")
@click.option("--from-start", is_flag=True, help="Begin with everything that the inbox still has.")
@click.pass_obj
def add_target(
    invocation: Invocation,
    url: str,
    name: str | None,
    types: tuple[str, ...],
    unchanged: bool,
    retry: tuple[float, ...] | None,
    allow_remote: bool,
    from_start: bool,
) -> None:
    """Its signing secret is told this once. A copy with Stripe's own signature grows too old to be tried again late."""
    request = AddForwardTarget(
        url=url,
        target_name=name,
        event_types=types or ("*",),
        sign=not unchanged,
        retry_delays_s=retry,
        allow_remote=allow_remote,
        from_start=from_start,
    )
    new = invocation.show(invocation.call(request), new_target_text)
    if not invocation.json:
        output.say(f"Try: devconsole events trigger charge.succeeded; devconsole forwards show {new.target.name}")


@command.command("remove", operation=RemoveForwardTarget)
@target_argument
@click.pass_obj
def remove_target(invocation: Invocation, target: str) -> None:
    invocation.show(
        invocation.call(RemoveForwardTarget(target=target)),
        lambda row: f"{row.name} is removed; {waiting(row)} deliveries had been waiting for it.",
    )


@command.command("pause", operation=PauseForwardTarget)
@target_argument
@click.pass_obj
def pause_target(invocation: Invocation, target: str) -> None:
    invocation.show(invocation.call(PauseForwardTarget(target=target)), target_facts)


@command.command("resume", operation=ResumeForwardTarget)
@target_argument
@click.option("--skip", is_flag=True, help="Leave out what waits; it is counted as missed.")
@click.pass_obj
def resume_target(invocation: Invocation, target: str, skip: bool) -> None:
    invocation.show(invocation.call(ResumeForwardTarget(target=target, skip=skip)), target_facts)


@command.command("retry", operation=RetryForwards)
@target_argument
@click.argument("forwards", nargs=-1, type=RowId("forward"), metavar="[ID]…")
@click.pass_obj
def retry_forwards(invocation: Invocation, target: str, forwards: tuple[int, ...]) -> int:
    """Without an ID all that were refused or given up. Exit code 1 when one was not taken once more."""
    page = invocation.call(RetryForwards(target=target, forwards=forwards))
    invocation.show_page(page, lambda rows: table(COLUMNS, rows, empty="There is nothing to send again."))
    return ExitCode.REFUSED if any(row.state != "delivered" for row in page.rows) else ExitCode.DONE


@command.command("grade", operation=GradeForwardTarget)
@target_argument
@observe
@click.pass_obj
def grade_target(invocation: Invocation, target: str, observe: str | None) -> int:
    """Exit code 1 when a guarantee is not given. An address of its own is graded with `faults grade`."""
    graded = invocation.show(invocation.call(GradeForwardTarget(target=target, observe=observe)), grade_text)
    return ExitCode.DONE if graded.passed == graded.of else ExitCode.REFUSED


def waiting(target: ForwardTargetView) -> str:
    """How many wait; beyond the bound nobody counts."""
    return f"more than {target.queue_max:,}" if target.waiting > target.queue_max else f"{target.waiting:,}"


def last_answer(target: ForwardTargetView) -> str:
    if target.last_try_at is None:
        return ""
    return f"{target.last_status or 'none'} after {latency(target.last_latency_us)}"


def schedule(target: ForwardTargetView) -> str:
    return ", ".join(span(delay) for delay in target.retry_delays_s) or "never"


def target_facts(target: ForwardTargetView) -> str:
    missed = f"{target.missed:,}: skipped, or no longer in the inbox" if target.missed else None
    pairs = (
        ("target", f"{target.name} (id {target.id})"),
        ("address", target.url + (" (may be another machine)" if target.allow_remote else "")),
        ("event types", " ".join(target.event_types)),
        ("health", f"{target.health}: {target.health_reason}"),
        ("last answer", last_answer(target) or None),
        ("waiting", f"{waiting(target)}, in the inbox; with more than {target.queue_max:,} untaken it is disabled"),
        ("next try", moment(target.next_try_at) or None),
        ("delivered", f"{target.delivered:,}"),
        ("failed", f"{target.failed:,}"),
        ("missed", missed),
        ("signed with", target.signing_secret or "the sender's secret: its signatures are passed on as they came"),
        ("tried again", f"after {schedule(target)}"),
    )
    return facts((name, value) for name, value in pairs if value is not None)


def target_text(detail: ForwardTargetDetail) -> str:
    return f"{target_facts(detail.target)}\n\n{table(COLUMNS, detail.forwards, empty=NOTHING_SENT)}"


def new_target_text(new: NewForwardTarget) -> str:
    if new.secret is None:
        return target_facts(new.target)
    told = f"Its signing secret, told this once: give it to the application.\n\n  {new.secret}"
    return f"{target_facts(new.target)}\n\n{told}"


def forward_text(detail: ForwardDetail) -> str:
    row = detail.forward
    head = (
        ("forward", f"{row.id} of delivery {row.delivery_id} to {row.target_name}"),
        ("event", f"{row.event_type} {row.event_id or ''}"),
        ("state", f"{row.state}: {row.reason}" if row.reason else row.state),
        ("next try", moment(row.next_try_at)),
    )
    return "\n\n".join(
        (
            facts((name, value) for name, value in head if value),
            *map(_try_text, detail.tries),
            f"signed {detail.signed}; it came with these headers:",
            facts(detail.headers.items()),
            lines(detail.body),
        )
    )


def _try_text(one: ForwardTryView) -> str:
    came = f"no answer: {one.error}" if one.http_status is None else f"HTTP {one.http_status}"
    text = f"try {one.number} at {moment(one.started_at)}: {came} after {latency(one.latency_us)}"
    if one.answer_headers:
        text += "\n" + facts((f"  {name}", value) for name, value in one.answer_headers.items())
    if one.answer_body:
        text += f"\n\n{lines(one.answer_body)}" + ("\n  … there was more" if one.answer_cut else "")
    return text
