"""An invoice as a PDF of one page. fpdf2 is imported with the first one: that costs a quarter of a second."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from billing.models import Invoice
from billing.money_text import money_in
from billing.notice_texts import ENGLISH, GERMAN

if TYPE_CHECKING:
    from fpdf import FPDF

SELLER: Final = ("devconsole", "Prepaid Calls, test mode")
"""Who invoices. This tool works with test payments only, and its papers say so."""
_MARGIN_MM: Final = 20
_LINE_MM: Final = 6
_FONT: Final = "Helvetica"

_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    GERMAN: {
        "title": "Rechnung {}",
        "date": "Rechnungs- und Leistungsdatum",
        "tax_number": "Steuernummer",
        "vat_id": "USt-IdNr.",
        "description": "Leistung",
        "quantity": "Menge",
        "net": "Netto",
        "subtotal": "Zwischensumme (netto)",
        "tax": "Umsatzsteuer {}",
        "total": "Gesamtbetrag (brutto)",
        "small": "Kein Ausweis von Umsatzsteuer (Kleinunternehmer, § 19 UStG).",
        "paid": "Der Betrag wurde bereits bezahlt{}. Es ist nichts mehr zu überweisen.",
        "test": "Testbeleg: Es ist kein echtes Geld geflossen.",
    },
    ENGLISH: {
        "title": "Invoice {}",
        "date": "Date of invoice and supply",
        "tax_number": "Tax number",
        "vat_id": "VAT ID",
        "description": "Description",
        "quantity": "Quantity",
        "net": "Net",
        "subtotal": "Subtotal (net)",
        "tax": "VAT {}",
        "total": "Total (gross)",
        "small": "No VAT is shown (small business).",
        "paid": "The amount has already been paid{}. Nothing is left to pay.",
        "test": "Test document: no real money was moved.",
    },
}


def render_pdf(invoice: Invoice, *, payment_method_label: str | None, timezone: str) -> bytes:
    """The document. The same invoice gives the same bytes; the date is that of `timezone`."""
    from fpdf import FPDF  # deferred: see above

    words = _WORDS[invoice.language]
    issued_at = invoice.issued_at.astimezone(ZoneInfo(timezone))
    pdf = FPDF(format="A4")
    pdf.set_creation_date(invoice.issued_at)
    pdf.set_title(words["title"].format(invoice.number))
    pdf.set_lang(invoice.language)
    pdf.set_margin(_MARGIN_MM)
    pdf.add_page()
    _head(pdf, invoice, words, issued_at)
    _lines(pdf, invoice, words)
    _sums(pdf, invoice, words)
    pdf.ln(_LINE_MM * 2)
    by = f" ({payment_method_label})" if payment_method_label else ""
    if not invoice.tax_basis_points:
        _write(pdf, words["small"])
    _write(pdf, words["paid"].format(by))
    _write(pdf, words["test"])
    return bytes(pdf.output())


def _head(pdf: FPDF, invoice: Invoice, words: Mapping[str, str], issued_at: datetime) -> None:
    for line in SELLER:
        _write(pdf, line, align="R")
    pdf.ln(_LINE_MM)
    for recipient in (invoice.company_name, invoice.company_email, invoice.company_country):
        if recipient:
            _write(pdf, recipient)
    for name, value in (("tax_number", invoice.company_tax_number), ("vat_id", invoice.company_vat_id)):
        if value:
            _write(pdf, f"{words[name]}: {value}")
    pdf.ln(_LINE_MM * 2)
    _write(pdf, words["title"].format(invoice.number), size=16, style="B")
    _write(pdf, f"{words['date']}: {_date(issued_at, invoice.language)}")
    pdf.ln(_LINE_MM)


def _lines(pdf: FPDF, invoice: Invoice, words: Mapping[str, str]) -> None:
    _row(pdf, words["description"], words["quantity"], words["net"], style="B")
    for item in invoice.items:
        _row(pdf, item["description"], str(item["quantity"]), _money(invoice, item["net_cents"]))
    pdf.ln(_LINE_MM / 2)


def _sums(pdf: FPDF, invoice: Invoice, words: Mapping[str, str]) -> None:
    percent = f"{invoice.tax_basis_points / 100:g} %"
    if invoice.language == GERMAN:
        percent = percent.replace(".", ",")
    _row(pdf, words["subtotal"], "", _money(invoice, invoice.net_cents))
    _row(pdf, words["tax"].format(percent), "", _money(invoice, invoice.tax_cents))
    _row(pdf, words["total"], "", _money(invoice, invoice.gross_cents), style="B")


def _row(pdf: FPDF, left: str, middle: str, right: str, *, style: str = "") -> None:
    pdf.set_font(_FONT, style, 10)
    pdf.cell(100, _LINE_MM, _printable(left), border="B")
    pdf.cell(25, _LINE_MM, _printable(middle), border="B", align="R")
    pdf.cell(0, _LINE_MM, _printable(right), border="B", align="R", new_x="LMARGIN", new_y="NEXT")


def _write(pdf: FPDF, text: str, *, size: int = 10, style: str = "", align: str = "L") -> None:
    pdf.set_font(_FONT, style, size)
    pdf.multi_cell(0, _LINE_MM * size / 10, _printable(text), align=align, new_x="LMARGIN", new_y="NEXT")


def _printable(text: str) -> str:
    """What the built-in fonts can show; the rest becomes a question mark rather than an error."""
    return text.replace("•", "*").encode("latin-1", "replace").decode("latin-1")


def _money(invoice: Invoice, cents: int) -> str:
    return money_in(cents, invoice.language, invoice.currency)


def _date(moment: datetime, language: str) -> str:
    return f"{moment:%d.%m.%Y}" if language == GERMAN else f"{moment:%Y-%m-%d}"
