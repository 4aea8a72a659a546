"""Calls of one company."""

from __future__ import annotations

from collections.abc import Sequence

from devconsole import looks
from devconsole.format import amount, clock, moment
from devconsole.looks import Tone
from devconsole.widgets.call_list import CallList, paid_by
from devconsole.widgets.row_list import Cell, Column
from relay.api import CallView


class CallTable(CallList):
    """Newest first; without the company, with the number called and what was given back."""

    def columns(self, width: int) -> Sequence[Column]:
        columns = [
            Column("Time", 8, lambda call: (clock(call.started_at), Tone.MUTED)),
            Column("Charge", 10, _charge),
            Column("Duration", 8, self._duration, "right"),
            Column("EUR", 8, self._price, "right"),
            Column("Refunded", 9, _refunded, "right"),
            Column("Paid by", 0 if width < 92 else 22, paid_by),
        ]
        if width >= 130:
            columns[0] = Column("Time", 19, lambda call: (moment(call.started_at), Tone.MUTED))
        if width >= 92:
            columns.append(Column("To", 0, lambda call: (call.to_number or "", Tone.MUTED)))
        return columns


def _charge(call: CallView) -> Cell:
    look = looks.call(call)
    return str(look), look.tone


def _refunded(call: CallView) -> Cell:
    return amount(call.refunded_cents) if call.refunded_cents else "", Tone.MUTED
