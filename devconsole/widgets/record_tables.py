"""What was written down: invoices, notices, the audit trail, and what developers did. Newest first."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from devconsole import looks
from devconsole.format import ABSENT, amount, changes, clock, day, euros, fields, latency, moment, size, words
from devconsole.looks import Tone
from devconsole.widgets.row_list import Cell, Column, TupleList
from relay.api import AuditView, DeliveryView, InvoiceView, NoticeView, PerformedView

WIDE = 110


def _time(width: int) -> Column:
    if width >= WIDE:
        return Column("Time", 19, lambda row: (moment(row.created_at), Tone.MUTED))
    return Column("Time", 8, lambda row: (clock(row.created_at), Tone.MUTED))


class DeliveryTable(TupleList[DeliveryView]):
    """Every request to the webhook: who sent it, what became of it, and why."""

    def columns(self, width: int) -> Sequence[Column]:
        columns = [
            Column("Time", 8, lambda row: (clock(row.received_at), Tone.MUTED)),
            Column("Verdict", 11, _verdict),
            Column("From", 10, lambda row: (row.source, Tone.PLAIN)),
            Column("HTTP", 4, lambda row: (str(row.http_status), Tone.PLAIN), "right"),
            Column("Took", 8, lambda row: (latency(row.latency_us), Tone.MUTED), "right"),
        ]
        if width >= WIDE:
            columns.append(Column("Event", 30, lambda row: (row.event_id or ABSENT, Tone.MUTED)))
        columns.append(Column("Why", 0, lambda row: (row.reason, Tone.PLAIN)))
        return columns


class InvoiceTable(TupleList[InvoiceView]):
    """What was paid, and the tax in it."""

    def columns(self, width: int) -> Sequence[Column]:
        columns = [
            Column("Number", 14, lambda row: (row.number, Tone.ACCENT)),
            Column("Date", 10, lambda row: (day(row.issued_at), Tone.MUTED)),
            Column("Company", 0, lambda row: (row.company_name, Tone.PLAIN)),
            Column("Net", 9, lambda row: (amount(row.net_cents), Tone.PLAIN), "right"),
            Column("VAT", 8, lambda row: (amount(row.tax_cents), Tone.MUTED), "right"),
            Column("Gross", 9, lambda row: (amount(row.gross_cents), Tone.STRONG), "right"),
        ]
        if width >= WIDE:
            columns.insert(3, Column("Top-up", 7, lambda row: (str(row.topup_id), Tone.MUTED), "right"))
        return columns


class NoticeTable(TupleList[NoticeView]):
    """What companies were told, and on which channel."""

    def columns(self, width: int) -> Sequence[Column]:
        columns = [
            _time(width),
            Column("Status", 8, _notice_status),
            Column("By", 6, lambda row: (words(row.channel), Tone.PLAIN)),
            Column("Kind", 18, lambda row: (words(row.kind), Tone.PLAIN)),
        ]
        if width >= 90:
            columns.append(Column("Company", 17, lambda row: (row.company_slug, Tone.MUTED)))
        columns.append(Column("Subject", 0, lambda row: (row.subject or "not written yet", Tone.PLAIN)))
        return columns


class AuditTable(TupleList[AuditView]):
    """Who changed what, and why."""

    def columns(self, width: int) -> Sequence[Column]:
        columns = [
            _time(width),
            Column("Who", 12, lambda row: (row.actor, Tone.STRONG)),
            Column("Did", 18 if width < WIDE else 24, lambda row: (did(row), Tone.PLAIN)),
        ]
        if width >= WIDE:
            columns.append(Column("Company", 17, lambda row: (row.company_slug or ABSENT, Tone.MUTED)))
        columns.append(Column("Change", 0, lambda row: (changes(row.before, row.after) or ABSENT, Tone.PLAIN)))
        if width >= 90:
            columns.append(Column("Why", 24, lambda row: (words(row.reason) if row.reason else "", Tone.MUTED)))
        return columns


class PerformedTable(TupleList[PerformedView]):
    """What was asked of this server that changes something, and how it ended."""

    def key_of(self, row: PerformedView) -> Hashable:
        return row.at, row.name

    def columns(self, width: int) -> Sequence[Column]:
        columns = [
            Column("Time", 8, lambda row: (clock(row.at), Tone.MUTED)),
            Column("Outcome", 16, lambda row: _outcome(row)),
            Column("Operation", 22, lambda row: (row.name, Tone.STRONG)),
            Column("Asked", 0, lambda row: (fields(row.input), Tone.PLAIN)),
        ]
        if width >= 90:
            columns.append(Column("Took", 8, lambda row: (latency(took_us(row)), Tone.MUTED), "right"))
        return columns


def _verdict(row: DeliveryView) -> Cell:
    look = looks.delivery(row)
    return str(look), look.tone


def _notice_status(row: NoticeView) -> Cell:
    look = looks.NOTICE_LOOKS.get(row.status, looks.Look("?", row.status, Tone.WARN))
    return str(look), look.tone


def _outcome(row: PerformedView) -> Cell:
    look = looks.performed(row)
    return str(look), look.tone


def did(row: AuditView) -> str:
    """`balance.adjusted` as people say it."""
    return words(row.action.replace(".", " "))


def took_us(row: PerformedView) -> int:
    return round((row.ended_at - row.at).total_seconds() * 1_000_000)


def tax_percent(row: InvoiceView) -> str:
    return f"{row.tax_basis_points / 100:g} %"


def record_line(row: Any) -> str:
    """What the columns have no room for, in a line; empty where there is nothing more to say."""
    match row:
        case DeliveryView():
            said = (row.event_id or "no event", size(row.body_bytes), row.reason, row.remedy)
            return " · ".join(part for part in said if part)
        case InvoiceView():
            return f"{euros(row.net_cents)} + {tax_percent(row)} VAT = {euros(row.gross_cents)} · top-up {row.topup_id}"
        case NoticeView():
            to = f" to {row.recipient}" if row.recipient else ""
            return f"{row.company_slug}{to} · {' '.join((row.body or 'not written yet').split())}"
        case AuditView():
            why = row.reason or "no reason given"
            return f"{row.target} of {row.company_slug or 'no company'} · {why} · {changes(row.before, row.after)}"
        case PerformedView():
            return f"{fields(row.input)} → {fields(row.ids) or 'no ids'}"
        case _:
            return ""
