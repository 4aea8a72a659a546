"""The ledger: what `post` moves, how often, and what it refuses."""

from __future__ import annotations

import pytest
from sqlmodel import Session, select

from billing.changes import Changes, Kind
from billing.clock import ManualClock
from billing.db import Database
from billing.errors import UnknownCompany
from billing.ledger import Posting, balance_of, post
from billing.models import Company, LedgerEntry, LedgerType
from tests.support.billing import add_company


def top_up(session: Session, company_id: int, key: str, clock: ManualClock, money_cents: int = 5_000) -> Posting:
    return post(
        session,
        company_id=company_id,
        type=LedgerType.TOPUP,
        money_cents=money_cents,
        posting_key=key,
        description="Top-up",
        reference_type="topup",
        reference_id=1,
        now=clock.now(),
    )


async def test_a_posting_moves_the_balance_and_keeps_before_and_after(database: Database, clock: ManualClock) -> None:
    company_id = await database.write(add_company, now=clock.now(), balance_cents=1_000, bonus_cents=70)
    posting = await database.write(top_up, company_id, "topup:1", clock)

    def look(session: Session) -> tuple[LedgerEntry, tuple[int, int, int]]:
        balance = balance_of(session, company_id)
        row = session.exec(select(LedgerEntry).where(LedgerEntry.id == posting.id)).one()
        return row, (balance.balance_cents, balance.bonus_cents, balance.reserved_cents)

    row, balances = await database.write(look)
    assert posting == Posting(row.id or 0, True, 6_000, 70, 0)
    assert balances == (6_000, 70, 0)
    assert (row.balance_before_cents, row.money_cents, row.balance_after_cents) == (1_000, 5_000, 6_000)
    assert row.reference_id == "1"
    assert row.created_at == clock.now()
    assert not row.affects_bonus


async def test_the_same_posting_key_books_once(database: Database, clock: ManualClock) -> None:
    company_id = await database.write(add_company, now=clock.now())
    first = await database.write(top_up, company_id, "topup:1", clock)
    second = await database.write(top_up, company_id, "topup:1", clock)
    third = await database.write(top_up, company_id, "topup:2", clock)
    assert first.is_new
    assert second == Posting(first.id, False, 5_000, 0, 0)
    assert third.balance_after_cents == 10_000


async def test_only_what_is_new_is_announced(database: Database, clock: ManualClock) -> None:
    company_id = await database.write(add_company, now=clock.now())
    heard: list[Changes] = []
    database.on_commit(heard.append)
    posting = await database.write(top_up, company_id, "topup:1", clock)
    await database.write(top_up, company_id, "topup:1", clock)
    assert heard == [{Kind.LEDGER: [posting.id], Kind.BALANCE: [company_id]}]


async def test_a_company_without_balance_row_gets_one(database: Database, clock: ManualClock) -> None:
    def bare_company(session: Session) -> int:
        company = Company(name="Bare", slug="bare", created_at=clock.now(), updated_at=clock.now())
        session.add(company)
        session.flush()
        return company.id or 0

    company_id = await database.write(bare_company)
    posting = await database.write(top_up, company_id, "topup:1", clock)
    assert posting.balance_after_cents == 5_000


async def test_an_unknown_company_is_refused(database: Database, clock: ManualClock) -> None:
    with pytest.raises(UnknownCompany):
        await database.write(top_up, 99, "topup:1", clock)
    with pytest.raises(UnknownCompany):
        await database.write(balance_of, 99)


async def test_bonus_cannot_be_overdrawn(database: Database, clock: ManualClock) -> None:
    company_id = await database.write(add_company, now=clock.now(), bonus_cents=10)

    def overdraw(session: Session) -> Posting:
        return post(
            session,
            company_id=company_id,
            type=LedgerType.CHARGE,
            bonus_cents=-11,
            posting_key="charge:call:1",
            description="too much",
            now=clock.now(),
        )

    with pytest.raises(AssertionError, match="overdraws the bonus"):
        await database.write(overdraw)
    assert (await database.write(balance_of, company_id)).bonus_cents == 10


async def test_a_balance_held_by_the_session_is_read_anew(database: Database, clock: ManualClock) -> None:
    company_id = await database.write(add_company, now=clock.now(), balance_cents=100)

    def post_while_held(session: Session) -> tuple[int, int]:
        held = balance_of(session, company_id)
        held.auto_topup_daily_count += 1
        top_up(session, company_id, "topup:1", clock)
        again = balance_of(session, company_id)
        return again.balance_cents, again.auto_topup_daily_count

    assert await database.write(post_while_held) == (5_100, 1)
    after = await database.write(balance_of, company_id)
    assert (after.balance_cents, after.auto_topup_daily_count) == (5_100, 1)
