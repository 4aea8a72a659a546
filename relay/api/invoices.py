"""Invoices of top-ups: what was paid, and the tax that it contains."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from relay.api.operation import Operation, Page, Role, View

InvoiceRef = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
"""An invoice's number (`TOP-2026-00001`) or id, as text."""


class InvoiceItemView(View, frozen=True, kw_only=True):
    description: str
    quantity: int
    unit_price_cents: int
    net_cents: int


class InvoiceView(View, frozen=True, kw_only=True):
    id: int
    number: str
    company_id: int
    company_slug: str
    topup_id: int
    currency: str
    net_cents: int
    tax_basis_points: int
    """Hundredths of a percent: 19 % is 1900."""
    tax_cents: int
    gross_cents: int
    """What was paid."""
    company_name: str
    """As it was on that day, like all that follows."""
    company_email: str | None
    company_country: str
    company_tax_number: str | None
    company_vat_id: str | None
    language: str
    items: tuple[InvoiceItemView, ...]
    issued_at: datetime


class InvoicePdf(View, frozen=True, kw_only=True):
    number: str
    file_name: str
    content: bytes
    """The document; in JSON as Base64."""


class ListInvoices(Operation[Page[InvoiceView]], frozen=True, kw_only=True):
    """List invoices, newest first."""

    name = "invoices.list"
    role = Role.SUPPORT
    company: str | None = None
    year: int | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=500)] = 50


class ShowInvoice(Operation[InvoiceView], frozen=True, kw_only=True):
    """Show one invoice, by its number or id."""

    name = "invoices.show"
    role = Role.SUPPORT
    invoice: InvoiceRef


class MakeInvoicePdf(Operation[InvoicePdf], frozen=True, kw_only=True):
    """Make the PDF of one invoice, by its number or id."""

    name = "invoices.pdf"
    role = Role.SUPPORT
    invoice: InvoiceRef
