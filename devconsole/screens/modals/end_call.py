"""End a call in progress."""

from __future__ import annotations

from textual import getters
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from devconsole.preview import call_preview
from devconsole.screens.modals.form import Answer, Form, shown
from devconsole.widgets.duration_input import OptionalDurationInput
from devconsole.widgets.field import Objection
from relay.api import CallView, CompanyView, EndCall


class EndCallForm(Form):
    """Ends it now; a duration, where one is typed, counts instead of the time since the start."""

    AUTO_FOCUS = "#submit"
    heading = "End the call"
    submit_label = "End call"

    duration = getters.query_one("#duration", OptionalDurationInput)

    def __init__(self, call: CallView, company: CompanyView) -> None:
        super().__init__()
        self._call, self._company = call, company

    def compose_fields(self) -> ComposeResult:
        yield Static(shown(f"{self._call.call_id} of {self._company.name}"), classes="statement")
        yield OptionalDurationInput(hint="empty: the time since the start")

    def answer(self) -> Answer:
        return EndCall(call=self._call.id, duration_s=self.duration.read())

    def outcome(self) -> Content:
        try:
            duration_s = self.duration.read()
        except Objection:
            return Content("")
        if duration_s is None:
            return shown("Charged for the seconds since it started; what is reserved is given back.")
        return shown("\n".join(call_preview(self._company, duration_s)))
