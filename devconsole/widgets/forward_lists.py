"""The applications that deliveries are passed on to, and what one of them was sent."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import datetime

from devconsole import looks
from devconsole.format import ABSENT, clock, latency, relative
from devconsole.looks import Look, Tone
from devconsole.widgets.row_list import Cell, Column, TupleList
from relay.api import ForwardTargetView, ForwardView

HEALTH_LOOKS = {
    "healthy": Look("●", "healthy", Tone.GOOD),
    "failing": Look("✗", "failing", Tone.BAD),
    "paused": Look("‖", "paused", Tone.WARN),
    "disabled": Look("✗", "disabled", Tone.BAD),
}


def health(target: ForwardTargetView) -> Look:
    return HEALTH_LOOKS.get(target.health, looks.Look("?", target.health, Tone.WARN))


def waiting(target: ForwardTargetView) -> str:
    """How many wait; beyond the bound nobody counts."""
    return f">{target.queue_max:,}" if target.waiting > target.queue_max else f"{target.waiting:,}"


class TargetList(TupleList[ForwardTargetView]):
    """The oldest first."""

    def columns(self, width: int) -> Sequence[Column]:
        columns = [
            Column("Target", 18, lambda row: (row.name, Tone.STRONG)),
            Column("Health", 10, lambda row: (str(health(row)), health(row).tone)),
            Column("Waits", 7, lambda row: (waiting(row), Tone.ACCENT if row.waiting else Tone.MUTED), "right"),
            Column("Sent", 7, lambda row: (f"{row.delivered:,}", Tone.PLAIN), "right"),
            Column("Failed", 6, lambda row: (f"{row.failed:,}", Tone.BAD if row.failed else Tone.MUTED), "right"),
        ]
        if width >= 100:
            columns.append(Column("Last answer", 15, _last_answer))
            columns.append(Column("Events", 20, lambda row: (" ".join(row.event_types), Tone.MUTED)))
        columns.append(Column("Address", 0, lambda row: (row.url.partition("://")[2], Tone.MUTED)))
        return columns


def _last_answer(row: ForwardTargetView) -> Cell:
    if row.last_try_at is None:
        return ABSENT, Tone.MUTED
    return f"{row.last_status or 'none'} · {latency(row.last_latency_us)}", Tone.PLAIN


class ForwardList(TupleList[ForwardView]):
    """Newest first. `now` tells how far away the next try is."""

    def __init__(self, now: Callable[[], datetime], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._now = now

    def key_of(self, row: ForwardView) -> Hashable:
        return row.id

    def columns(self, width: int) -> Sequence[Column]:
        columns = [
            Column("Time", 8, lambda row: (clock(row.updated_at), Tone.MUTED)),
            Column("State", 11, lambda row: (str(looks.FORWARD_LOOKS[row.state]), looks.FORWARD_LOOKS[row.state].tone)),
            Column("Event", 30 if width >= 100 else 26, lambda row: (row.event_type, Tone.PLAIN)),
            Column("HTTP", 4, lambda row: (str(row.http_status or ABSENT), Tone.PLAIN), "right"),
        ]
        if width >= 100:
            columns.append(Column("Took", 9, lambda row: (latency(row.latency_us), Tone.MUTED), "right"))
            columns.append(Column("Tries", 5, lambda row: (str(row.tries), Tone.MUTED), "right"))
        columns.append(Column("Why", 0, self._why))
        return columns

    def _why(self, row: ForwardView) -> Cell:
        if row.next_try_at is None:
            return row.reason or "", Tone.MUTED
        return f"{relative(row.next_try_at, now=self._now())} again · {row.reason}", Tone.ACCENT
