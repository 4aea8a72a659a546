"""A mark and a note on an event."""

from __future__ import annotations

from textual import getters
from textual.app import ComposeResult
from textual.content import Content

from devconsole.entry import EntryRefused
from devconsole.screens.modals.form import Answer, Form, shown
from devconsole.widgets.text_input import OptionalTextInput
from relay.api import EventView, MarkEvent
from relay.api.notes import MARK_MAX, NOTE_MAX


class MarkEventForm(Form):
    """Empty lines take mark and note away."""

    heading = "Mark an event"
    submit_label = "Save"
    AUTO_FOCUS = "#mark Input"

    mark = getters.query_one("#mark", OptionalTextInput)
    note = getters.query_one("#note", OptionalTextInput)

    def __init__(self, event: EventView) -> None:
        super().__init__()
        self._event = event

    def compose_fields(self) -> ComposeResult:
        yield OptionalTextInput(
            "Mark",
            read_mark,
            value=self._event.mark or "",
            hint="one word; filters find it as mark:WORD",
            presets=("look", "bug", "done"),
            id="mark",
        )
        yield OptionalTextInput("Note", read_note, value=self._event.note or "", hint="what to remember", id="note")

    def answer(self) -> Answer:
        return MarkEvent(event=self._event.event_id, mark=self.mark.read(), note=self.note.read())

    def outcome(self) -> Content:
        return shown(f"{self._event.type}\n{self._event.event_id}\nA marked event is never pruned.")


def read_mark(text: str) -> str | None:
    text = text.strip()
    if len(text) > MARK_MAX or any(sign in text for sign in ' ,*"()'):
        raise EntryRefused("A mark is one word")
    return text or None


def read_note(text: str) -> str | None:
    if len(text) > NOTE_MAX:
        raise EntryRefused(f"A note has at most {NOTE_MAX:,} characters")
    return text.strip() or None
