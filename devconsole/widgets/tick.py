"""A box to tick that shows its state by a mark, not by a colour."""

from __future__ import annotations

from textual.binding import Binding
from textual.content import Content
from textual.widgets import Checkbox


class Tick(Checkbox, inherit_bindings=False):
    """Toggled with space or the mouse; the enter key is left to the form, as in every other field."""

    BINDINGS = [Binding("space", "toggle_button", "Toggle", show=False)]

    def __init__(self, label: str, *, value: bool = False, id: str | None = None) -> None:
        self.BUTTON_INNER = "X" if value else " "
        super().__init__(Content(label), value, id=id, compact=True)

    def watch_value(self) -> None:
        self.BUTTON_INNER = "X" if self.value else " "
        super().watch_value()
