"""Cause and effect as a tree: each step under what caused it, with the time since the beginning."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from devconsole import looks
from devconsole.format import clock_ms
from devconsole.looks import Tone
from devconsole.trace_tree import branches, since_start, took
from devconsole.widgets.row_list import Cell, Column, TupleList
from relay.api import TraceNode

KIND_TONES = {"ledger": Tone.STRONG, "event": Tone.ACCENT, "topup": Tone.STRONG, "call": Tone.STRONG}


class TraceList(TupleList[TraceNode]):
    """In the order of the story; children are drawn with branches."""

    def key_of(self, row: TraceNode) -> Hashable:
        return row.kind, row.reference, row.at

    def watch_rows(self, before: tuple[TraceNode, ...], after: tuple[TraceNode, ...]) -> None:
        self._branches = branches([row.depth for row in after])
        super().watch_rows(before, after)

    def columns(self, width: int) -> Sequence[Column]:
        columns = [
            Column("Since", 11, lambda row: (since_start(row.since_start_us), Tone.MUTED), "right"),
            Column("Status", 12, _status),
            Column("What", 0 if width < 100 else 62, self._what),
        ]
        if width >= 130:
            columns.insert(0, Column("Time", 12, lambda row: (clock_ms(row.at), Tone.MUTED)))
            columns.insert(2, Column("Took", 9, lambda row: (took(row), Tone.PLAIN), "right"))
        if width >= 100:
            columns.append(Column("Detail", 0, lambda row: (row.detail, Tone.MUTED)))
        return columns

    def _what(self, row: TraceNode) -> Cell:
        place = next((at for at, known in enumerate(self.rows) if known is row), 0)
        return f"{self._branches[place]}{row.title}", KIND_TONES.get(row.kind, Tone.PLAIN)


def _status(row: Any) -> Cell:
    if row.status is None:
        return "", Tone.MUTED
    look = looks.trace(row)
    return str(look), look.tone
