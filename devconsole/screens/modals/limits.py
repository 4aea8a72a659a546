"""Spending limits of a company: per day, week and month, what they warn of and whether they refuse."""

from __future__ import annotations

from collections.abc import Sequence

from textual import getters
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Checkbox, Static

from devconsole.entry import LIMIT_RANGE, EntryRefused, read_steps
from devconsole.format import euros
from devconsole.screens.modals.form import Answer, Form, shown
from devconsole.widgets.amount_input import as_typed
from devconsole.widgets.field import Field
from devconsole.widgets.tick import Tick
from relay.api import CompanyView, LimitsView, PeriodView, SetLimits

LABELS = {"daily": "Per day", "weekly": "Per week", "monthly": "Per month"}
NAMES = {"daily": "today", "weekly": "this week", "monthly": "this month"}


class LimitInput(Field[int]):
    """Decimal euros; nothing means no limit, which the server is told as 0."""

    def __init__(self, period: PeriodView) -> None:
        super().__init__(
            LABELS[period.period],
            _read_limit,
            value="" if period.limit_cents is None else as_typed(period.limit_cents),
            hint=f"or empty; {euros(period.spent_cents)} spent",
            short=True,
            id=period.period,
        )
        self.period = period


class LimitsForm(Form):
    """What is entered replaces all three limits."""

    AUTO_FOCUS = "#daily Input"
    DEFAULT_CLASSES = "-dense"
    heading = "Spending limits"
    submit_label = "Save"

    hard = getters.query_one("#hard", Tick)
    alerts = getters.query_one("#alerts", Tick)
    steps = getters.query_one("#steps", Field)

    def __init__(self, company: CompanyView, limits: LimitsView) -> None:
        super().__init__()
        self._company, self._limits = company, limits

    def compose_fields(self) -> ComposeResult:
        limits = self._limits
        name = self._company.name
        yield Static(
            shown(f"What {name} may spend on calls, in EUR, bonus included. Empty: no limit."), classes="statement"
        )
        for period in limits.periods:
            yield LimitInput(period)
        yield Field(
            "Warn at",
            read_steps,
            value=", ".join(str(step) for step in limits.alert_steps),
            hint="% of a limit",
            short=True,
            id="steps",
        )
        yield Tick("Refuse calls that a limit does not cover", value=limits.hard_limit, id="hard")
        yield Tick("Send notices", value=limits.send_alerts, id="alerts")

    def answer(self) -> Answer:
        cents = self._read_limits()
        return SetLimits(
            company=self._limits.company_slug,
            daily_limit_cents=cents["daily"],
            weekly_limit_cents=cents["weekly"],
            monthly_limit_cents=cents["monthly"],
            alert_steps=self.steps.read(),
            send_alerts=self.alerts.value,
            hard_limit=self.hard.value,
        )

    def _read_limits(self) -> dict[str, int]:
        """Cents by period, 0 for none. Raises `Objection`."""
        return {entry.period.period: entry.read() for entry in self.query(LimitInput)}

    def outcome(self) -> Content:
        if self.objection() is not None:
            return Content("")
        return shown("\n".join(outlook(self._limits.periods, self._read_limits(), hard=self.hard.value)))

    def on_checkbox_changed(self, message: Checkbox.Changed) -> None:
        message.stop()
        self.review()


def outlook(periods: Sequence[PeriodView], limits: dict[str, int], *, hard: bool) -> list[str]:
    """What these limits mean with what is spent by now."""
    left = {each.period: limits[each.period] - each.spent_cents for each in periods if limits[each.period]}
    if not left:
        return ["No limit: only the balance ends calls."]
    period, cents = min(left.items(), key=lambda pair: pair[1])
    if cents <= 0:
        what = "calls are refused" if hard else "a notice says so, calls go on"
        return [f"Nothing is left {NAMES[period]}: {what}."]
    what = "then calls are refused" if hard else "then a notice is sent, calls go on"
    return [f"{euros(cents)} are left {NAMES[period]}; {what}."]


def _read_limit(text: str) -> int:
    if not text.strip():
        return 0
    cents = LIMIT_RANGE.read(text)
    if not cents:
        raise EntryRefused("Leave it empty for no limit")
    return cents
