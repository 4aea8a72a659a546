"""`devconsole invoices`: what was paid, on paper."""

from __future__ import annotations

from pathlib import Path

import click

from devconsole import output
from devconsole.commands.arguments import limit, some_company
from devconsole.commands.verb import Invocation, Noun
from devconsole.format import amount, day, euros, size
from devconsole.output import Column, facts, table
from relay.api import InvoiceView, ListInvoices, MakeInvoicePdf, ShowInvoice

COLUMNS: tuple[Column[InvoiceView], ...] = (
    Column("NUMBER", lambda row: row.number),
    Column("DATE", lambda row: day(row.issued_at)),
    Column("COMPANY", lambda row: row.company_slug),
    Column("TOP-UP", lambda row: str(row.topup_id), right=True),
    Column("NET", lambda row: amount(row.net_cents), right=True),
    Column("VAT", lambda row: amount(row.tax_cents), right=True),
    Column("GROSS", lambda row: amount(row.gross_cents), right=True),
)


command = Noun("invoices", help="Invoices: what was paid, on paper.")


@command.command("list", operation=ListInvoices)
@some_company
@click.option("--year", type=click.IntRange(2000, 9999), help="Only those of this year.")
@limit(50, 500)
@click.pass_obj
def list_invoices(invocation: Invocation, company: str | None, year: int | None, limit: int) -> None:
    invocation.show_page(
        invocation.call(ListInvoices(company=company, year=year, limit=limit)),
        lambda rows: table(COLUMNS, rows, empty="No invoices. Each top-up that succeeds gets one."),
    )


@command.command("show", operation=ShowInvoice)
@click.argument("invoice", metavar="NUMBER")
@click.pass_obj
def show_invoice(invocation: Invocation, invoice: str) -> None:
    invocation.show(invocation.call(ShowInvoice(invoice=invoice)), invoice_facts)


@command.command("pdf", operation=MakeInvoicePdf)
@click.argument("invoice", metavar="NUMBER")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Where to write it; else NUMBER.pdf in this directory.",
)
@click.pass_obj
def write_pdf(invocation: Invocation, invoice: str, out: Path | None) -> None:
    document = invocation.call(MakeInvoicePdf(invoice=invoice))
    file = out or Path(document.file_name)
    try:
        file.write_bytes(document.content)
    except OSError as error:
        raise output.Failure(
            f"{file} cannot be written: {error.strerror}", remedy="Choose another place with --out.", code="no_file"
        ) from error
    written = {"number": document.number, "file": str(file), "bytes": len(document.content)}
    invocation.show(written, lambda _: f"{document.number} written to {file} ({size(len(document.content))})")


def invoice_facts(row: InvoiceView) -> str:
    percent = f"{row.tax_basis_points / 100:g} %"
    pairs = (
        ("invoice", row.number),
        ("date", day(row.issued_at)),
        ("to", row.company_name),
        ("e-mail", row.company_email),
        ("country", row.company_country),
        ("tax number", row.company_tax_number),
        ("VAT id", row.company_vat_id),
        *((f"{item.quantity} x", f"{item.description}: {euros(item.net_cents)}") for item in row.items),
        ("net", euros(row.net_cents)),
        (f"VAT {percent}", euros(row.tax_cents)),
        ("gross, paid", euros(row.gross_cents)),
        ("top-up", str(row.topup_id)),
    )
    return facts((name, value) for name, value in pairs if value is not None)
