"""One invoice: for whom, for what, net, tax and gross; its PDF, and the top-up that it belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from devconsole.destinations import Reference, Why
from devconsole.format import day, euros
from devconsole.looks import Tone
from devconsole.screens.modals.detail import Detail, Fact, Lead
from devconsole.widgets.record_tables import tax_percent
from relay.api import InvoiceView, MakeInvoicePdf

if TYPE_CHECKING:
    from devconsole.app import DevConsole


class InvoiceDetail(Detail):
    """Making the PDF keeps the detail open: where it lies is said beside it."""

    def __init__(self, invoice: InvoiceView) -> None:
        self._number = invoice.number
        facts: list[Fact] = [
            ("To", invoice.company_name, Tone.STRONG),
            ("E-mail", invoice.company_email, Tone.PLAIN),
            ("Country", invoice.company_country, Tone.PLAIN),
            ("Tax number", invoice.company_tax_number, Tone.PLAIN),
            ("VAT id", invoice.company_vat_id, Tone.PLAIN),
            ("Date", day(invoice.issued_at), Tone.PLAIN),
            *(
                (f"{item.quantity} ×", f"{item.description}: {euros(item.net_cents)}", Tone.PLAIN)
                for item in invoice.items
            ),
            ("Net", f"{euros(invoice.net_cents):>16}", Tone.PLAIN),
            (f"VAT {tax_percent(invoice)}", f"{euros(invoice.tax_cents):>16}", Tone.PLAIN),
            ("Gross, paid", f"{euros(invoice.gross_cents):>16}", Tone.STRONG),
        ]
        leads = [
            Lead("p", "Make PDF", self._make_pdf),
            Lead("t", f"Open top-up {invoice.topup_id}", Reference(f"topup_{invoice.topup_id}")),
            Lead("w", "Why", Why(f"topup_{invoice.topup_id}")),
        ]
        super().__init__(f"Invoice {invoice.number}", facts, leads)

    def _make_pdf(self) -> None:
        cast("DevConsole", self.app).make_pdf(MakeInvoicePdf(invoice=self._number))
