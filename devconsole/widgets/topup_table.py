"""Top-ups of a company: how each payment ended, with which card, and why not."""

from __future__ import annotations

from collections.abc import Sequence

from devconsole import looks
from devconsole.format import amount, clock, moment, words
from devconsole.looks import Tone
from devconsole.widgets.row_list import Cell, Column, TupleList
from relay.api import TopupView


class TopupTable(TupleList[TopupView]):
    """Newest first."""

    def columns(self, width: int) -> Sequence[Column]:
        columns = [
            Column("Time", 8, lambda row: (clock(row.created_at), Tone.MUTED)),
            Column("Status", 14, _status),
            Column("EUR", 9, lambda row: (amount(row.amount_cents), Tone.STRONG), "right"),
            Column("Bonus", 7, lambda row: _unless_zero(row.bonus_cents), "right"),
            Column("Refunded", 9, lambda row: _unless_zero(row.refunded_cents), "right"),
        ]
        if width >= 130:
            columns[0] = Column("Time", 19, lambda row: (moment(row.created_at), Tone.MUTED))
        if width >= 92:
            columns.append(Column("By", 6, lambda row: (row.origin, Tone.MUTED)))
            columns.append(Column("Card", 22, lambda row: (row.payment_method_label or "", Tone.PLAIN)))
        columns.append(Column("Why", 0, why))
        return columns


def why(topup: TopupView) -> Cell:
    """What there is to say beyond the status: the refusal, an open page, a dispute."""
    if topup.status == "failed":
        return words(topup.decline_code or topup.failure_code) if topup.failure_code else failure(topup), Tone.BAD
    if topup.dispute_status:
        return f"disputed: {words(topup.dispute_status)}", Tone.WARN
    if topup.status in ("pending", "processing", "requires_action") and topup.checkout_url:
        return "Checkout page is open", Tone.ACCENT
    if topup.status == "requires_action":
        return "the bank asks for authentication", Tone.WARN
    return "", Tone.MUTED


def failure(topup: TopupView) -> str:
    """Code and decline code, the latter only where it says more."""
    codes = [code for code in (topup.failure_code, topup.decline_code) if code]
    return ": ".join(words(code) for code in dict.fromkeys(codes)) or topup.failure_message or "no reason given"


def _status(row: TopupView) -> Cell:
    look = looks.topup(row)
    return str(look), look.tone


def _unless_zero(cents: int) -> Cell:
    return amount(cents) if cents else "", Tone.MUTED
