"""What the screens share that show one answer of the server to read: a head, and a list of lines below it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

from textual import getters
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from devconsole.looks import Tone, toned
from devconsole.screens.live import LiveScreen
from devconsole.store import Update
from devconsole.widgets.pane import Pane
from devconsole.widgets.row_list import Column, TupleList


@dataclass(frozen=True, slots=True)
class ReadingLine:
    """One line; `cells` go into the columns of its list. `reference` is what enter opens."""

    id: int
    cells: tuple[tuple[str, Tone], ...]
    reference: str | None = None


class Title(NamedTuple):
    """Of a column; a width of 0 takes what the others leave."""

    text: str
    width: int
    align: Literal["left", "right"] = "left"


class ReadingList(TupleList[ReadingLine]):
    """Lines under the columns of the screen that they belong to; the last column takes what there is."""

    def __init__(self, titles: Sequence[Title], *, id: str) -> None:
        super().__init__(id=id)
        self._titles = titles

    def columns(self, width: int) -> Sequence[Column]:
        fitting = [(place, title) for place, title in enumerate(self._titles) if title.width < width // 2]
        return [
            Column(title.text, title.width, lambda line, place=place: line.cells[place], title.align)  # type: ignore[misc]
            for place, title in fitting
        ]


class ReadingScreen(LiveScreen):
    """`fill` shows an answer; escape goes back."""

    CSS_PATH = "reading.tcss"
    AUTO_FOCUS = "#reading-list"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "back", "Back", id="reading.back")]
    mode_name = "events"

    title_text: ClassVar[str] = ""
    columns_shown: ClassVar[Sequence[Title]] = ()
    nothing: ClassVar[str] = "There is nothing to show."

    head = getters.query_one("#reading-head", Static)
    pane = getters.query_one("#reading", Pane)
    lines = getters.query_one("#reading-list", ReadingList)

    def compose_body(self) -> ComposeResult:
        yield Static("Loading ...", id="reading-head", markup=False)
        lines = ReadingList(self.columns_shown, id="reading-list")
        yield Pane(self.title_text, lines, hint=self.nothing, id="reading")

    def paint(self, update: Update) -> None:
        """Nothing changes by itself, unless a screen says so."""

    def fill(self, head: Sequence[tuple[str, Tone]], lines: Sequence[ReadingLine], *, note: str = "") -> None:
        self.head.update(Content("\n").join(Content.assemble(toned(text, tone)) for text, tone in head))
        self.lines.rows = tuple(lines)
        self.pane.empty = not lines
        self.pane.note = note

    def action_back(self) -> None:
        self.dismiss()
