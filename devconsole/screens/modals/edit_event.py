"""The body of an event to edit, sign and send; or to try on a copy first."""

from __future__ import annotations

import json

from textual import getters, on
from textual.app import ComposeResult, SuspendNotSupported
from textual.binding import Binding
from textual.content import Content
from textual.widgets import Button, Static, TextArea

from devconsole.bodies import pretty
from devconsole.screens.modals.form import Answer, Form, shown
from devconsole.widgets.field import Objection
from relay.api import EventDetail, RehearseEvents, SendEvent


class EditEventForm(Form):
    """ctrl+s sends, ctrl+t tries it on a copy of the database, ctrl+e opens `$EDITOR`."""

    heading = "Edit and send"
    submit_label = "Send"
    AUTO_FOCUS = "TextArea"
    DEFAULT_CLASSES = "-wide -tall-entry"
    BINDINGS = [
        Binding("ctrl+s", "submit", "Send", id="edit.send", priority=True),
        Binding("ctrl+t", "try", "Dry run", id="edit.try", priority=True),
        Binding("ctrl+e", "editor", "$EDITOR", id="edit.editor", priority=True),
        Binding("escape", "cancel", "Cancel", id="edit.cancel", priority=True),  # not the entry's way to the buttons
    ]
    entry = getters.query_one(TextArea)

    def __init__(self, detail: EventDetail) -> None:
        super().__init__()
        self._event, self._before = detail.event, pretty(detail.payload)
        self._warned_of = ""
        """The text that would be lost, once somebody was told so."""

    def key_hints(self) -> str:
        return "ctrl+s send · ctrl+t dry run · ctrl+e $EDITOR · esc cancel"

    def compose_fields(self) -> ComposeResult:
        yield Static(shown(f"{self._event.type} · {self._event.event_id}"))
        yield TextArea(self._before, show_line_numbers=True, soft_wrap=False, tab_behavior="indent")

    def compose_buttons(self) -> ComposeResult:
        yield Button("Dry run", id="try", compact=True)
        yield from super().compose_buttons()

    def answer(self) -> Answer:
        return SendEvent(body=self._body())

    def outcome(self) -> Content:
        if self.entry.text.strip() == self._before.strip():
            return shown("As it came: sending it is a replay.")
        return shown("It goes out under an id of its own: an event is kept once, with the bytes that came first.")

    def _body(self) -> str:
        try:
            json.loads(self.entry.text)
        except ValueError as error:
            raise Objection(f"Not JSON: {error}", at=self.entry) from None
        return self.entry.text

    def insist(self, objection: Objection) -> None:
        super().insist(objection)
        self.notify(objection.reason, title="Not sent", severity="warning", markup=False)

    def action_cancel(self) -> None:
        text = self.entry.text
        if text.strip() in (self._before.strip(), self._warned_of.strip()):
            self.dismiss(None)
        else:
            self._warned_of = text
            self.notify("esc again throws the changes away.", title="Not sent yet", severity="warning")

    @on(TextArea.Changed)
    def _text_changed(self) -> None:
        self.review()

    @on(Button.Pressed, "#try")
    def action_try(self) -> None:
        try:
            self.send(RehearseEvents(body=self._body()))
        except Objection as objection:
            self.insist(objection)

    def action_editor(self) -> None:
        """Hand the terminal to `$EDITOR` for as long as it runs."""
        import click

        try:
            with self.app.suspend():
                text = click.edit(self.entry.text, extension=".json")
        except SuspendNotSupported:
            self.notify("This terminal cannot be handed to an editor.", severity="warning")
        except click.ClickException as error:
            self.notify(error.format_message(), title="$EDITOR", severity="error", markup=False)
        else:
            if text is not None:
                self.entry.load_text(text)
