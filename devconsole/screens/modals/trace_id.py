"""Any id, to see the story that it belongs to."""

from __future__ import annotations

from textual import getters
from textual.app import ComposeResult

from devconsole.entry import EntryRefused
from devconsole.screens.modals.form import Answer, Form
from devconsole.widgets.text_input import TextInput
from relay.api import ShowTrace


class TraceForm(Form):
    """The server says when nothing has the id."""

    heading = "Trace an id"
    submit_label = "Trace"
    AUTO_FOCUS = "#id Input"

    reference = getters.query_one("#id", TextInput)

    def compose_fields(self) -> ComposeResult:
        yield TextInput(
            "Id",
            read_reference,
            hint="evt_, pi_, cs_, ch_, re_, pm_, cus_, req_, topup_7, call_7, a company",
            id="id",
        )

    def answer(self) -> Answer:
        return ShowTrace(id=self.reference.read())


def read_reference(text: str) -> str:
    if not text.strip():
        raise EntryRefused("An id is needed")
    return text.strip()
