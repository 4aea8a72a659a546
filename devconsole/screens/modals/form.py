"""What all forms share: a dialog that checks as somebody types and leaves with a ready answer, or with nothing.

A form reaches neither the server nor the disk; whoever opened it sends what it returns.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Select, Static

from devconsole.looks import printable
from devconsole.widgets.field import Field, Objection
from devconsole.widgets.picker import Picker
from relay.api import Operation

Answer = Operation[Any]


def shown(text: str) -> Content:
    """Text with data in it: what a terminal would act on is replaced, line by line."""
    return Content("\n".join(printable(line) for line in text.split("\n")))


A = TypeVar("A")


class Dialog(ModalScreen[A | None], Generic[A]):
    """Fields on top, the outcome below them, two buttons at the end.

    A dialog gives `heading` and `submit_label`, composes its fields, says in `answer()` what it returns, and may show
    in `outcome()` what would happen. `enter` sends, `escape` leaves without an answer.
    """

    CSS_PATH = "modals.tcss"
    VERTICAL_BREAKPOINTS = [(0, "-tight"), (32, "-roomy")]
    BINDINGS = [
        Binding("escape", "cancel", "Cancel", id="form.cancel"),
        Binding("enter", "submit", "Send", show=False, id="form.submit"),
    ]

    heading: str
    submit_label: str
    cancel_label: str = "Cancel"

    submit = getters.query_one("#submit", Button)

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="dialog", can_focus=False) as dialog:
            dialog.border_title = self.heading
            dialog.border_subtitle = self.key_hints()
            yield from self.compose_fields()
            yield Static(id="outcome")
            with Horizontal(id="buttons"):
                yield Button(self.cancel_label, id="cancel", compact=True)
                yield from self.compose_buttons()

    def compose_fields(self) -> ComposeResult:
        """Its widgets, in tab order."""
        raise NotImplementedError

    def compose_buttons(self) -> ComposeResult:
        yield Button(self.submit_label, variant="primary", id="submit", compact=True)

    def key_hints(self) -> str:
        return f"enter {self.submit_label.lower()} · esc cancel"

    def answer(self) -> A:
        """What the fields describe. Raises `Objection`."""
        raise NotImplementedError

    def outcome(self) -> Content:
        """What would happen, as far as the fields can be read; empty where nothing needs saying."""
        return Content("")

    def on_mount(self) -> None:
        self.review()

    def review(self) -> None:
        """Check the form as it stands: enable sending or not, and say what would happen."""
        objection = self.objection()
        for field in self.query(Field):
            field.review(objection.reason if objection is not None and objection.at is field and field.typed else None)
        self.submit.disabled = objection is not None
        outcome = self.outcome()
        shown = self.query_one("#outcome", Static)
        shown.display = bool(outcome.plain)
        shown.update(outcome)

    def objection(self) -> Objection | None:
        """Why the form cannot be sent as it stands."""
        try:
            self.answer()
        except Objection as objection:
            return objection
        return None

    def send(self, answer: A) -> None:
        self.dismiss(answer)

    def action_cancel(self) -> None:
        self.dismiss(None)

    def action_submit(self) -> None:
        try:
            answer = self.answer()
        except Objection as objection:
            self.insist(objection)
        else:
            self.send(answer)

    def insist(self, objection: Objection) -> None:
        if isinstance(objection.at, Field):
            objection.at.insist(objection.reason)
        if objection.at is not None:
            objection.at.focus()
        self.app.bell()

    @on(Field.Changed)
    @on(Select.Changed)
    @on(Picker.Highlighted)
    def _form_changed(self) -> None:
        self.review()

    @on(Input.Submitted)
    @on(Picker.Chosen)
    @on(Button.Pressed, "#submit")
    def _form_submitted(self) -> None:
        self.action_submit()

    @on(Button.Pressed, "#cancel")
    def _form_cancelled(self) -> None:
        self.action_cancel()


class Form(Dialog[Answer]):
    """A dialog whose answer is an operation."""
