"""A payload or a set of headers in a pane, with a line to search in it."""

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
    """Shows the payload first; `switch` shows the headers instead."""

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
        self._payload, self._headers = "", "{}"
        self.shows_headers = False

    def compose(self) -> ComposeResult:
        yield JsonView()
        yield Input(placeholder="find text; enter keeps the matches, n and N step through them", compact=True)

    def fill(self, *, payload: str, headers: dict[str, str]) -> None:
        """Show another document; what is already shown stays where it is."""
        before = self._headers if self.shows_headers else self._payload
        self._payload, self._headers = payload, json.dumps(headers, ensure_ascii=False)
        if before != (self._headers if self.shows_headers else self._payload):
            self._show()

    def switch(self, *, headers: bool) -> None:
        self.shows_headers = headers
        self._show()

    def _show(self) -> None:
        self.view.show(self._headers if self.shows_headers else self._payload)

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
