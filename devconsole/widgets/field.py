"""A labelled line of entry that says under itself what it expects, or why it cannot read what was typed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Label, Static

from devconsole.entry import EntryRefused

T = TypeVar("T")


class Objection(Exception):
    """Why a form cannot be sent yet, and the widget to go to in order to change that."""

    def __init__(self, reason: str, at: Widget | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.at = at


class Preset(Static):
    """A value that one click enters; from the keyboard the arrow keys step through them."""

    @dataclass
    class Chosen(Message):
        value: str

    def __init__(self, value: str) -> None:
        super().__init__(Content(value))
        self.value = value

    def on_click(self, event: events.Click) -> None:
        event.stop()
        self.post_message(self.Chosen(self.value))


class Field(Vertical, Generic[T]):
    """Label, input and presets in one line; the hint or the reason below, or beside a short entry without presets.

    `read` turns text into a value or raises `EntryRefused`. A reason shows once something was typed, never before.
    """

    BINDINGS = [
        Binding("up", "preset(-1)", "Previous value", show=False, id="field.previous"),
        Binding("down", "preset(1)", "Next value", show=False, id="field.next"),
    ]

    @dataclass
    class Changed(Message):
        field: Field[Any]

    def __init__(
        self,
        label: str,
        read: Callable[[str], T],
        *,
        value: str = "",
        hint: str = "",
        presets: tuple[str, ...] = (),
        short: bool = False,
        hidden: bool = False,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id, classes="-short" if short or presets else None)
        self._label_text, self._hint = label, hint
        self._read_text = read
        self._presets = presets
        self._note_beside = short and not presets
        self._typed = False
        self._entry = Input(value, compact=True, select_on_focus=True, password=hidden)

    def compose(self) -> ComposeResult:
        with Horizontal(classes="field-line"):
            yield Label(Content(self._label_text), classes="field-label")
            yield self._entry
            if self._presets:
                yield Label("↑↓", classes="field-arrows")
                yield from (Preset(preset) for preset in self._presets)
            if self._note_beside:
                yield Static(classes="field-note -beside")
        if not self._note_beside:
            yield Static(classes="field-note")

    def on_mount(self) -> None:
        self.review()

    def focus(self, scroll_visible: bool = True) -> Field[T]:
        self._entry.focus(scroll_visible)
        return self

    @property
    def text(self) -> str:
        return self._entry.value

    @text.setter
    def text(self, value: str) -> None:
        """Enter a value, selected, so that typing replaces it."""
        self._entry.value = value
        self._entry.action_select_all()

    def read(self) -> T:
        """The value. Raises `Objection` with the reason."""
        try:
            return self._read_text(self.text)
        except EntryRefused as refused:
            raise Objection(str(refused), at=self) from refused

    def expect(self, read: Callable[[str], T], *, hint: str) -> None:
        """Read differently from now on: another choice in the form moved the range."""
        self._read_text, self._hint = read, hint
        self.review()

    def review(self, objection: str | None = None) -> None:
        """Show the reason why the value is not accepted (the form's, or else its own), or the hint."""
        reason = objection or (self._own_reason() if self._typed else None)
        self.set_class(reason is not None, "-refused")
        note = self.query_one(".field-note", Static)
        note.update(Content(f"✗ {reason}" if reason else self._hint))
        note.display = bool(reason or self._hint)

    @property
    def typed(self) -> bool:
        """Whether anybody has entered something here; before that, a form does not complain."""
        return self._typed

    def insist(self, reason: str) -> None:
        """The form was to be sent: show the reason even where nothing was typed."""
        self._typed = True
        self.review(reason)

    def _own_reason(self) -> str | None:
        try:
            self.read()
        except Objection as objection:
            return objection.reason
        return None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        return bool(self._presets) if action == "preset" else True

    def action_preset(self, step: int) -> None:
        count = len(self._presets)
        index = self._presets.index(self.text) + step if self.text in self._presets else (0 if step > 0 else count - 1)
        self.text = self._presets[index % count]

    @on(Preset.Chosen)
    def _preset_chosen(self, message: Preset.Chosen) -> None:
        message.stop()
        self.text = message.value
        self._entry.focus()

    @on(Input.Changed)
    def _entry_changed(self, message: Input.Changed) -> None:
        message.stop()
        self._typed = True
        self.review()
        self.post_message(self.Changed(self))
