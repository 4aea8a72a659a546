"""Which stretch of the inbox becomes a scenario."""

from __future__ import annotations

from textual import getters
from textual.app import ComposeResult
from textual.content import Content

from devconsole.screens.modals.form import Dialog
from devconsole.wanted import Wanted
from devconsole.widgets.field import Objection
from devconsole.widgets.text_input import OptionalTextInput


class RecordForm(Dialog[Wanted]):
    """Everything that was done, or what lies between two events."""

    heading = "Record as a scenario"
    submit_label = "Record"
    AUTO_FOCUS = "#first Input"

    first = getters.query_one("#first", OptionalTextInput)
    last = getters.query_one("#last", OptionalTextInput)
    story = getters.query_one("#story", OptionalTextInput)

    def __init__(self, *, event: str | None = None) -> None:
        super().__init__()
        self._event = event

    def compose_fields(self) -> ComposeResult:
        yield OptionalTextInput(
            "From event",
            _words,
            value=self._event or "",
            hint="evt_… or its number, what caused it included. Empty: from the start",
            id="first",
        )
        yield OptionalTextInput("To event", _words, hint="up to its arrival. Empty: until now", id="last")
        yield OptionalTextInput("Title", _words, hint="what the story is called", id="story")

    def answer(self) -> Wanted:
        return Wanted(first=self.first.read(), last=self.last.read(), title=self.story.read())

    def outcome(self) -> Content:
        try:
            wanted = self.answer()
        except Objection:
            return Content("")
        if wanted.first is None and wanted.last is None:
            return Content("All that was done on this server, as far as it is known.")
        return Content("What was done between them, with all that came of it, also later.")


def _words(text: str) -> str | None:
    return text.strip() or None
