"""Saved filters: choose one, save the one that is shown, delete one."""

from __future__ import annotations

import re
from collections.abc import Sequence

from textual import getters
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content

from devconsole.entry import EntryRefused
from devconsole.screens.modals.form import Answer, Form, shown
from devconsole.widgets.field import Objection
from devconsole.widgets.picker import Entry, Picker
from devconsole.widgets.text_input import TextInput
from relay.api import DeleteFilter, ListEvents, SavedFilterView, SaveFilter

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


class SavedFilters(Form):
    """Enter uses the highlighted one (the answer asks for its events), ctrl+x deletes it."""

    heading = "Saved filters"
    submit_label = "Use"
    AUTO_FOCUS = "Picker Input"
    DEFAULT_CLASSES = "-wide"
    BINDINGS = [Binding("ctrl+x", "delete", "Delete", id="filters.delete", priority=True)]

    picker = getters.query_one(Picker)

    def __init__(self, filters: Sequence[SavedFilterView]) -> None:
        super().__init__()
        self._filters = {row.name: row for row in filters}

    def key_hints(self) -> str:
        return "enter use · ctrl+x delete · esc cancel"

    def compose_fields(self) -> ComposeResult:
        width = max(map(len, self._filters), default=0)
        yield Picker(
            "Filter",
            [_entry(row, width) for row in self._filters.values()],
            placeholder="type to search",
            nothing="None matches." if self._filters else "None is saved yet: filter the list, then press S.",
        )

    def answer(self) -> Answer:
        if (name := self.picker.key) is None:
            raise Objection("Choose a filter", at=self.picker.search)
        return ListEvents(filter=self._filters[name].filter)

    def action_delete(self) -> None:
        if (name := self.picker.key) is not None:
            self.send(DeleteFilter(saved=name))


def _entry(row: SavedFilterView, width: int) -> Entry:
    line = Content.assemble(f"@{row.name:<{width}}", "  ", (row.filter, "$text-muted"))
    return Entry(key=row.name, line=line, detail=row.filter)


class SaveFilterForm(Form):
    """A name for the filter that the list is narrowed to."""

    heading = "Save the filter"
    submit_label = "Save"
    AUTO_FOCUS = "#name Input"

    name_entry = getters.query_one("#name", TextInput)

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def compose_fields(self) -> ComposeResult:
        yield TextInput("Name", read_name, hint="small letters, digits, - and _; filters use it as @name", id="name")

    def answer(self) -> Answer:
        return SaveFilter(as_=self.name_entry.read(), filter=self._text)

    def outcome(self) -> Content:
        return shown(self._text)


def read_name(text: str) -> str:
    name = text.strip().removeprefix("@")
    if not NAME.fullmatch(name):
        raise EntryRefused("Small letters, digits, - and _")
    return name
