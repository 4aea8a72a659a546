"""Invoices: list and show them, and make their PDFs."""

from __future__ import annotations

import asyncio

from billing.invoice_pdf import render_pdf
from billing.invoices import find_invoice
from relay.api import InvoicePdf, InvoiceView, ListInvoices, MakeInvoicePdf, Page, ShowInvoice
from relay.backend import Backend
from relay.operations.registry import handles
from relay.views import invoices
from relay.views.query import company_id_of, count, read_sync


@handles(ListInvoices)
async def list_invoices(backend: Backend, request: ListInvoices) -> Page[InvoiceView]:
    conditions = []
    async with backend.db.read() as session:
        if request.company is not None:
            conditions.append(invoices.INVOICES.c.company_id == await company_id_of(session, request.company))
        if request.year is not None:
            conditions.append(invoices.INVOICES.c.year == request.year)
        rows = await invoices.invoices(session, *conditions, limit=request.limit)
        total = await count(session, invoices.INVOICE_ROWS.where(*conditions))
    return Page(rows=tuple(rows), total=total)


@handles(ShowInvoice)
async def show_invoice(backend: Backend, request: ShowInvoice) -> InvoiceView:
    async with backend.db.read() as session:
        invoice, _topup = await read_sync(session, lambda reader: find_invoice(reader, request.invoice))
        (view,) = await invoices.invoices(session, invoices.INVOICES.c.id == invoice.id)
    return view


@handles(MakeInvoicePdf)
async def make_invoice_pdf(backend: Backend, request: MakeInvoicePdf) -> InvoicePdf:
    async with backend.db.read() as session:
        invoice, topup = await read_sync(session, lambda reader: find_invoice(reader, request.invoice))
    # In a thread: the first document loads a library, and the webhook must not wait for it.
    content = await asyncio.to_thread(
        render_pdf,
        invoice,
        payment_method_label=topup.payment_method_label,
        timezone=backend.policy.invoice_timezone,
    )
    return InvoicePdf(number=invoice.number, file_name=f"{invoice.number}.pdf", content=content)
