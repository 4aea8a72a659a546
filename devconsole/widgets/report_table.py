"""Rows of a report under its own columns, as many as there is room for."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from rich.cells import cell_len
from textual.reactive import reactive

from devconsole.reports import cells
from devconsole.widgets.row_list import Cell, Column, TupleList
from relay.api import Report

WIDEST = 34
"""Cells of a column at most; the whole text stands in the line below the table."""
EMPTY = Report(name="", title="", columns=(), rows=())

ReportRow = tuple[str | int | None, ...]


class ReportTable(TupleList[int]):
    """Figures to the right, alarms in their colour. What does not fit is left out from the right."""

    report: reactive[Report] = reactive(EMPTY, repaint=False)

    def watch_report(self, report: Report) -> None:
        self._cells = [
            [cells.text(column, row[place]) for row in report.rows] for place, column in enumerate(report.columns)
        ]
        self.rows = tuple(range(len(report.rows)))
        self.cursor = 0
        self.refresh()

    def key_of(self, row: int) -> Hashable:
        return row

    @property
    def chosen(self) -> ReportRow | None:
        """The selected row of the report."""
        place = self.selected
        return None if place is None else self.report.rows[place]

    def fact(self, column: str) -> str | int | None:
        """A cell of the selected row; None where the report has no such column."""
        if (row := self.chosen) is None or column not in self.report.columns:
            return None
        return row[self.report.columns.index(column)]

    def in_full(self) -> str:
        """Every cell of the selected row with its title."""
        if (row := self.chosen) is None:
            return ""
        parts = zip(self.report.columns, row, strict=True)
        return " · ".join(f"{cells.title(name)} {cells.text(name, value)}" for name, value in parts)

    def columns(self, width: int) -> Sequence[Column]:
        columns: list[Column] = []
        left = width
        for place in range(len(self.report.columns)):
            column = self._column(place)
            if columns and column.width > left:
                break
            columns.append(column)
            left -= column.width + 1
        return columns

    @property
    def hidden(self) -> int:
        """Columns that have no room."""
        return len(self.report.columns) - len(self.columns(self.line_width - 1))

    def _column(self, place: int) -> Column:
        name = self.report.columns[place]
        title = cells.title(name)
        wide = min(WIDEST, max(cell_len(text) for text in (title, *self._cells[place])))

        def cell(row: int) -> Cell:
            return self._cells[place][row], cells.tone(name, self.report.rows[row][place])

        return Column(title, wide, cell, "right" if cells.is_figure(name) else "left")
