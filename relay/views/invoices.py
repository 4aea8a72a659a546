"""Invoices with the names of their companies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.dialect import table_of
from billing.models import Company, Invoice
from relay.api import InvoiceItemView, InvoiceView
from relay.views.query import fetch

INVOICES = table_of(Invoice)
_COMPANIES = table_of(Company)

INVOICE_ROWS = select(
    INVOICES.c.id,
    INVOICES.c.number,
    INVOICES.c.company_id,
    _COMPANIES.c.slug.label("company_slug"),
    INVOICES.c.topup_id,
    INVOICES.c.currency,
    INVOICES.c.subtotal.label("net_cents"),
    INVOICES.c.tax_rate.label("tax_basis_points"),
    INVOICES.c.tax_amount.label("tax_cents"),
    INVOICES.c.total.label("gross_cents"),
    INVOICES.c.company_name,
    INVOICES.c.company_email,
    INVOICES.c.company_country,
    INVOICES.c.company_tax_number,
    INVOICES.c.company_vat_id,
    INVOICES.c.language,
    INVOICES.c["items"].label("lines"),
    INVOICES.c.invoice_date.label("issued_at"),
).join_from(INVOICES, _COMPANIES, _COMPANIES.c.id == INVOICES.c.company_id)


async def invoices(
    session: AsyncSession, *conditions: ColumnElement[bool], limit: int | None = None
) -> list[InvoiceView]:
    """Invoices, newest first."""
    statement = INVOICE_ROWS.where(*conditions).order_by(INVOICES.c.id.desc()).limit(limit)
    return [_invoice(row) for row in await fetch(session, statement)]


def _invoice(row: Mapping[str, Any]) -> InvoiceView:
    values = dict(row)
    lines = values.pop("lines")
    return InvoiceView(**values, items=tuple(InvoiceItemView(**line) for line in lines))
