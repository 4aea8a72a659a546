"""A titled part of a screen: a list, and what to do when the list is empty."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Static


class Pane(Vertical):
    """A thin line with the title, below it the body; instead of the body the hint, while there is nothing to show."""

    DEFAULT_CSS = """
    Pane {
        border-top: solid $border-blurred; border-title-color: $text-muted;
        border-title-background: $background; padding: 0;
        & > .pane-hint { display: none; padding: 1 2; color: $text-muted; }
        &.-empty > .pane-hint { display: block; }
        &.-empty > .pane-body { display: none; }
        &:focus-within { border-top: solid $border; border-title-color: $text-primary; border-title-style: bold; }
    }
    """

    empty: reactive[bool] = reactive(False, init=False)
    """True shows the hint."""
    note: reactive[str] = reactive("", init=False)
    """Stands behind the title."""

    def __init__(self, title: str, body: Widget, *, hint: Content | str = "", id: str | None = None) -> None:
        super().__init__(id=id)
        self.border_title = title
        self._title = title
        self._body, self._hint = body, hint
        body.add_class("pane-body")

    def compose(self) -> ComposeResult:
        yield self._body
        yield Static(self._hint, classes="pane-hint", markup=False)

    def watch_empty(self, empty: bool) -> None:
        self.set_class(empty, "-empty")

    def watch_note(self, note: str) -> None:
        self.border_title = Content(f"{self._title} · {note}" if note else self._title).markup

    def rename(self, title: str) -> None:
        """Give it another title."""
        self._title = title
        self.watch_note(self.note)

    def hint(self, text: Content | str) -> None:
        """Say something else while there is nothing to show."""
        self._hint = text
        self.query_one(".pane-hint", Static).update(text)
