"""Invoices: one per credited top-up, written in the transaction of the credit, numbered without gaps.

What was paid is the gross: net and tax are derived from it, never added to it. A number that is rolled back with its
credit was never used, and only one transaction writes at a time, so the next number is the last plus one; a constraint
would refuse a second use. The row holds the recipient as it was that day, and is never changed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import msgspec
from sqlalchemy import and_
from sqlmodel import Session, col, select

from billing.changes import Kind, announce
from billing.errors import UnknownInvoice
from billing.models import Invoice, Topup
from billing.money import round_half_up
from billing.notice_texts import language_of
from billing.periods import year_of
from billing.policy import Policy
from billing.topup_rows import TopupRow

_BASIS_POINTS: Final = 10_000
_DESCRIPTION: Final = {"de": "Guthaben, Aufladung {}", "en": "Prepaid credit, top-up {}"}


@dataclass(frozen=True, slots=True)
class Tax:
    """A gross amount and what it consists of, in cents; the rate in hundredths of a percent."""

    basis_points: int
    net_cents: int
    tax_cents: int


def tax_within(gross_cents: int, *, is_small_business: bool, policy: Policy) -> Tax:
    """The tax that a paid amount contains: 119.00 at 19 % are 100.00 and 19.00. A small business pays none."""
    basis_points = 0 if is_small_business else policy.vat_basis_points
    net_cents = round_half_up(gross_cents * _BASIS_POINTS, _BASIS_POINTS + basis_points)
    return Tax(basis_points, net_cents, gross_cents - net_cents)


def issue(session: Session, topup: TopupRow, *, gross_cents: int, policy: Policy, now: datetime) -> None:
    """Write the invoice of a top-up that is being credited; does nothing when it has one."""
    tax = tax_within(gross_cents, is_small_business=topup.company_is_small_business, policy=policy)
    year, language = year_of(now, policy.invoice_timezone), language_of(topup.company_country)
    item = {
        "description": _DESCRIPTION[language].format(topup.id),
        "quantity": 1,
        "unit_price_cents": tax.net_cents,
        "net_cents": tax.net_cents,
    }
    # The driver's own cursor: this is part of every credit, and costs 15 us so, 45 through SQLAlchemy.
    cursor = session.connection().connection.cursor()
    cursor.execute(
        _ADD,
        (
            topup.id,
            year,
            year,
            topup.currency,
            tax.net_cents,
            tax.basis_points,
            tax.tax_cents,
            gross_cents,
            msgspec.json.encode([item]).decode(),
            language,
            now.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds"),
            year,
            topup.company_id,
        ),
    )
    if cursor.rowcount:
        announce(session, Kind.INVOICE, cursor.lastrowid)
    cursor.close()


def find_invoice(session: Session, reference: str) -> tuple[Invoice, Topup]:
    """The invoice with this number (`TOP-2026-00001`) or id, and what it is for. Raises `UnknownInvoice`."""
    numbered = _NUMBER.fullmatch(reference.upper())
    if numbered is not None:
        key = and_(col(Invoice.year) == int(numbered["year"]), col(Invoice.sequence) == int(numbered["sequence"]))
    elif reference.isascii() and reference.isdigit() and len(reference) < 19:
        key = and_(col(Invoice.id) == int(reference))
    else:
        raise UnknownInvoice(reference)
    row = session.exec(
        select(Invoice, Topup).join(Topup, col(Topup.id) == col(Invoice.topup_id)).where(key)
    ).one_or_none()
    if row is None or (numbered is not None and row[0].number != reference.upper()):
        raise UnknownInvoice(reference)
    invoice, topup = row
    return invoice, topup


_NUMBER: Final = re.compile(r"TOP-(?P<year>[0-9]{4})-(?P<sequence>[0-9]{5,15})")
_ADD: Final = """
INSERT INTO invoices (company_id, topup_id, number, year, sequence, currency, subtotal, tax_rate, tax_amount, total,
                      items, language, company_name, company_email, company_country, company_tax_number,
                      company_vat_id, invoice_date)
SELECT c.id, ?, 'TOP-' || ? || '-' || printf('%05d', last.sequence + 1), ?, last.sequence + 1, ?, ?, ?, ?, ?, ?, ?,
       c.name, COALESCE(c.billing_contact_email, c.email), c.country, c.tax_number, c.vat_id, ?
FROM companies c, (SELECT COALESCE(MAX(sequence), 0) AS sequence FROM invoices WHERE year = ?) last
WHERE c.id = ?
ON CONFLICT (topup_id) DO NOTHING
"""
