"""Builders for billing tests: real rows in a real file, named for what a test wants to say."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from billing.companies import book_opening_balance, create_company


def add_company(
    session: Session,
    *,
    now: datetime,
    slug: str = "acme",
    balance_cents: int = 0,
    bonus_cents: int = 0,
    threshold_cents: int = 2_000,
    prepaid: bool = True,
    active: bool = True,
) -> int:
    """A company with an opening balance booked as an adjustment; returns its id."""
    company = create_company(
        session,
        name=slug.title(),
        slug=slug,
        email=f"billing@{slug}.example",
        prepaid_billing_enabled=prepaid,
        low_balance_threshold_cents=threshold_cents,
        now=now,
    )
    company.is_active = active
    if balance_cents or bonus_cents:
        book_opening_balance(
            session, company, money_cents=balance_cents, bonus_cents=bonus_cents, actor="test", now=now
        )
    session.flush()
    assert company.id is not None
    return company.id
