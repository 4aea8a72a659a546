"""What was sent and answered, part by part, with a line to search in it."""

from __future__ import annotations

import json
from typing import ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from devconsole.widgets.json_view import JsonView


class Document(Vertical):
    """Several texts, JSON mostly, one of them shown: a payload, its headers, the answer."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "Search", id="document.search", tooltip="Find text in the payload"),
        Binding("escape", "leave_search", "Leave search", show=False, id="document.leave-search"),
    ]
    DEFAULT_CSS = """
    Document {
        height: 1fr;
        & > Input { display: none; background: $panel; }
        &.-searching > Input { display: block; }
    }
    """

    view = getters.query_one(JsonView)
    entry = getters.query_one(Input)

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._parts: dict[str, str] = {}
        self._shown = ""

    def compose(self) -> ComposeResult:
        yield JsonView()
        yield Input(placeholder="find text; enter keeps the matches, n and N step through them", compact=True)

    @property
    def title(self) -> str:
        """The title of the part that is shown."""
        return self._shown

    @property
    def is_at_last(self) -> bool:
        return self._shown == next(reversed(self._parts), "")

    def fill(self, parts: dict[str, str]) -> None:
        """Show other parts, texts by their titles; what stays the same stays where it was scrolled to."""
        before = self._parts.get(self._shown)
        self._parts = parts
        if before is None or parts.get(self._shown) != before:
            self._show(self._shown if self._shown in parts else next(iter(parts)))

    def turn(self) -> None:
        """Show the next part, after the last one the first."""
        titles = list(self._parts)
        if titles:
            self._show(titles[(titles.index(self._shown) + 1) % len(titles)])

    def _show(self, title: str) -> None:
        self._shown = title
        self.view.show(self._parts[title])

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "leave_search":
            return self.has_class("-searching")
        return super().check_action(action, parameters)

    def action_search(self) -> None:
        self.add_class("-searching")
        self.entry.focus()

    def action_leave_search(self) -> None:
        self.entry.value = ""
        self.remove_class("-searching")
        self.view.focus()

    @on(Input.Changed)
    def _needle_changed(self, message: Input.Changed) -> None:
        message.stop()
        self.view.needle = message.value

    @on(Input.Submitted)
    def _needle_submitted(self, message: Input.Submitted) -> None:
        message.stop()
        self.remove_class("-searching")
        self.view.focus()


def headers_text(headers: dict[str, str]) -> str:
    """Headers as JSON, so that they are shown, folded and searched like everything else."""
    return json.dumps(headers, ensure_ascii=False)
