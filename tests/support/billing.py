"""Builders for billing tests: real rows in a real file, named for what a test wants to say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import text
from sqlmodel import Session, SQLModel, select

from billing.companies import book_opening_balance, create_company
from billing.db import Database
from billing.ledger import balance_of
from billing.models import Job, JobStatus

Row = TypeVar("Row", bound=SQLModel)


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


@dataclass(frozen=True, slots=True)
class Money:
    """The three balances of a company in cents."""

    balance: int
    bonus: int = 0
    reserved: int = 0


async def money_of(database: Database, company_id: int) -> Money:
    balance = await database.write(balance_of, company_id)
    return Money(balance.balance_cents, balance.bonus_cents, balance.reserved_cents)


async def rows(database: Database, model: type[Row], **where: object) -> list[Row]:
    """The rows of a table by id, filtered by attribute."""
    async with database.read() as session:
        query = select(model).filter_by(**where).order_by(text("id"))
        return list((await session.exec(query)).all())


async def pending_jobs(database: Database, kind: str) -> list[dict[str, Any]]:
    """Payloads of what waits to be done, oldest first."""
    return [job.payload for job in await rows(database, Job, kind=kind, status=JobStatus.PENDING)]
