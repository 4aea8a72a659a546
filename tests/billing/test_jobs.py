"""Jobs: one pending per key, and gone with the transaction that asked for them."""

from __future__ import annotations

import pytest
from sqlmodel import Session, select

from billing.clock import ManualClock
from billing.db import Database
from billing.jobs import enqueue
from billing.models import Job, JobStatus
from tests.support.billing import pending_jobs


def ask(session: Session, clock: ManualClock, key: str = "settle:1") -> bool:
    return enqueue(session, kind="settle_topup", key=key, payload={"topup_id": 1}, run_at=clock.now())


async def test_a_key_is_pending_once(database: Database, clock: ManualClock) -> None:
    assert await database.write(ask, clock)
    assert not await database.write(ask, clock)
    assert await database.write(ask, clock, "settle:2")
    assert await pending_jobs(database, "settle_topup") == [{"topup_id": 1}, {"topup_id": 1}]


async def test_a_key_is_free_again_when_its_job_is_done(database: Database, clock: ManualClock) -> None:
    await database.write(ask, clock)

    def finish(session: Session) -> None:
        session.exec(select(Job)).one().status = JobStatus.DONE

    await database.write(finish)
    assert await database.write(ask, clock)


async def test_a_job_is_not_kept_when_its_cause_is_undone(database: Database, clock: ManualClock) -> None:
    def ask_and_fail(session: Session) -> None:
        ask(session, clock)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.write(ask_and_fail)
    assert await pending_jobs(database, "settle_topup") == []
