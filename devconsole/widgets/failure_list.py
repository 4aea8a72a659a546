"""What failed and still needs somebody."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import datetime

from devconsole.format import ABSENT, clock, relative
from devconsole.looks import Tone
from devconsole.widgets.row_list import Cell, Column, TupleList
from relay.api import FailureView

KINDS = {"event": "✗ event", "delivery": "✗ delivery", "topup": "✗ top-up", "call": "✗ call"}


class FailureList(TupleList[FailureView]):
    """Newest first. `now` tells how far away the next attempt is."""

    def __init__(self, now: Callable[[], datetime], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._now = now

    def key_of(self, row: FailureView) -> Hashable:
        return row.kind, row.id

    def columns(self, width: int) -> Sequence[Column]:
        title = 29 if width >= 100 else 25
        columns = [
            Column("Time", 8, lambda row: (clock(row.occurred_at), Tone.MUTED)),
            Column("Failed", 10, lambda row: (KINDS.get(row.kind, f"✗ {row.kind}"), Tone.BAD)),
            Column("What", title, lambda row: (row.title, Tone.PLAIN)),
        ]
        if width >= 100:
            columns.append(Column("Company", 17, lambda row: (row.company_slug or ABSENT, Tone.PLAIN)))
        columns.append(Column("Why", 0, lambda row: (row.reason, Tone.MUTED)))
        if width >= 90:
            columns.append(Column("Next try", 12, self._next_try))
        return columns

    def _next_try(self, row: FailureView) -> Cell:
        if row.next_attempt_at is None:
            return "none", Tone.MUTED
        return relative(row.next_attempt_at, now=self._now()), Tone.ACCENT
