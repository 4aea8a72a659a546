"""The reports to choose from."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from devconsole.looks import Tone
from devconsole.reports.catalogue import ReportChoice
from devconsole.widgets.row_list import Column, TupleList


class ReportList(TupleList[ReportChoice]):
    """Moving in it runs the report."""

    def key_of(self, row: ReportChoice) -> Hashable:
        return row.name

    def columns(self, width: int) -> Sequence[Column]:  # noqa: ARG002
        return [Column("Report", 0, lambda row: (row.title, Tone.PLAIN))]
