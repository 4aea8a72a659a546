"""What can go wrong: each fault, whether it is on in the sandbox, and what the lab last found."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from devconsole.lab.listing import FaultLine
from devconsole.looks import Look, Tone
from devconsole.widgets.row_list import Cell, Column, TupleList
from relay.api import FaultView

VERDICTS = {
    "held": Look("✓", "held", Tone.GOOD),
    "broken": Look("✗", "broken", Tone.BAD),
    "not reached": Look("?", "no strike", Tone.WARN),
    "running": Look("○", "running", Tone.ACCENT),
    "waiting": Look("·", "waiting", Tone.MUTED),
}


@dataclass(frozen=True)
class FaultRow:
    """One line of the list. `switch` is its state in the sandbox, `result` what an experiment found."""

    line: FaultLine
    switch: FaultView | None = None
    state: str | None = None
    """Of the experiment: waiting, running, held, broken, not reached."""
    result: dict[str, Any] | None = None


class FaultList(TupleList[FaultRow]):
    """In the order of the lab."""

    def key_of(self, row: FaultRow) -> Hashable:
        return row.line.name

    def columns(self, width: int) -> Sequence[Column]:
        return [
            Column("Fault", 21, lambda row: (row.line.name, Tone.STRONG)),
            Column("Area", 10, lambda row: (row.line.area, Tone.MUTED)),
            Column("Lab", 11, _verdict),
            Column("Sandbox", 9, _switch),
            Column("What happens", 0, lambda row: (what(row, wide=width >= 100), Tone.MUTED)),
        ]


def what(row: FaultRow, *, wide: bool) -> str:
    """Its title, and what happens where there is room for it."""
    return f"{row.line.title}. {row.line.what_happens}" if wide else row.line.title


def _verdict(row: FaultRow) -> Cell:
    if row.state is None:
        return ("", Tone.MUTED) if row.line.lab else ("—", Tone.MUTED)
    look = VERDICTS[row.state]
    return str(look), look.tone


def _switch(row: FaultRow) -> Cell:
    if row.switch is None:
        return ("—", Tone.MUTED)
    return (f"● on ×{row.switch.times_left}", Tone.WARN) if row.switch.on else ("off", Tone.MUTED)
