"""Say that a call is not to be paid."""

from __future__ import annotations

from textual import getters
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from devconsole.format import duration, euros, words
from devconsole.screens.modals.form import Answer, Form, shown
from devconsole.screens.modals.refunds import CALL_REASONS, ReasonChoice, notes_input
from devconsole.widgets.text_input import OptionalTextInput
from relay.api import CallView, MarkNonBillable


class NonBillableForm(Form):
    """What was taken for the call is given back; a call that waits for money is forgiven."""

    AUTO_FOCUS = "#reason Select"
    heading = "Mark a call as not billable"
    submit_label = "Mark"

    reason = getters.query_one("#reason", ReasonChoice)
    notes = getters.query_one("#notes", OptionalTextInput)

    def __init__(self, call: CallView) -> None:
        super().__init__()
        self._call = call

    def compose_fields(self) -> ComposeResult:
        call = self._call
        price = f"{duration(call.duration_s)} for {euros(call.amount_cents)}"
        yield Static(shown(f"Call {call.id} of {call.company_slug}: {price}"), classes="statement")
        yield ReasonChoice("Reason", [(words(reason), reason) for reason in CALL_REASONS], id="reason")
        yield notes_input()

    def answer(self) -> Answer:
        return MarkNonBillable(call=self._call.id, reason=self.reason.read(), notes=self.notes.read())

    def outcome(self) -> Content:
        call = self._call
        left_cents = (call.amount_cents or 0) - call.refunded_cents
        if call.charge_status == "charged" and left_cents > 0:
            return shown(f"{euros(left_cents)} go back to the balance; the call is never charged again.")
        return shown("Nothing was taken for it, and nothing will be.")


def call_is_billable(call: CallView) -> bool:
    """Whether saying that it is not to be paid changes anything."""
    return call.status != "in_progress" and call.charge_status in ("charged", "unpaid")
