"""A prepared statement writes and reads what the same statement does through SQLAlchemy."""

from __future__ import annotations

import sqlite3

import pytest
from sqlalchemy import bindparam, insert, select, update
from sqlmodel import Session

from billing.clock import ManualClock
from billing.db import Database
from billing.dialect import table_of
from billing.models import Topup, TopupStatus
from billing.prepared import Prepared
from tests.support.billing import add_company
from tests.support.ledger_story import add_topup

TOPUPS = table_of(Topup)
KINDS = (
    TOPUPS.c.id,
    TOPUPS.c.amount,
    TOPUPS.c.status,
    TOPUPS.c.metadata,
    TOPUPS.c.refund_snapshots,
    TOPUPS.c.paid_at,
    TOPUPS.c.expires_at,
    TOPUPS.c.created_at,
)


@pytest.fixture
async def topup(database: Database, clock: ManualClock) -> int:
    def add(session: Session) -> int:
        return add_topup(session, add_company(session, now=clock.now()), amount_cents=5_000, now=clock.now())

    return await database.write(add)


async def test_rows_are_those_of_sqlalchemy_by_name_and_type(database: Database, topup: int) -> None:
    statement = select(*KINDS).where(TOPUPS.c.id == bindparam("b_id"))

    def both(session: Session) -> None:
        theirs = session.connection().execute(statement, {"b_id": topup}).one()
        ours = Prepared(statement).one(session, {"b_id": topup})
        assert tuple(ours) == tuple(theirs)
        assert (ours.status, ours.amount) == (TopupStatus.SUCCEEDED, 5_000)
        assert [type(cell) for cell in ours] == [type(cell) for cell in theirs]
        assert Prepared(statement).all(session, {"b_id": topup}) == [ours]
        assert Prepared(statement).one(session, {"b_id": 77}) is None

    await database.write(both)


async def test_what_is_written_is_read_again_and_rolled_back_with_its_transaction(
    database: Database, clock: ManualClock, topup: int
) -> None:
    change = Prepared(
        update(TOPUPS)
        .where(TOPUPS.c.id == bindparam("b_id"))
        .values(
            status=bindparam("b_status", type_=TOPUPS.c.status.type),
            metadata=bindparam("b_meta", type_=TOPUPS.c.metadata.type),
            paid_at=bindparam("b_at", type_=TOPUPS.c.paid_at.type),
            currency="USD",
        )
    )

    def write(session: Session) -> None:
        values = {"b_id": topup, "b_status": TopupStatus.FAILED, "b_meta": {"why": ["é"]}, "b_at": None}
        assert change.change(session, values) == 1
        assert change.change(session, {**values, "b_id": 77}) == 0
        row = session.get_one(Topup, topup, populate_existing=True)
        assert (row.status, row.meta, row.paid_at, row.currency) == (TopupStatus.FAILED, {"why": ["é"]}, None, "USD")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.write(write)
    async with database.read() as session:
        assert (await session.get_one(Topup, topup)).status is TopupStatus.SUCCEEDED


async def test_a_broken_constraint_and_a_missing_value_are_errors(database: Database, topup: int) -> None:
    copy = Prepared(insert(TOPUPS).from_select(["id"], select(TOPUPS.c.id).where(TOPUPS.c.id == bindparam("b_id"))))

    with pytest.raises(sqlite3.IntegrityError):
        await database.write(lambda session: copy.change(session, {"b_id": topup}))
    with pytest.raises(KeyError):
        await database.write(lambda session: copy.change(session, {}))
