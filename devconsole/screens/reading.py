"""What the screens share that show one answer of the server: a head, a list of lines, the selected one in full."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from devconsole.looks import Tone, toned
from devconsole.screens.live import LiveScreen
from devconsole.store import Update
from devconsole.widgets.pane import Pane
from devconsole.widgets.row_list import Column, RowList, TupleList


@dataclass(frozen=True, slots=True)
class ReadingLine:
    """One line; `cells` go into the columns of its list. `reference` is what enter opens."""

    id: int
    cells: tuple[tuple[str, Tone], ...]
    reference: str | None = None

    @property
    def in_full(self) -> Content:
        """All that it says, each cell on a line of its own."""
        return Content("\n").join(Content.assemble(toned(text, tone)) for text, tone in self.cells if text.strip())


class Title(NamedTuple):
    """Of a column. A width below 1 is a share of the list; 0 takes what the others leave."""

    text: str
    width: float
    align: Literal["left", "right"] = "left"


class ReadingList(TupleList[ReadingLine]):
    """Lines under the columns of the screen that they belong to; the last column takes what there is."""

    def __init__(self, titles: Sequence[Title], *, id: str) -> None:
        super().__init__(id=id)
        self._titles = titles

    def columns(self, width: int) -> Sequence[Column]:
        return [
            Column(title.text, _cells_of(title.width, width), lambda line, place=place: line.cells[place], title.align)  # type: ignore[misc]
            for place, title in enumerate(self._titles)
        ]


def _cells_of(wanted: float, width: int) -> int:
    return int(wanted * width) if wanted < 1 else int(wanted)


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
    line_in_full = getters.query_one("#reading-line", Static)

    def compose_body(self) -> ComposeResult:
        yield Static("Loading ...", id="reading-head", markup=False)
        lines = ReadingList(self.columns_shown, id="reading-list")
        yield Pane(self.title_text, lines, hint=self.nothing, id="reading")
        with VerticalScroll(id="reading-scroll", can_focus=False):
            yield Static(id="reading-line", markup=False)

    def paint(self, update: Update) -> None:
        """Nothing changes by itself, unless a screen says so."""

    def fill(self, head: Sequence[tuple[str, Tone]], lines: Sequence[ReadingLine], *, note: str = "") -> None:
        self.head.update(Content("\n").join(Content.assemble(toned(text, tone)) for text, tone in head))
        self.lines.rows = tuple(lines)
        self.pane.empty = not lines
        self.pane.note = note

    @on(RowList.Highlighted, "#reading-list")
    def _line_highlighted(self, message: RowList.Highlighted) -> None:
        line: ReadingLine | None = message.row
        self.line_in_full.update(Content("") if line is None else line.in_full)

    def action_back(self) -> None:
        self.dismiss()
