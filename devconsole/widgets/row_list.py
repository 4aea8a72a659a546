"""A list of rows drawn line by line: only what is visible costs anything, however long the list is.

`RowList` knows columns, the cursor and scrolling; where its rows come from is up to those who build on it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Literal, NamedTuple, TypeVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.style import Style as ContentStyle

from devconsole.looks import TONE_STYLES, Tone, printable

Row = TypeVar("Row")
Cell = tuple[str, Tone]
MARK = "▌"
"""Stands before the selected row, so that the selection shows without colour."""


class Column(NamedTuple):
    """One column: `width` in cells, 0 for the one that takes what is left."""

    title: str
    width: int
    cell: Callable[[Any], Cell]
    align: Literal["left", "right"] = "left"


class RowList(ScrollView, Generic[Row], can_focus=True, inherit_bindings=False):
    """Rows under a line of titles, one of them selected. It never scrolls sideways: left and right are the screen's."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False, id="list.up"),
        Binding("down,j", "move(1)", "Down", show=False, id="list.down"),
        Binding("pageup", "move_page(-1)", "Page up", show=False, id="list.page-up"),
        Binding("pagedown", "move_page(1)", "Page down", show=False, id="list.page-down"),
        Binding("home,g", "first", "First", show=False, id="list.first"),
        Binding("end,G", "last", "Last", show=False, id="list.last"),
        Binding("enter", "open", "Open", id="list.open", tooltip="Show the selected row in full"),
    ]
    COMPONENT_CLASSES = {"row-list--cursor"}
    DEFAULT_CSS = """
    RowList {
        height: 1fr; overflow-x: hidden; scrollbar-size-vertical: 1;
        & > .row-list--cursor { color: $foreground; }
        &:focus > .row-list--cursor { background: $block-hover-background; }
    }
    """

    cursor: reactive[int] = reactive(0, repaint=False)
    """The selected place, counted from the top; 0 when there are no rows."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._styles_drawn: dict[str, Style] = {}

    @dataclass
    class Highlighted(Message):
        """Another row was selected, or the selected one changed; None when there are no rows."""

        row_list: RowList[Any]
        row: Any | None

        @property
        def control(self) -> RowList[Any]:
            return self.row_list

    @dataclass
    class Opened(Message):
        """A row was chosen by enter or by a second click."""

        row_list: RowList[Any]
        row: Any

        @property
        def control(self) -> RowList[Any]:
            return self.row_list

    # What those who build on it say.

    def row_count(self) -> int:
        raise NotImplementedError

    def row_at(self, place: int) -> Row | None:
        """The row, or None while it is not known yet."""
        raise NotImplementedError

    def columns(self, width: int) -> Sequence[Column]:
        """The columns for so many cells, gaps of one cell between them."""
        raise NotImplementedError

    # Selection.

    @property
    def selected(self) -> Row | None:
        return self.row_at(self.cursor) if self.row_count() else None

    def validate_cursor(self, place: int) -> int:
        return max(0, min(place, self.row_count() - 1))

    def watch_cursor(self, before: int, after: int) -> None:
        self._refresh_row(before)
        self._refresh_row(after)
        self.scroll_to_row(after)
        self.post_message(self.Highlighted(self, self.selected))

    def scroll_to_row(self, place: int) -> None:
        """Scroll just so far that the row is visible."""
        top, height = round(self.scroll_y), self.rows_visible
        if place < top:
            self._jump_to(place)
        elif place >= top + height:
            self._jump_to(place - height + 1)

    @property
    def rows_visible(self) -> int:
        return max(1, self.size.height - 1)

    @property
    def line_width(self) -> int:
        """Cells of a line, what the scroll bar takes left out."""
        return self.scrollable_content_region.width

    def row_count_changed(self) -> None:
        """Adapt scroll bar and cursor to `row_count()` and draw anew."""
        self._resize_virtually(Size(0, self.row_count() + 1))
        self.cursor = self.validate_cursor(self.cursor)
        self.refresh()

    def _resize_virtually(self, size: Size) -> None:
        """Lay the screen out only when the scroll bar comes or goes: with each arrival it would cost a full redraw."""
        if self.is_mounted and self.show_vertical_scrollbar and size.height > self.size.height:
            self.set_reactive(RowList.virtual_size, size)
            self.vertical_scrollbar.window_virtual_size = size.height
        else:
            self.virtual_size = size

    def _jump_to(self, place: int) -> None:
        self.scroll_to(y=max(0, place), animate=False, force=True)

    def _refresh_row(self, place: int) -> None:
        self.refresh_line(place + 1)

    # Keys and mouse.

    def action_move(self, step: int) -> None:
        self.cursor += step

    def action_move_page(self, step: int) -> None:
        self.cursor += step * self.rows_visible

    def action_first(self) -> None:
        self.cursor = 0
        self._jump_to(0)

    def action_last(self) -> None:
        self.cursor = self.row_count() - 1

    def action_open(self) -> None:
        if (row := self.selected) is not None:
            self.post_message(self.Opened(self, row))

    def on_click(self, event: events.Click) -> None:
        place = event.y - 1 + round(self.scroll_y)
        if event.y < 1 or place >= self.row_count():
            return
        self.cursor = place
        if event.chain >= 2:
            self.action_open()

    def on_resize(self) -> None:
        self.row_count_changed()
        self.scroll_to_row(self.cursor)

    # Drawing.

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles_drawn.clear()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.line_width
        columns = self.columns(width - 1)
        if y == 0:
            return self.title_line(width, columns)
        place = y - 1 + round(self.scroll_y)
        if place >= self.row_count():
            return Strip.blank(width, self._plain)
        row = self.row_at(place)
        cells = [("…", Tone.MUTED)] if row is None else [column.cell(row) for column in columns]
        return self._line(width, columns, cells, selected=place == self.cursor)

    def title_line(self, width: int, columns: Sequence[Column]) -> Strip:
        """The line of titles at the top, which does not scroll."""
        return self._line(width, columns, [(column.title, Tone.MUTED) for column in columns], selected=False)

    def _line(self, width: int, columns: Sequence[Column], cells: Sequence[Cell], *, selected: bool) -> Strip:
        """The cells side by side, a gap after each; the first cell of the line bears the mark of the selection."""
        base = self._selected if selected else self._plain
        segments = [Segment(MARK, base + self._toned(Tone.MARK)) if selected else Segment(" ", base)]
        for column, cell_width, (text, tone) in zip(columns, _widths(width - 1, columns), cells, strict=False):
            segments.append(Segment(_fit(printable(text), cell_width, column.align) + " ", base + self._toned(tone)))
        return Strip(segments).crop_extend(0, width, base)

    # Styles cost more than the drawing, so each is worked out once until the theme or the focus changes.

    @property
    def _plain(self) -> Style:
        return self._drawn("base", lambda: self.rich_style)

    @property
    def _selected(self) -> Style:
        return self._drawn("selected", lambda: self.get_component_rich_style("row-list--cursor"))

    def _toned(self, tone: Tone) -> Style:
        if tone is Tone.MARK and self.has_focus:
            tone = Tone.ACCENT
        return self._drawn(tone, lambda: ContentStyle.parse(TONE_STYLES[tone]).rich_style)

    def _drawn(self, name: str, make: Callable[[], Style]) -> Style:
        found = self._styles_drawn.get(name)
        if found is None:
            found = self._styles_drawn[name] = make()
        return found


def _widths(width: int, columns: Sequence[Column]) -> list[int]:
    """The widths of the columns; the one with 0 takes what the others leave."""
    fixed = sum(column.width for column in columns) + len(columns) - 1
    return [column.width or max(0, width - fixed) for column in columns]


def _fit(text: str, width: int, align: str) -> str:
    """Exactly `width` cells; what is too long ends in an ellipsis."""
    if (length := cell_len(text)) > width:
        return set_cell_size(text, max(0, width - 1)) + "…" if width else ""
    return " " * (width - length) + text if align == "right" else text + " " * (width - length)


class TupleList(RowList[Row]):
    """A list whose rows are all at hand; the selection stays on the row with the same key."""

    rows: reactive[tuple[Any, ...]] = reactive((), repaint=False)

    def key_of(self, row: Row) -> Hashable:
        return row.id  # type: ignore[attr-defined, no-any-return]

    def row_count(self) -> int:
        return len(self.rows)

    def row_at(self, place: int) -> Row | None:
        rows: tuple[Row, ...] = self.rows
        return rows[place] if 0 <= place < len(rows) else None

    def watch_rows(self, before: tuple[Row, ...], after: tuple[Row, ...]) -> None:
        place = self._place_after(before, after)
        self.row_count_changed()
        self.cursor = place
        if self.cursor < len(after) and (self.cursor >= len(before) or before[self.cursor] != after[self.cursor]):
            self.post_message(self.Highlighted(self, self.selected))
        elif not after and before:
            self.post_message(self.Highlighted(self, None))

    def _place_after(self, before: tuple[Row, ...], after: tuple[Row, ...]) -> int:
        """Where the selected row went. At the very top the selection stays there: it follows what is newest."""
        if not self.cursor or self.cursor >= len(before):
            return self.cursor
        key = self.key_of(before[self.cursor])
        return next((place for place, row in enumerate(after) if self.key_of(row) == key), self.cursor)
