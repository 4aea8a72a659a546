"""Rows of the ledger: what moved, what was there before and after, and which event caused it."""

from __future__ import annotations

from devconsole.format import amount, clock, moment, short_id, signed, words
from devconsole.looks import Tone
from devconsole.widgets.row_list import Cell, Column, TupleList
from relay.api import LedgerView


class LedgerTable(TupleList[LedgerView]):
    """Newest first. The figures are those of the money; bonus and reserved have a column of their own."""

    def columns(self, width: int) -> list[Column]:
        columns = [
            Column("Time", 8, lambda row: (clock(row.created_at), Tone.MUTED)),
            Column("Type", 11, lambda row: (words(row.type), Tone.PLAIN)),
            Column("Money", 10, _money if width >= 110 else _money_or_reserved, "right"),
            Column("Bonus", 9, lambda row: _change(row.bonus_cents), "right"),
        ]
        if width >= 130:
            columns[0] = Column("Time", 19, lambda row: (moment(row.created_at), Tone.MUTED))
        if width >= 110:
            columns.append(Column("Reserved", 9, lambda row: _change(row.reserved_cents), "right"))
        columns.append(Column("Balance before → after", 23, _balance, "right"))
        if width >= 92:
            columns.append(Column("What", 0, lambda row: (row.description, Tone.MUTED)))
            event = 16 if width >= 110 else 12
            columns.append(Column("Event", event, lambda row: _event(row, event)))
        else:
            columns.append(Column("Event", 0, lambda row: _event(row, 12)))
        return columns


class CompaniesLedgerTable(LedgerTable):
    """The rows of all companies; where room lacks, whose a row is says more than its event."""

    def columns(self, width: int) -> list[Column]:
        company = Column("Company", 12 if width < 110 else 17, lambda row: (row.company_slug, Tone.PLAIN))
        columns = super().columns(width - company.width - 1)
        if width < 92:
            columns.pop()
        columns.insert(1, company)
        return columns


def _money(row: LedgerView) -> Cell:
    if not row.money_cents:
        return "", Tone.MUTED
    return signed(row.money_cents), Tone.GOOD if row.money_cents > 0 else Tone.STRONG


def _money_or_reserved(row: LedgerView) -> Cell:
    """Where reserved money has no column of its own, rows that only reserve or release say so."""
    if row.money_cents or not row.reserved_cents:
        return _money(row)
    return f"{'holds' if row.reserved_cents > 0 else 'frees'} {amount(abs(row.reserved_cents))}", Tone.MUTED


def _change(cents: int) -> Cell:
    return signed(cents) if cents else "", Tone.MUTED


def _balance(row: LedgerView) -> Cell:
    return f"{amount(row.balance_before_cents)} → {amount(row.balance_after_cents)}", Tone.PLAIN


def _event(row: LedgerView, width: int) -> Cell:
    return (short_id(row.event_id, width=width), Tone.ACCENT) if row.event_id else ("", Tone.MUTED)
