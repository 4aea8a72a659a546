"""Draws a chart in text: upright bars along time, or lying bars by name, to an eighth of a cell.

The chart libraries for terminals were tried first: the kept one (plotext 6) spaces bars unevenly and puts ticks at
833.3, the wrapper for Textual follows its previous major version, and textual-plot brings numpy along.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from devconsole.looks import TONE_STYLES, Tone, toned
from devconsole.reports.chart import Bar, Chart

UP = " ▁▂▃▄▅▆▇█"
RIGHT = " ▏▎▍▌▋▊▉█"
BAR_CELLS_MAX = 6
NAME_CELLS_MAX = 34
STEPS = (1, 2, 2.5, 5, 10)


class ChartView(Widget):
    """One chart, as large as its place. Without a chart it takes no room."""

    DEFAULT_CSS = """
    ChartView { height: 10; padding: 0 1; display: none; }
    ChartView.-shown { display: block; }
    """

    chart: reactive[Chart | None] = reactive(None)

    def watch_chart(self, chart: Chart | None) -> None:
        self.set_class(chart is not None, "-shown")
        # Lying bars take a line each; upright ones as much height as there is.
        self.styles.max_height = None if chart is None or chart.upright else len(chart.bars) + 1

    def render(self) -> Content:
        if self.chart is None:
            return Content("")
        width, height = self.content_size
        lines = upright(self.chart, width, height) if self.chart.upright else lying(self.chart, width, height)
        return Content("\n").join(lines)


def ceiling(value: float) -> float:
    """The next round figure that is not below: 1, 2, 2.5 or 5 with zeros."""
    if value <= 0:
        return 1
    power = 1.0
    while power * 10 <= value:
        power *= 10
    while power > value:
        power /= 10
    return next(step * power for step in STEPS if step * power >= value)


def upright(chart: Chart, width: int, height: int) -> list[Content]:
    """Bars beside each other, the axis with its figures to the left, labels below; the newest stay when room lacks."""
    rows = max(2, height - 2)
    top = ceiling(max([*(bar.value for bar in chart.bars), chart.line or 0, 1]))
    bottom = -ceiling(max(0, *(-bar.value for bar in chart.bars), 0)) if any(b.value < 0 for b in chart.bars) else 0.0
    below = 0 if not bottom else max(1, min(rows - 1, round(rows * -bottom / (top - bottom))))
    above = max(1, rows - below)
    axis = max(cell_len(chart.read(value)) for value in (top, top / 2, bottom))
    bars, each = _fitting(chart.bars, width - axis - 2)
    ticks = {0: top, above - 1: 0.0} | ({above // 2: top / 2} if above >= 6 and above % 2 == 0 else {})
    line_row = None if chart.line is None else above - max(1, min(above, round(chart.line / top * above)))
    lines = [Content.assemble(toned(chart.caption, Tone.MUTED))]
    for row in range(above):
        figure = chart.read(ticks[row]) if row in ticks else ""
        cells = [_cell(bar.value / top * above, above - 1 - row) for bar in bars]
        lines.append(_row(f"{figure:>{axis}} ┤" if figure else " " * axis + " │", bars, cells, each, row == line_row))
    for row in range(below):
        figure = chart.read(bottom) if row == below - 1 else ""
        cells = ["█" if -bar.value / -bottom * below > row + 0.25 and bar.value < 0 else " " for bar in bars]
        lines.append(_row(f"{figure:>{axis}} ┤" if figure else " " * axis + " │", bars, cells, each, False))
    lines.append(Content.assemble(toned(" " * (axis + 2) + _labels(bars, each), Tone.MUTED)))
    return lines


def _cell(filled: float, row: int) -> str:
    """The part of a bar of `filled` rows that stands in a row, counted from the bottom."""
    if filled > 0 and row == 0:
        filled = max(filled, 1 / 8)
    return UP[max(0, min(8, round((filled - row) * 8)))]


def _fitting(bars: Sequence[Bar], width: int) -> tuple[Sequence[Bar], int]:
    """The bars that there is room for, and the cells of each with its gap."""
    each = max(2, min(BAR_CELLS_MAX + 1, width // max(1, len(bars))))
    return bars[-max(1, width // each) :], each


def _row(axis: str, bars: Sequence[Bar], cells: Sequence[str], each: int, has_line: bool) -> Content:
    parts: list[tuple[str, str]] = [toned(axis, Tone.MUTED)]
    for bar, cell in zip(bars, cells, strict=True):
        if cell == " ":
            parts.append((("╌" if has_line else " ") * each, TONE_STYLES[Tone.BAD if has_line else Tone.MUTED]))
        else:
            parts.append((cell * (each - 1), TONE_STYLES[bar.tone]))
            parts.append(("╌" if has_line else " ", TONE_STYLES[Tone.BAD]))
    return Content.assemble(*parts)


def _labels(bars: Sequence[Bar], each: int) -> str:
    """Under the bars, as many as have room; the newest always."""
    text = ""
    longest = max(cell_len(bar.label) for bar in bars)
    stride = -(-(longest + 1) // each)
    for place, bar in enumerate(bars):
        if (len(bars) - 1 - place) % stride == 0:
            text = text.ljust(place * each)[: place * each] + bar.label
    return text


def lying(chart: Chart, width: int, height: int) -> list[Content]:
    """Bars below each other, names to the left, figures at their ends; those that have no room are counted."""
    room = max(1, height - 1)
    bars = chart.bars if len(chart.bars) <= room else chart.bars[: room - 1]
    names = min(NAME_CELLS_MAX, width * 2 // 5, max(cell_len(bar.label) for bar in bars))
    figures = max(cell_len(bar.shown) for bar in bars)
    space = max(4, width - names - figures - 3)
    longest = max((max(bar.value, bar.tail) for bar in bars), default=1) or 1
    lines = [Content.assemble(toned(chart.caption, Tone.MUTED))]
    lines += [_lying(bar, names, space, longest) for bar in bars]
    if len(bars) < len(chart.bars):
        lines.append(Content.assemble(toned(f"and {len(chart.bars) - len(bars)} more in the table", Tone.MUTED)))
    return lines


def _lying(bar: Bar, names: int, space: int, longest: float) -> Content:
    eighths = max(1 if bar.value else 0, round(bar.value / longest * space * 8))
    full, part = divmod(eighths, 8)
    body = "█" * full + (RIGHT[part] if part else "")
    tail = "░" * max(0, round(bar.tail / longest * space) - len(body))
    name = bar.label if cell_len(bar.label) <= names else set_cell_size(bar.label, names - 1) + "…"
    return Content.assemble(
        toned(f"{name}{' ' * (names - cell_len(name))} ", Tone.PLAIN),
        toned(body, bar.tone),
        toned(tail, Tone.MUTED),
        toned(f" {bar.shown}", Tone.STRONG),
    )
