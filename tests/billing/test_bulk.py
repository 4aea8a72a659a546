"""Rows written in bulk are, to the byte, the rows that the models write."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import cast

import pytest
from sqlmodel import Session, col, select

from billing.bulk import BulkInsert, stored_json, stored_time
from billing.clock import ManualClock
from billing.db import Database
from billing.dialect import table_of
from billing.models import EventStatus, WebhookEvent

COLUMNS = (
    "event_id",
    "provider",
    "event_type",
    "status",
    "livemode",
    "source",
    "payload",
    "headers",
    "retry_count",
    "stripe_created_at",
    "received_at",
)
TABLE = table_of(WebhookEvent)


def values(event_id: str, now: datetime) -> dict[str, object]:
    return {
        "event_id": event_id,
        "provider": "stripe",
        "event_type": "charge.succeeded",
        "status": EventStatus.PENDING,
        "livemode": True,
        "source": "sandbox",
        "payload": b'{"id": "\xff"}',
        "headers": {"X-Name": "Müller \u2603"},
        "retry_count": 3,
        "stripe_created_at": None,
        "received_at": now,
    }


def in_bulk(row: dict[str, object]) -> tuple[object, ...]:
    """The values of a row in the order of `COLUMNS`, as they are stored."""
    stored = row | {
        "status": EventStatus.PENDING.value,
        "headers": stored_json({"X-Name": "Müller \u2603"}),
        "received_at": stored_time(cast(datetime, row["received_at"])),
    }
    return tuple(stored[name] for name in COLUMNS)


def write_both(session: Session, now: datetime) -> None:
    session.add(WebhookEvent(**values("evt_model", now)))
    session.flush()
    BulkInsert(TABLE, COLUMNS)(session.connection(), [in_bulk(values("evt_bulk", now))])


async def test_a_row_written_in_bulk_is_the_one_that_the_model_writes(database: Database, clock: ManualClock) -> None:
    now = clock.now().astimezone(timezone(timedelta(hours=5, minutes=30))).replace(microsecond=7)
    await database.write(write_both, now)
    async with database.read() as session:
        model, bulk = (await session.exec(select(WebhookEvent).order_by(col(WebhookEvent.id)))).all()
        connection = await session.connection()
        names = "status, livemode, payload, retry_count, stripe_created_at, received_at"
        raw = await connection.exec_driver_sql(f"SELECT {names} FROM webhook_events ORDER BY id")
        stored = raw.all()
    assert stored[0] == stored[1]
    assert model.model_dump(exclude={"id", "event_id"}) == bulk.model_dump(exclude={"id", "event_id"})


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        stored_time(datetime(2026, 11, 2))


async def test_what_is_there_already_is_left_as_it_is(database: Database, clock: ManualClock) -> None:
    insert = BulkInsert(TABLE, COLUMNS, otherwise="ON CONFLICT (event_id) DO NOTHING")
    first = values("evt_1", clock.now())
    await database.write(lambda session: insert(session.connection(), [in_bulk(first)]))
    await database.write(lambda session: insert(session.connection(), [in_bulk({**first, "source": "other"})]))
    async with database.read() as session:
        rows = (await session.exec(select(WebhookEvent))).all()
    assert [row.source for row in rows] == ["sandbox"]
