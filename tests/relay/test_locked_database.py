"""Another process holds the database for longer than a writer waits: it is said so, and nothing is lost."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from relay.api import AdjustBalance, ListEvents, ListLedger, ShowEvent, ShowStatus
from relay.errors import OperationRefused
from tests.support.events import Story, event
from tests.support.relay import PATIENCE_S, RunningRelay, running_relay, until

SOON_S = 0.05


@pytest.fixture
async def relay(empty_database: Path, tmp_path: Path) -> AsyncIterator[RunningRelay]:
    async with running_relay(empty_database, tmp_path / "home", lock_patience_s=SOON_S) as running:
        yield running


@contextmanager
def locked(relay: RunningRelay) -> Iterator[None]:
    """A database tool with an unfinished transaction."""
    with closing(sqlite3.connect(relay.backend.db.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


async def test_deliveries_are_not_acknowledged_and_come_again(relay: RunningRelay) -> None:
    company_id = await relay.company()
    bodies = []
    for number in range(5):
        story = Story(await relay.open_topup(company_id), company_id)
        bodies.append(event("payment_intent.succeeded", story.intent(), event_id=f"evt_{number}"))
    with locked(relay):
        answers = await asyncio.gather(*map(relay.deliver, bodies))
        assert [(answer.status, answer.json["code"]) for answer in answers] == [(503, "busy")] * 5
        assert "another process keeps the database" in answers[0].json["reason"]
        assert answers[0].headers["Retry-After"] == "1"
        assert (await relay.client.call(ListEvents())).total == 0, "reading goes on"
    assert {answer.status for answer in await asyncio.gather(*map(relay.deliver, bodies))} == {200}
    await relay.processed()
    assert (await relay.client.call(ListLedger())).total == 5


async def test_an_operation_is_refused_with_cause_and_remedy(relay: RunningRelay) -> None:
    await relay.company()
    adjust = AdjustBalance(company="acme", money_cents=100, reason="a gift", actor="ada")
    with locked(relay):
        with pytest.raises(OperationRefused) as refused:
            await relay.client.call(adjust)
        assert (refused.value.http_status, refused.value.problem.code) == (503, "database_locked")
        assert str(relay.backend.db.path) in refused.value.problem.message
        assert "unfinished transaction" in (refused.value.problem.remedy or "")
        assert (await relay.client.call(ShowStatus())).version == "1.2.3"
    await relay.client.call(adjust)
    assert (await relay.client.call(ListLedger())).total == 1


async def test_what_was_held_is_released_once_the_database_is_free(
    relay: RunningRelay, caplog: pytest.LogCaptureFixture
) -> None:
    """Test mode comes back on while the file is locked: nobody says it a second time."""
    company_id = await relay.company()
    story = Story(await relay.open_topup(company_id), company_id)
    noticed: asyncio.Queue[bool] = asyncio.Queue()

    async def tried() -> bool:
        return "is not released yet" in caplog.text

    relay.backend.test_mode.on_change(noticed.put_nowait)
    async with asyncio.timeout(PATIENCE_S):
        relay.backend.test_mode.lock_file.unlink()
        assert await noticed.get() is False
        await relay.deliver(event("payment_intent.succeeded", story.intent(), event_id="evt_held"))
        with locked(relay):
            relay.backend.test_mode.lock_file.touch()
            assert await noticed.get() is True
            await until(tried)

    async def booked() -> bool:
        return (await relay.client.call(ListLedger())).total == 1

    await until(booked)
    assert (await relay.client.call(ShowEvent(event="evt_held"))).event.status == "completed"
