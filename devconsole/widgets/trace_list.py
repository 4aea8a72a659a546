"""Cause and effect as a tree: each step under what caused it, with the time since the beginning."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from datetime import datetime
from typing import Any

from devconsole import looks
from devconsole.format import clock_ms, latency
from devconsole.looks import Tone
from devconsole.widgets.row_list import Cell, Column, TupleList
from relay.api import TraceNode

KIND_TONES = {"ledger": Tone.STRONG, "event": Tone.ACCENT, "topup": Tone.STRONG, "call": Tone.STRONG}


class TraceList(TupleList[TraceNode]):
    """In the order of the story; children are drawn with branches."""

    def key_of(self, row: TraceNode) -> Hashable:
        return row.kind, row.reference, row.at

    def watch_rows(self, before: tuple[TraceNode, ...], after: tuple[TraceNode, ...]) -> None:
        self._branches = branches([row.depth for row in after])
        self._begins = min((row.at for row in after), default=None)
        super().watch_rows(before, after)

    def columns(self, width: int) -> Sequence[Column]:
        columns = [
            Column("Since", 9, self._since, "right"),
            Column("Status", 12, _status),
            Column("What", 0 if width < 100 else 62, self._what),
        ]
        if width >= 130:
            columns.insert(0, Column("Time", 12, lambda row: (clock_ms(row.at), Tone.MUTED)))
        if width >= 100:
            columns.append(Column("Detail", 0, lambda row: (row.detail, Tone.MUTED)))
        return columns

    def _since(self, row: TraceNode) -> Cell:
        return since(row.at, self._begins), Tone.MUTED

    def _what(self, row: TraceNode) -> Cell:
        place = next((at for at, known in enumerate(self.rows) if known is row), 0)
        return f"{self._branches[place]}{row.title}", KIND_TONES.get(row.kind, Tone.PLAIN)


def since(at: datetime, begins: datetime | None) -> str:
    """Time since the first step."""
    if begins is None or at == begins:
        return "0"
    return f"+{latency(round((at - begins).total_seconds() * 1_000_000))}"


def branches(depths: Sequence[int]) -> list[str]:
    """The branch in front of each node, given the depths in order: `├─ `, `└─ `, `│  `."""
    drawn: list[str] = []
    open_: set[int] = set()
    for depth in reversed(depths):
        if depth == 0:
            drawn.append("")
            open_.clear()
            continue
        lines = "".join("│  " if level in open_ else "   " for level in range(1, depth))
        drawn.append(lines + ("├─ " if depth in open_ else "└─ "))
        open_ = {level for level in open_ if level < depth} | {depth}
    return drawn[::-1]


def _status(row: Any) -> Cell:
    if row.status is None:
        return "", Tone.MUTED
    look = looks.trace(row)
    return str(look), look.tone
