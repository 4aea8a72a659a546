"""Builders for billing tests: real rows in a real file, named for what a test wants to say."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy import create_engine
from sqlmodel import Session, SQLModel

from billing import models
from billing.ledger import open_balance, post
from billing.models import Company, LedgerType


def create_schema(path: Path) -> None:
    assert models.Company
    engine = create_engine(f"sqlite:///{path}")
    SQLModel.metadata.create_all(engine)
    engine.dispose()


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
    company = Company(
        name=slug.title(),
        slug=slug,
        email=f"billing@{slug}.example",
        prepaid_billing_enabled=prepaid,
        is_active=active,
        created_at=now,
        updated_at=now,
    )
    session.add(company)
    session.flush()
    assert company.id is not None
    open_balance(session, company_id=company.id, now=now, low_balance_threshold_cents=threshold_cents)
    if balance_cents or bonus_cents:
        post(
            session,
            company_id=company.id,
            type=LedgerType.ADJUSTMENT,
            money_cents=balance_cents,
            bonus_cents=bonus_cents,
            posting_key=f"opening:{company.id}",
            description="Opening balance",
            reference_type="admin_adjustment",
            created_by="test",
            now=now,
        )
    return company.id
