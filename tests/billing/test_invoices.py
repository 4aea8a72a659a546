"""Invoices: one per credited top-up, gross is what was paid, numbers without gaps, the document, the past."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import subprocess
import sys
import zlib
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import Session

from billing.clock import ManualClock
from billing.errors import UnknownInvoice
from billing.invoice_pdf import render_pdf
from billing.invoices import find_invoice, tax_within
from billing.ledger import post
from billing.models import Company, Invoice, LedgerType
from billing.policy import Policy
from billing.schema import prepare
from billing.settlement import Paid
from billing.topup_rows import PaymentIds, topup_row
from billing.topups import settle
from tests.billing.test_schema import COMPANY, execute, upgraded_to
from tests.support.billing import rows
from tests.support.services import Billing

CARD = "pm_card_visa"


@pytest.mark.parametrize(
    ("gross_cents", "net_cents", "tax_cents"),
    [(11_900, 10_000, 1_900), (10_000, 8_403, 1_597), (5_000, 4_202, 798), (1, 1, 0), (3, 3, 0), (4, 3, 1)],
)
def test_tax_is_contained_in_what_was_paid(gross_cents: int, net_cents: int, tax_cents: int) -> None:
    tax = tax_within(gross_cents, is_small_business=False, policy=Policy())
    assert (tax.basis_points, tax.net_cents, tax.tax_cents) == (1_900, net_cents, tax_cents)


def test_a_small_business_pays_no_tax() -> None:
    tax = tax_within(10_000, is_small_business=True, policy=Policy())
    assert (tax.basis_points, tax.net_cents, tax.tax_cents) == (0, 10_000, 0)


async def test_each_credited_topup_has_one_invoice_over_what_was_paid(billing: Billing) -> None:
    first, second = await billing.company(slug="first"), await billing.company(slug="second")
    await billing.topups.charge(first, amount_cents=10_000, payment_method=CARD)
    await billing.topups.charge(second, amount_cents=5_000, payment_method=CARD)
    await billing.topups.charge(first, amount_cents=5_000, payment_method="pm_card_chargeDeclined")
    await billing.topups.charge(first, amount_cents=2_000, payment_method=CARD)
    found = await rows(billing.db, Invoice)
    assert [(each.number, each.company_id, each.gross_cents, each.net_cents, each.tax_cents) for each in found] == [
        ("TOP-2026-00001", first, 10_000, 8_403, 1_597),
        ("TOP-2026-00002", second, 5_000, 4_202, 798),
        ("TOP-2026-00003", first, 2_000, 1_681, 319),
    ]
    assert found[0].items == [
        {"description": "Guthaben, Aufladung 1", "quantity": 1, "unit_price_cents": 8_403, "net_cents": 8_403}
    ]
    assert (found[0].company_name, found[0].company_email) == ("First", "billing@first.example")
    assert found[0].issued_at == billing.clock.now()
    assert await billing.breaches() == []


async def test_a_payment_that_is_told_twenty_times_is_invoiced_once(billing: Billing) -> None:
    company = await billing.company()
    topup = await billing.pending_topup(company, amount_cents=5_000)
    await asyncio.gather(*(billing.db.write(_pay, topup, billing.clock.now()) for _ in range(20)))
    assert [each.number for each in await rows(billing.db, Invoice)] == ["TOP-2026-00001"]


async def test_a_credit_that_is_rolled_back_leaves_no_gap(billing: Billing) -> None:
    company = await billing.company()
    topups = [await billing.pending_topup(company, key=f"key_{number}") for number in range(6)]

    def fail_after(session: Session, topup_id: int) -> None:
        _pay(session, topup_id, billing.clock.now())
        raise RuntimeError("the power fails")

    # All wait at once, so that they share one commit, each in a savepoint of its own.
    answers = await asyncio.gather(
        *(
            billing.db.write(fail_after, topup) if number % 2 else billing.db.write(_pay, topup, billing.clock.now())
            for number, topup in enumerate(topups)
        ),
        return_exceptions=True,
    )
    assert [isinstance(answer, RuntimeError) for answer in answers] == [False, True] * 3
    numbers = [(each.topup_id, each.number) for each in await rows(billing.db, Invoice)]
    assert numbers == list(zip(topups[::2], ("TOP-2026-00001", "TOP-2026-00002", "TOP-2026-00003"), strict=True))


async def test_each_year_is_counted_from_one_by_the_german_calendar(billing: Billing, clock: ManualClock) -> None:
    company = await billing.company()
    for moment in ("2026-12-31T22:59:59", "2026-12-31T23:00:00", "2027-06-01T12:00:00"):
        clock.current = datetime.fromisoformat(moment).replace(tzinfo=UTC)
        topup = await billing.pending_topup(company, key=moment)
        await billing.db.write(_pay, topup, clock.now())
    assert [each.number for each in await rows(billing.db, Invoice)] == [
        "TOP-2026-00001",
        "TOP-2027-00001",
        "TOP-2027-00002",
    ]


async def test_an_invoice_keeps_the_recipient_of_its_day_and_cannot_be_changed(
    billing: Billing, database_path: Path
) -> None:
    company = await billing.company()
    await billing.topups.charge(company, amount_cents=10_000, payment_method=CARD)

    def move(session: Session) -> None:
        row = session.get_one(Company, company)
        row.name, row.is_small_business, row.country = "Renamed", True, "GB"

    await billing.db.write(move)
    await billing.topups.charge(company, amount_cents=10_000, payment_method=CARD)
    old, new = await rows(billing.db, Invoice)
    assert (old.company_name, old.tax_basis_points, old.language) == ("Acme", 1_900, "de")
    assert (new.company_name, new.tax_basis_points, new.net_cents, new.language) == ("Renamed", 0, 10_000, "en")
    for statement in ("UPDATE invoices SET total = 1", "DELETE FROM invoices"):
        with closing(sqlite3.connect(database_path)) as connection, pytest.raises(sqlite3.IntegrityError):
            connection.execute(statement)


async def test_an_adjustment_or_bonus_is_not_invoiced(billing: Billing) -> None:
    company = await billing.company(balance_cents=5_000)
    await billing.prepaid.adjust(company, money_cents=100, bonus_cents=100, actor="ada", reason="a gift")
    await billing.db.write(
        post,
        company_id=company,
        type=LedgerType.BONUS,
        bonus_cents=5,
        posting_key="x",
        description="x",
        now=billing.clock.now(),
    )
    assert await rows(billing.db, Invoice) == []


async def test_an_invoice_is_found_by_number_or_id_and_nothing_else(billing: Billing) -> None:
    company = await billing.company()
    await billing.topups.charge(company, amount_cents=10_000, payment_method=CARD)
    for reference in ("TOP-2026-00001", "top-2026-00001", "1"):
        invoice, topup = await billing.db.write(find_invoice, reference)
        assert (invoice.id, topup.id) == (1, 1)
    for reference in ("TOP-2026-000001", "TOP-2026-1", "TOP-2025-00001", "2", "0", "x", "", "٣", "9" * 30):
        with pytest.raises(UnknownInvoice):
            await billing.db.write(find_invoice, reference)


def words_of(pdf: bytes) -> str:
    """The text that is shown on the pages."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.S)
    shown = b""
    for stream in streams:
        try:
            shown += zlib.decompress(stream)
        except zlib.error:
            continue
    texts = re.findall(rb"\((.*?)(?<!\\)\) Tj", shown, re.S)
    return "\n".join(re.sub(rb"\\(.)", rb"\1", text).decode("latin-1") for text in texts)


async def test_the_document_says_what_was_paid_and_is_the_same_each_time(billing: Billing) -> None:
    company = await billing.company()

    def name(session: Session) -> None:
        row = session.get_one(Company, company)
        row.name, row.vat_id = "Müller (Žižkov) & Söhne", "DE123456789"

    await billing.db.write(name)
    await billing.topups.charge(company, amount_cents=123_450, payment_method=CARD)
    invoice, topup = await billing.db.write(find_invoice, "1")
    pdf = render_pdf(invoice, payment_method_label=topup.payment_method_label, timezone="Europe/Berlin")
    assert pdf.startswith(b"%PDF-")
    said = words_of(pdf)
    for expected in (
        "Rechnung TOP-2026-00001",
        "02.11.2026",
        "Müller (?i?kov) & Söhne",
        "USt-IdNr.: DE123456789",
        "Guthaben, Aufladung 1",
        "1.037,39 EUR",
        "197,11 EUR",
        "1.234,50 EUR",
        "Umsatzsteuer 19 %",
        "bereits bezahlt",
        "Testbeleg",
    ):
        assert expected in said, expected
    assert pdf == render_pdf(invoice, payment_method_label=topup.payment_method_label, timezone="Europe/Berlin")


async def test_a_small_business_abroad_reads_english_without_tax(billing: Billing) -> None:
    company = await billing.company()

    def move(session: Session) -> None:
        row = session.get_one(Company, company)
        row.is_small_business, row.country = True, "NL"

    await billing.db.write(move)
    await billing.topups.charge(company, amount_cents=100_000, payment_method=CARD)
    invoice, _topup = await billing.db.write(find_invoice, "1")
    said = words_of(render_pdf(invoice, payment_method_label="visa •••• 4242", timezone="Europe/Berlin"))
    for expected in (
        "Invoice TOP-2026-00001",
        "2026-11-02",
        "VAT 0 %",
        "No VAT is shown",
        "1,000.00 EUR",
        "visa **** 4242",
    ):
        assert expected in said, expected


def test_topups_of_an_earlier_version_are_invoiced_by_the_upgrade(tmp_path: Path) -> None:
    path = upgraded_to(tmp_path / "billing.db", "0003")
    topup = (
        "INSERT INTO balance_topups (company_id, amount, currency, status, origin, idempotency_key, metadata, "
        "bonus_amount, refunded_amount, refund_status, refund_snapshots, paid_at, created_at, updated_at) VALUES "
        "(1, {amount}, 'EUR', '{status}', 'manual', '{key}', '{{}}', 0, 0, 'none', '[]', {paid}, '2026-01-01', "
        "'2026-01-01')"
    )
    execute(
        path,
        COMPANY,
        topup.format(amount=11_900, status="succeeded", key="late", paid="'2026-12-31 23:00:00.000000'"),
        topup.format(amount=10_000, status="succeeded", key="early", paid="'2026-12-31 22:59:59.000000'"),
        topup.format(amount=4, status="succeeded", key="first", paid="'2026-02-01 10:00:00.000000'"),
        topup.format(amount=5_000, status="failed", key="failed", paid="NULL"),
    )
    prepare(path, now=ManualClock().now())
    found = execute(path, "SELECT number, topup_id, subtotal, tax_amount, total FROM invoices ORDER BY id")
    assert found == [
        ("TOP-2026-00001", 3, 3, 1, 4),
        ("TOP-2026-00002", 2, 8_403, 1_597, 10_000),
        ("TOP-2027-00001", 1, 10_000, 1_900, 11_900),
    ]


def _pay(session: Session, topup_id: int, now: datetime) -> None:
    row = topup_row(session, topup_id)
    assert row is not None
    paid = Paid(received_cents=row.amount_cents, currency="eur", ids=PaymentIds(intent_id=f"pi_{topup_id}"))
    settle(session, row, paid, webhook_event_id=None, now=now)


def test_the_library_is_loaded_with_the_first_document_only() -> None:
    program = "import sys, billing.worker, billing.invoice_pdf; print('fpdf' in sys.modules, 'PIL' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False", "False"]
