"""What each company has left to call with."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from devconsole import looks
from devconsole.format import amount, remaining
from devconsole.looks import Tone
from devconsole.widgets.row_list import Cell, Column, TupleList
from relay.api import BalanceView, CompanyView


class BalanceList(TupleList[CompanyView]):
    """Name, bar, effective total, level in a word, and the sign of an automatic top-up."""

    def key_of(self, row: CompanyView) -> Hashable:
        return row.id

    def columns(self, width: int) -> Sequence[Column]:
        bar = 8 if width >= 46 else 0
        columns = [Column("Company", 0, lambda row: (row.name, Tone.PLAIN))]
        if width >= 56:
            columns[0] = Column("Company", 0, lambda row: (row.name, Tone.PLAIN))
        if bar:
            columns.append(Column("", bar, lambda row: (looks.bar(row.balance, bar), looks.level(row.balance).tone)))
        columns.append(Column("EUR", 10 if bar else 9, _total, "right"))
        if width >= 96:
            columns += [
                Column("Money", 10, lambda row: (amount(row.balance.balance_cents), Tone.MUTED), "right"),
                Column("Bonus", 9, lambda row: (amount(row.balance.bonus_cents), Tone.MUTED), "right"),
                Column("Reserved", 9, lambda row: (amount(row.balance.reserved_cents), Tone.MUTED), "right"),
            ]
        columns.append(Column("Level", 11, _level))
        if width >= 62:
            columns.append(
                Column("Talk time", 13, lambda row: (remaining(row.balance.remaining_s), Tone.MUTED), "right")
            )
        if width >= 120:
            columns.append(Column("Automatic top-up", 34, _automatic))
        else:
            columns.append(
                Column("", 1, lambda row: (looks.ARMED if row.balance.auto_topup_armed else "", Tone.ACCENT))
            )
        return columns


def _total(row: CompanyView) -> Cell:
    return amount(row.balance.effective_total_cents), Tone.STRONG


def _level(row: CompanyView) -> Cell:
    balance: BalanceView = row.balance
    if not row.prepaid_billing_enabled:
        return "· prepaid off", Tone.MUTED
    look = looks.level(balance)
    return str(look), look.tone


def _automatic(row: CompanyView) -> Cell:
    settings = row.auto_topup
    if not settings.enabled:
        return settings.disabled_reason or "off", Tone.WARN if settings.disabled_reason else Tone.MUTED
    text = f"{looks.ARMED} {amount(settings.amount_cents)} below {amount(settings.threshold_cents)}"
    return text, Tone.ACCENT if row.balance.auto_topup_armed else Tone.WARN
