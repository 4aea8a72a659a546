"""The lists of what was written down: what each is called, asked for by, told by, and how it begins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from devconsole.widgets.ledger_table import CompaniesLedgerTable
from devconsole.widgets.record_tables import AuditTable, DeliveryTable, InvoiceTable, NoticeTable, PerformedTable
from devconsole.widgets.row_list import TupleList
from relay.api import (
    FeedKind,
    ListAudit,
    ListDeliveries,
    ListInvoices,
    ListLedger,
    ListNotices,
    ListOperations,
    Operation,
    Page,
)

SHOWN = 200
"""Rows of each list that are asked for."""


@dataclass(frozen=True, slots=True)
class Record:
    """One list. `ask` takes the company whose rows are wanted, None for those of all."""

    name: str
    title: str
    table: Callable[[], TupleList[Any]]
    ask: Callable[[str | None], Operation[Page[Any]]]
    empty: str
    """What an empty list means and which key fills it; markup."""
    told_by: FeedKind
    """What in the live feed says that there are other rows."""


LEDGER = Record(
    "ledger",
    "Ledger",
    CompaniesLedgerTable,
    lambda company: ListLedger(company=company, limit=SHOWN),
    "Nothing has been booked yet.\n\n"
    "[$text-primary]t[/]  top up with a test card\n[$text-primary]c[/]  simulate a call",
    FeedKind.LEDGER,
)
INVOICES = Record(
    "invoices",
    "Invoices",
    InvoiceTable,
    lambda company: ListInvoices(company=company, limit=SHOWN),
    "No invoice yet: each top-up that is paid gets one.\n\n"
    "[$text-primary]t[/]  top up with a test card\n"
    "[$text-primary]o[/]  pay on the Checkout page, as a customer does",
    FeedKind.INVOICE,
)
NOTICES = Record(
    "notices",
    "Notices",
    NoticeTable,
    lambda company: ListNotices(company=company, limit=SHOWN),
    "Nobody was told anything yet: a low balance, a spending limit or a failed payment is announced.\n\n"
    "[$text-primary]d[/]  drain a balance below its threshold\n"
    "[$text-primary]s[/]  set a spending limit, then [$text-primary]c[/] make a call",
    FeedKind.NOTICE,
)
AUDIT = Record(
    "audit",
    "Audit",
    AuditTable,
    lambda company: ListAudit(company=company, limit=SHOWN),
    "Nobody changed anything by hand yet; who does is kept here, with the reason.\n\n"
    "[$text-primary]b[/]  book an adjustment\n"
    "[$text-primary]s[/]  set a spending limit\n"
    "[$text-primary]u[/]  refund a call",
    FeedKind.AUDIT,
)
OPERATIONS = Record(
    "operations",
    "Operations",
    PerformedTable,
    lambda _company: ListOperations(limit=SHOWN),
    "Nothing was done on this server yet: what is asked of it and changes something is kept here.\n\n"
    "[$text-primary]t[/]  top up with a test card\n[$text-primary]c[/]  simulate a call",
    FeedKind.OPERATION,
)
DELIVERIES = Record(
    "deliveries",
    "Deliveries",
    DeliveryTable,
    lambda _company: ListDeliveries(limit=SHOWN),
    "Nothing has come to the webhook yet.\n\n"
    "[$text-primary]x[/]  trigger any Stripe event\n[$text-primary]t[/]  top up with a test card",
    FeedKind.DELIVERY,
)

OF_ALL = (LEDGER, INVOICES, NOTICES, AUDIT, OPERATIONS, DELIVERIES)
OF_A_COMPANY = (INVOICES, NOTICES, AUDIT)
"""Beside what the company's screen shows anyway."""
