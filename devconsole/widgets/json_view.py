"""A JSON document to read: coloured, folded with enter, searched with a slash."""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from devconsole.json_lines import Line, Token, lines_of
from devconsole.looks import printable


class JsonView(ScrollView, can_focus=True):
    """Draws visible lines only. `needle` is what is searched for; matches are counted by `found`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False, id="json.up"),
        Binding("down,j", "move(1)", "Down", show=False, id="json.down"),
        Binding("pageup", "move_page(-1)", "Page up", show=False, id="json.page-up"),
        Binding("pagedown", "move_page(1)", "Page down", show=False, id="json.page-down"),
        Binding("home,g", "edge(0)", "First", show=False, id="json.first"),
        Binding("end,G", "edge(1)", "Last", show=False, id="json.last"),
        Binding("enter,space", "fold", "Fold", id="json.fold", tooltip="Fold or unfold the object under the cursor"),
        Binding("n", "match(1)", "Next", show=False, id="json.next"),
        Binding("N", "match(-1)", "Previous", show=False, id="json.previous"),
    ]
    COMPONENT_CLASSES = {f"json--{token}" for token in Token} | {"json--cursor", "json--match", "json--folded"}
    DEFAULT_CSS = """
    JsonView {
        height: 1fr; scrollbar-size-vertical: 1; scrollbar-size-horizontal: 1;
        & > .json--key { color: $text-primary; }
        & > .json--text { color: $text-success; }
        & > .json--number { color: $text-warning; }
        & > .json--literal { color: $text-accent; }
        & > .json--mark { color: $text-muted; }
        & > .json--folded { color: $text-muted; text-style: italic; }
        & > .json--match { background: $warning; color: $background; }
        & > .json--cursor { background: $panel; }
        &:focus > .json--cursor { background: $block-hover-background; }
    }
    """

    cursor: reactive[int] = reactive(0, repaint=False)
    """Place of the current line among those that are not folded away."""
    needle: reactive[str] = reactive("", repaint=False)

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._document: list[Line] = []
        self._folded: set[int] = set()
        self._visible: list[int] = []
        self.found: list[int] = []
        """Lines of the document that contain the needle."""

    def show(self, text: str) -> None:
        """Show another document from its top."""
        self._document = lines_of(text)
        self._folded.clear()
        self._lay_out()
        self.cursor = 0
        self.scroll_to(x=0, y=0, animate=False, force=True)
        self._search()

    def _lay_out(self) -> None:
        """Find the lines that are not folded away."""
        self._visible = []
        index = 0
        while index < len(self._document):
            self._visible.append(index)
            index = (self._document[index].closes_at if index in self._folded else index) + 1
        width = max((cell_len(self._text_of(index)) for index in self._visible), default=0)
        self.virtual_size = Size(width, len(self._visible))
        self.refresh()

    def _text_of(self, index: int) -> str:
        line = self._document[index]
        return line.text + self._folded_away(index) if index in self._folded else line.text

    def _folded_away(self, index: int) -> str:
        """What stands for everything between an opening line and its closing one."""
        line = self._document[index]
        return f" … {self._document[line.closes_at].text.strip()}  {line.summary}"

    # Moving and folding.

    def validate_cursor(self, place: int) -> int:
        return max(0, min(place, len(self._visible) - 1))

    def watch_cursor(self, before: int, after: int) -> None:
        self.refresh_line(before)
        self.refresh_line(after)
        top, height = round(self.scroll_y), max(1, self.size.height)
        if after < top or after >= top + height:
            self.scroll_to(y=after if after < top else after - height + 1, animate=False, force=True)

    def action_move(self, step: int) -> None:
        self.cursor += step

    def action_move_page(self, step: int) -> None:
        self.cursor += step * max(1, self.size.height)

    def action_edge(self, last: int) -> None:
        self.cursor = len(self._visible) if last else 0

    def action_fold(self) -> None:
        if not self._visible:
            return
        index = self._visible[self.cursor]
        if self._document[index].closes_at == index:
            return
        self._folded ^= {index}
        self._lay_out()

    def on_click(self, event: events.Click) -> None:
        place = event.y + round(self.scroll_y)
        if place >= len(self._visible):
            return
        self.cursor = place
        if event.chain >= 2:
            self.action_fold()

    # Searching.

    def watch_needle(self) -> None:
        self._search()
        if self.found:
            self._go_to(self.found[0])

    def _search(self) -> None:
        needle = self.needle.casefold()
        self.found = [i for i, line in enumerate(self._document) if needle in line.text.casefold()] if needle else []
        self.refresh()

    def action_match(self, step: int) -> None:
        if not self.found:
            return
        current = self._visible[self.cursor]
        after = [index for index in self.found if index > current]
        before = [index for index in self.found if index < current]
        order = (after, self.found[:1]) if step > 0 else (before[::-1], self.found[-1:])
        self._go_to((order[0] or order[1])[0])

    def _go_to(self, index: int) -> None:
        """Put the cursor on a line of the document, unfolding what hides it."""
        hiding = {start for start in self._folded if start < index <= self._document[start].closes_at}
        if hiding:
            self._folded -= hiding
            self._lay_out()
        self.cursor = self._visible.index(index)

    # Drawing.

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        scroll_x, scroll_y = self.scroll_offset
        place, width = y + scroll_y, self.size.width
        if place >= len(self._visible):
            return Strip.blank(width, self.rich_style)
        base = self.get_component_rich_style("json--cursor") if place == self.cursor else self.rich_style
        strip = Strip(self._segments(self._visible[place], base))
        return strip.crop_extend(scroll_x, scroll_x + width, base)

    def _segments(self, index: int, base: Style) -> list[Segment]:
        line = self._document[index]
        parts = [(printable(text), base + self._part_style(token)) for text, token in line.parts]
        if index in self._folded:
            parts.append((self._folded_away(index), base + self._part_style("folded")))
        return self._marked([Segment(text, style) for text, style in parts])

    def _marked(self, segments: list[Segment]) -> list[Segment]:
        """Set off what was searched for, wherever it stands within one part."""
        needle = self.needle.casefold()
        if not needle:
            return segments
        match = self._part_style("match")
        marked: list[Segment] = []
        for segment in segments:
            text, style = segment.text, segment.style or Style.null()
            start = text.casefold().find(needle)
            if start < 0:
                marked.append(segment)
                continue
            end = start + len(needle)
            marked += [
                Segment(text[:start], style),
                Segment(text[start:end], style + match),
                Segment(text[end:], style),
            ]
        return marked

    def _part_style(self, name: str) -> Style:
        return self.get_component_rich_style(f"json--{name}", partial=True)
