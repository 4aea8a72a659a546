"""A labelled choice among a few values."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Generic, TypeVar

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Label, Select, Static

from devconsole.looks import printable

T = TypeVar("T", bound=Hashable)


class Choice(Vertical, Generic[T]):
    """Label and drop-down list in one line, a hint below. There is always a value unless there are no options."""

    def __init__(
        self,
        label: str,
        options: Sequence[tuple[str, T]],
        *,
        value: T | None = None,
        hint: str = "",
        prompt: str = "Choose",
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self._label_text, self._hint = label, hint
        # The blank entry exists only where there is nothing else to show.
        self._select: Select[T] = Select(
            [(Text(printable(text)), option) for text, option in options],
            prompt=prompt,
            allow_blank=not options,
            value=Select.NULL if value is None else value,
            compact=True,
        )

    def compose(self) -> ComposeResult:
        with Horizontal(classes="field-line"):
            yield Label(Content(self._label_text), classes="field-label")
            yield self._select
        yield Static(classes="field-note")

    def on_mount(self) -> None:
        self.note(self._hint)

    def focus(self, scroll_visible: bool = True) -> Choice[T]:
        self._select.focus(scroll_visible)
        return self

    @property
    def value(self) -> T | None:
        """What is chosen; None when there is nothing to choose from."""
        return self._select.selection

    @value.setter
    def value(self, value: T) -> None:
        self._select.value = value

    def note(self, text: str) -> None:
        """Replace the hint."""
        note = self.query_one(".field-note", Static)
        note.update(Content(text))
        note.display = bool(text)
