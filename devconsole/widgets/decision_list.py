"""What the automatic top-up decided, and why, also when the answer was no."""

from __future__ import annotations

from collections.abc import Sequence

from devconsole import looks
from devconsole.format import clock
from devconsole.looks import Tone
from devconsole.widgets.row_list import Cell, Column, TupleList
from relay.api import DecisionView


class DecisionList(TupleList[DecisionView]):
    """Newest first."""

    def columns(self, width: int) -> Sequence[Column]:
        columns = [Column("Decision", 9, _decision)]
        if width >= 60:
            columns.insert(0, Column("Time", 8, lambda row: (clock(row.decided_at), Tone.MUTED)))
        columns.append(Column("Company", 17 if width >= 60 else 12, lambda row: (row.company_slug, Tone.PLAIN)))
        columns.append(Column("Why", 0, lambda row: (row.explanation, Tone.MUTED)))
        return columns


def _decision(row: DecisionView) -> Cell:
    look = looks.decision(row)
    return str(look), look.tone
