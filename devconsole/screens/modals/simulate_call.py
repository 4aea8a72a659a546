"""Simulate a call that has ended, or start one that runs."""

from __future__ import annotations

from collections.abc import Sequence

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.widgets import Button

from devconsole.preview import call_preview, running_call_preview
from devconsole.screens.modals.form import Answer, Form, shown
from devconsole.widgets.company_select import CompanySelect
from devconsole.widgets.duration_input import DurationInput
from devconsole.widgets.field import Objection
from relay.api import CompanyView, SimulateCall, StartCall


class SimulateCallForm(Form):
    """Company and duration; says the price before anything is charged."""

    AUTO_FOCUS = "#duration Input"
    BINDINGS = [Binding("ctrl+r", "start_running", "Start a running call", id="simulate_call.start")]
    heading = "Simulate a call"
    submit_label = "Simulate"

    company = getters.query_one("#company", CompanySelect)
    duration = getters.query_one("#duration", DurationInput)

    def __init__(self, companies: Sequence[CompanyView], *, company: str | None = None) -> None:
        super().__init__()
        self._companies = tuple(companies)
        self._preselected = company

    def compose_fields(self) -> ComposeResult:
        yield CompanySelect(self._companies, company=self._preselected)
        yield DurationInput(value="2:37")

    def compose_buttons(self) -> ComposeResult:
        yield Button("Start a running call", id="start", compact=True)
        yield from super().compose_buttons()

    def key_hints(self) -> str:
        return "enter simulate · ctrl+r start a running call · esc cancel"

    def answer(self) -> Answer:
        return SimulateCall(company=self.company.read().slug, duration_s=self.duration.read())

    def outcome(self) -> Content:
        if (company := self.company.company) is None:
            return Content("")
        try:
            lines = call_preview(company, self.duration.read())
        except Objection:
            lines = ()
        muted = Content.styled(running_call_preview(company), "$text-muted")
        return Content("\n").join([*(shown(line) for line in lines), muted])

    def review(self) -> None:
        super().review()
        self.query_one("#start", Button).disabled = self.company.company is None

    @on(Button.Pressed, "#start")
    def action_start_running(self) -> None:
        try:
            self.send(StartCall(company=self.company.read().slug))
        except Objection as objection:
            self.insist(objection)
