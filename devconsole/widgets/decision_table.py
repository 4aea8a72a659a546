"""What the automatic top-up of one company decided, and why."""

from __future__ import annotations

from collections.abc import Sequence

from devconsole import looks
from devconsole.format import amount, clock, moment, words
from devconsole.looks import Tone
from devconsole.widgets.row_list import Cell, Column, TupleList
from relay.api import DecisionView


class DecisionTable(TupleList[DecisionView]):
    """Newest first, also what was skipped."""

    def columns(self, width: int) -> Sequence[Column]:
        columns = [
            Column("Time", 8, lambda row: (clock(row.decided_at), Tone.MUTED)),
            Column("Decision", 9, _decision),
        ]
        if width >= 130:
            columns[0] = Column("Time", 19, lambda row: (moment(row.decided_at), Tone.MUTED))
        if width >= 92:
            columns.append(Column("Asked by", 12, lambda row: (words(row.triggered_by), Tone.MUTED)))
            columns.append(Column("Left", 9, lambda row: (amount(row.effective_total_cents), Tone.MUTED), "right"))
        columns.append(Column("Why", 0, lambda row: (row.explanation, Tone.PLAIN)))
        return columns


def _decision(row: DecisionView) -> Cell:
    look = looks.decision(row)
    return str(look), look.tone
