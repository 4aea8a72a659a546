"""Spending limits of one company: what is spent of each, and what happens when it is used up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Static

from devconsole import looks
from devconsole.format import amount, euros, moment, relative
from devconsole.looks import Tone, toned
from devconsole.refresher import Refresher
from relay.api import LimitsView, PeriodView, ShowLimits
from relay.errors import RelayError

PERIODS = {"daily": "Today", "weekly": "This week", "monthly": "This month"}
BAR_CELLS_MAX = 40


class LimitsPane(VerticalScroll, can_focus=True):
    """Three bars, the sheet's colours at 75 and 90 percent, and the rules below."""

    DEFAULT_CSS = """
    LimitsPane { height: 1fr; padding: 1 1; scrollbar-size-vertical: 1; }
    LimitsPane > Static { height: auto; }
    """

    limits: reactive[LimitsView | None] = reactive(None, init=False)

    def __init__(
        self,
        call: Callable[[ShowLimits], Awaitable[LimitsView]],
        now: Callable[[], datetime],
        *below: Widget,
        company: str,
    ) -> None:
        super().__init__(id="limits")
        self._call, self._now, self._company = call, now, company
        self._below = below
        self._refresher = Refresher(self._load_limits)

    def compose(self) -> ComposeResult:
        yield Static("Loading ...", id="limits-text", markup=False)
        yield from self._below

    def on_mount(self) -> None:
        self.run_worker(self._refresher.run(), group="limits")

    def look(self) -> None:
        self._refresher.outdated()

    async def _load_limits(self) -> None:
        try:
            self.limits = await self._call(ShowLimits(company=self._company))
        except RelayError:
            return  # the notice says that the connection is lost; with the reload it is asked again

    def watch_limits(self, _limits: LimitsView) -> None:
        self.draw()

    def on_resize(self) -> None:
        self.draw()

    def draw(self) -> None:
        if self.limits is not None:
            self.query_one("#limits-text", Static).update(
                limits_text(self.limits, width=self.content_size.width, now=self._now())
            )


def limits_text(limits: LimitsView, *, width: int, now: datetime) -> Content:
    """Everything there is to know about the limits of a company."""
    bar_cells = max(8, min(BAR_CELLS_MAX, width - 60))
    lines = [_period(each, bar_cells, now) for each in limits.periods]
    if any(each.limit_cents is not None for each in limits.periods):
        lines += [Content(""), *_rules(limits)]
    else:
        lines += [
            Content(""),
            Content.assemble(toned("No limit: only the balance ends calls.", Tone.PLAIN)),
        ]
    lines[-1] += Content.assemble(("   s", "$text-primary"), (" sets the limits", "$text-muted"))
    return Content("\n").join(lines)


def _period(period: PeriodView, cells: int, now: datetime) -> Content:
    name = toned(f"{PERIODS.get(period.period, period.period):<11}", Tone.STRONG)
    if period.limit_cents is None or period.percent is None:
        spent = toned(f"{amount(period.spent_cents):>10} EUR", Tone.STRONG)
        return Content.assemble(
            name, toned("·" * cells, Tone.MUTED), "        ", spent, toned("  no limit", Tone.MUTED)
        )
    tone = looks.spent(period.percent)
    filled = min(cells, round(period.percent / 100 * cells) or (1 if period.spent_cents else 0))
    return Content.assemble(
        name,
        toned("█" * filled, tone),
        toned("░" * (cells - filled), Tone.MUTED),
        toned(f" {period.percent:>4} % ", tone),
        toned(f"{amount(period.spent_cents):>10}", Tone.STRONG),
        toned(f" of {euros(period.limit_cents)}", Tone.PLAIN),
        toned(f", anew {relative(period.ends_at, now=now)}", Tone.MUTED),
    )


def _rules(limits: LimitsView) -> list[Content]:
    over = (
        toned("Over a limit calls are refused", Tone.BAD)
        if limits.hard_limit
        else toned("Over a limit calls go on; a notice says so", Tone.PLAIN)
    )
    steps = ", ".join(f"{step} %" for step in limits.alert_steps)
    told = f"Told at {steps}, each once a period" if limits.send_alerts else "No notices are sent"
    last = f"; last on {moment(limits.last_alert_at)}" if limits.last_alert_at is not None else ""
    return [
        Content.assemble(over),
        Content.assemble(toned(told + last, Tone.MUTED)),
        Content.assemble(toned(f"By the clock of {limits.timezone}, weeks from Monday", Tone.MUTED)),
    ]
