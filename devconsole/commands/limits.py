"""`devconsole limits`: what a company allows itself to spend."""

from __future__ import annotations

from typing import Any

import click

from devconsole.commands.arguments import Euros, company
from devconsole.commands.verb import Invocation, Noun
from devconsole.format import amount, moment, yes_no
from devconsole.output import Column, facts, table
from relay.api import LimitsView, PeriodView, SetLimits, ShowLimits

NO_LIMIT = "none"

COLUMNS: tuple[Column[PeriodView], ...] = (
    Column("PERIOD", lambda row: row.period),
    Column("SPENT", lambda row: amount(row.spent_cents), right=True),
    Column("LIMIT", lambda row: amount(row.limit_cents), right=True),
    Column("REMAINS", lambda row: amount(row.remaining_cents), right=True),
    Column("USED", lambda row: "" if row.percent is None else f"{row.percent} %", right=True),
    Column("STARTS AGAIN", lambda row: moment(row.ends_at)),
)


class Limit(Euros):
    """Euros, or `none` to take the limit away."""

    name = "EUR|none"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        return 0 if value == NO_LIMIT else super().convert(value, param, ctx)


class Steps(click.ParamType[tuple[int, ...]]):
    """Percentages such as `50,80,100`. Their range is the server's to judge."""

    name = "PERCENT,…"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        words = str(value).split(",")
        if not all(word.strip().isascii() and word.strip().isdigit() and len(word) <= 5 for word in words):
            self.fail(f"{value} are not percentages; write them as 50,80,100.", param, ctx)
        return tuple(int(word) for word in words)


command = Noun("limits", help="Spending limits: what a company allows itself to spend.")


@command.command("show", operation=ShowLimits)
@company
@click.pass_obj
def show_limits(invocation: Invocation, company: str) -> None:
    invocation.show(invocation.call(ShowLimits(company=company)), limits_text)


@command.command("set", operation=SetLimits)
@company
@click.option("--daily", type=Limit(), help="Per day.")
@click.option("--weekly", type=Limit(), help="Per week, from Monday.")
@click.option("--monthly", type=Limit(), help="Per calendar month.")
@click.option("--hard/--soft", "hard_limit", default=None, help="Refuse calls over a limit, or only warn.")
@click.option("--alerts/--no-alerts", "send_alerts", default=None, help="Send notices at the steps.")
@click.option("--steps", type=Steps(), help="Percentages at which a notice is sent.")
@click.pass_obj
def set_limits(
    invocation: Invocation,
    company: str,
    daily: int | None,
    weekly: int | None,
    monthly: int | None,
    hard_limit: bool | None,
    send_alerts: bool | None,
    steps: tuple[int, ...] | None,
) -> None:
    request = SetLimits(
        company=company,
        daily_limit_cents=daily,
        weekly_limit_cents=weekly,
        monthly_limit_cents=monthly,
        alert_steps=steps,
        send_alerts=send_alerts,
        hard_limit=hard_limit,
    )
    invocation.show(invocation.call(request), limits_text)


def limits_text(view: LimitsView) -> str:
    head = facts(
        (
            ("company", view.company_slug),
            ("calls over a limit", "refused" if view.hard_limit else "admitted, with a notice"),
            ("notices", ", ".join(f"{step} %" for step in view.alert_steps) if view.send_alerts else yes_no(False)),
            ("last notice", moment(view.last_alert_at)),
            ("calendar", view.timezone),
        )
    )
    return f"{head}\n\n{table(COLUMNS, view.periods, empty='')}"
