"""Calls with their price; those in progress tick."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.timer import Timer

from devconsole import looks
from devconsole.actions import call_is_refundable
from devconsole.format import amount, clock, duration
from devconsole.looks import Tone
from devconsole.widgets.row_list import Cell, Column, TupleList
from relay.api import CallView


class CallList(TupleList[CallView]):
    """Newest first. `now` tells the time that calls in progress are measured against."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "end_call", "End call", id="calls.end", tooltip="End the selected call and charge it"),
        Binding("u", "refund_call", "Refund", id="calls.refund", tooltip="Give money back for the selected call"),
    ]

    def __init__(self, now: Callable[[], datetime], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._now = now
        self._ticking: Timer | None = None

    def on_mount(self) -> None:
        self._ticking = self.set_interval(1.0, self.refresh, pause=True)

    def watch_rows(self, before: tuple[CallView, ...], after: tuple[CallView, ...]) -> None:
        super().watch_rows(before, after)
        self.refresh_bindings()
        if self._ticking is not None:
            if any(call.status == "in_progress" for call in after):
                self._ticking.resume()
            else:
                self._ticking.pause()

    def watch_cursor(self, before: int, after: int) -> None:
        super().watch_cursor(before, after)
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        call = self.selected if self.is_attached else None
        if action == "end_call":
            return call is not None and call.status == "in_progress"
        if action == "refund_call":
            return call is not None and call_is_refundable(call)
        return super().check_action(action, parameters)

    async def action_end_call(self) -> None:
        await self.run_action("app.end_call")

    async def action_refund_call(self) -> None:
        await self.run_action("app.refund_call")

    def columns(self, width: int) -> Sequence[Column]:
        columns = [Column("Company", 0, lambda call: (call.company_slug, Tone.PLAIN))]
        if width >= 56:
            columns.insert(0, Column("Time", 8, self._started))
        columns.append(
            Column("Duration" if width >= 56 else "Length", 8 if width >= 56 else 7, self._duration, "right")
        )
        columns.append(Column("EUR", 7 if width >= 56 else 6, self._price, "right"))
        if width >= 70:
            columns.append(Column("Paid by", 22, paid_by))
        columns.append(Column("Charge", 10, _charge))
        return columns

    def _started(self, call: CallView) -> Cell:
        """The time of day; of calls of other days the day."""
        today = call.started_at.astimezone().date() == self._now().astimezone().date()
        return (clock(call.started_at) if today else f"{call.started_at.astimezone():%d %b}"), Tone.MUTED

    def _duration(self, call: CallView) -> Cell:
        if call.status == "in_progress":
            return duration(self._elapsed_s(call)), Tone.ACCENT
        return duration(call.duration_s), Tone.PLAIN

    def _price(self, call: CallView) -> Cell:
        if call.status == "in_progress":
            # What it has cost so far; the price proper is made by the server when the call ends.
            return f"~{amount(call.rate_e4_per_minute * self._elapsed_s(call) // 6_000)}", Tone.ACCENT
        return amount(call.amount_cents), Tone.STRONG if call.amount_cents else Tone.MUTED

    def _elapsed_s(self, call: CallView) -> int:
        return max(0, int((self._now() - call.started_at).total_seconds()))


def paid_by(call: CallView) -> Cell:
    """From which pocket the price came."""
    if call.charge_status != "charged" or not call.amount_cents:
        return "", Tone.MUTED
    bonus, money = call.paid_by_bonus_cents, call.amount_cents - call.paid_by_bonus_cents
    if not bonus:
        return "money", Tone.MUTED
    return ("bonus" if not money else f"bonus {amount(bonus)} + {amount(money)}"), Tone.MUTED


def _charge(call: CallView) -> Cell:
    look = looks.call(call)
    return str(look), look.tone
