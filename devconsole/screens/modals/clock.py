"""Move the clock of a virtual server: by a span, or to a moment that has a name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from textual import getters, on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Select, Static

from devconsole.entry import EntryRefused, read_span
from devconsole.format import span
from devconsole.screens.modals.form import Answer, Form, shown
from devconsole.widgets.choice import Choice
from devconsole.widgets.company_select import CompanySelect
from devconsole.widgets.text_input import TextInput
from relay.api import AdvanceClock, ClockView, CompanyView
from relay.api.clock import MOMENTS

BY_SPAN = "by a span"
AUTO_TOPUP = "next auto top-up allowed"
PRESETS = ("15min", "24h", "3d")


class ClockForm(Form):
    """Whatever falls due on the way happens at its moment, before the answer."""

    AUTO_FOCUS = "#span Input"
    heading = "The clock"
    submit_label = "Move it"

    how = getters.query_one("#how", Choice)
    by = getters.query_one("#span", TextInput)
    company = getters.query_one("#company", CompanySelect)

    def __init__(self, clock: ClockView, companies: Sequence[CompanyView], *, company: str | None = None) -> None:
        super().__init__()
        self._clock, self._companies, self._preselected = clock, tuple(companies), company

    def compose_fields(self) -> ComposeResult:
        yield Static(shown(_state(self._clock)), classes="statement")
        yield Choice("Move it", [(words, words) for words in (BY_SPAN, *MOMENTS)], value=BY_SPAN, id="how")
        yield TextInput("Span", _span, value="24h", hint="such as 90, 15min, 24h or 3d", presets=PRESETS, id="span")
        yield CompanySelect(self._companies, company=self._preselected)

    @on(Select.Changed, "#how Select")
    def _way_changed(self) -> None:
        self.by.display = self.how.value == BY_SPAN
        self.company.display = self.how.value == AUTO_TOPUP

    def answer(self) -> Answer:
        if self.how.value == BY_SPAN:
            return AdvanceClock(seconds=read_span(self.by.read()))
        company = self.company.read().slug if self.how.value == AUTO_TOPUP else None
        return AdvanceClock(until=str(self.how.value), company=company)

    def outcome(self) -> Content:
        return Content("What falls due on the way happens at its moment. Time does not run back.")


def _span(text: str) -> str:
    """Checked here, read when it is sent."""
    if read_span(text.strip()) <= 0:
        raise EntryRefused("More than nothing")
    return text.strip()


def _state(clock: ClockView) -> str:
    due = clock.next_due_at
    if due is None:
        return f"it is {in_utc(clock.now)}\nnothing is due by itself"
    return f"it is {in_utc(clock.now)}\nnext due {in_utc(due)}, in {span((due - clock.now).total_seconds())}"


def in_utc(at: datetime) -> str:
    """With its date: a virtual day has nothing to do with the one at the window."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
