"""Invoices through the client: listed, shown, and as a document."""

from __future__ import annotations

import pytest
from sqlmodel import Session

from billing.models import Topup, TopupStatus
from billing.settlement import Paid
from billing.topup_rows import topup_row
from billing.topups import settle
from relay.api import ListInvoices, MakeInvoicePdf, ShowInvoice
from relay.errors import OperationRefused
from tests.support.relay import RunningRelay


async def paid_topup(relay: RunningRelay, company_id: int, *, amount_cents: int, key: str | None = None) -> None:
    def pay(session: Session) -> None:
        now = relay.backend.clock.now()
        topup = Topup(
            company_id=company_id,
            amount_cents=amount_cents,
            idempotency_key=key or f"key_{company_id}",
            status=TopupStatus.PROCESSING,
            created_at=now,
            updated_at=now,
        )
        session.add(topup)
        session.flush()
        row = topup_row(session, topup.id or 0)
        assert row is not None
        settle(session, row, Paid(received_cents=amount_cents, currency="eur"), webhook_event_id=None, now=now)

    await relay.backend.db.write(pay)


async def test_an_invoice_is_listed_shown_and_made_into_a_document(relay: RunningRelay) -> None:
    await paid_topup(relay, await relay.company(), amount_cents=11_900)
    await paid_topup(relay, await relay.company(slug="globex"), amount_cents=5_000)
    page = await relay.client.call(ListInvoices())
    assert [(row.number, row.company_slug, row.gross_cents) for row in page.rows] == [
        ("TOP-2026-00002", "globex", 5_000),
        ("TOP-2026-00001", "acme", 11_900),
    ]
    mine = await relay.client.call(ListInvoices(company="acme", year=2026))
    assert (mine.total, mine.rows[0].net_cents, mine.rows[0].tax_cents) == (1, 10_000, 1_900)
    assert (await relay.client.call(ListInvoices(year=2025))).total == 0
    shown = await relay.client.call(ShowInvoice(invoice="TOP-2026-00001"))
    assert shown == mine.rows[0]
    assert [(item.quantity, item.net_cents) for item in shown.items] == [(1, 10_000)]
    document = await relay.client.call(MakeInvoicePdf(invoice="TOP-2026-00001"))
    assert (document.file_name, document.content[:5]) == ("TOP-2026-00001.pdf", b"%PDF-")
    with pytest.raises(OperationRefused) as refused:
        await relay.client.call(MakeInvoicePdf(invoice="TOP-2026-00003"))
    assert (refused.value.http_status, refused.value.problem.code) == (404, "unknown_invoice")
