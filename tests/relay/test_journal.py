"""Group commit: many arrivals, few commits, nobody answered before it is on disk, a bounded queue."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import msgspec
import pytest
from sqlmodel import func, select

from billing.clock import ManualClock
from billing.db import Database
from billing.inbox import Arrival, Stored
from billing.models import WebhookDelivery, WebhookEvent
from relay.journal import BUSY_BATCH, Journal, JournalFull
from tests.support.events import arrival, event
from tests.support.relay import Gate, until


def an_arrival(number: int, clock: ManualClock) -> Arrival:
    body = event("customer.created", {"id": "cus_1", "object": "customer"}, event_id=f"evt_{number}")
    return arrival(body, now=clock.now())


async def stored_events(database: Database) -> int:
    async with database.read() as session:
        return (await session.exec(select(func.count()).select_from(WebhookEvent))).one()


async def test_what_comes_while_one_commit_runs_shares_the_next(database: Database, clock: ManualClock) -> None:
    journal = Journal(database)
    commits = 0

    def committed(_changes: object) -> None:
        nonlocal commits
        commits += 1

    database.on_commit(committed)
    gate = Gate(database)
    await gate.closed()
    answers = [
        asyncio.ensure_future(journal.store(an_arrival(number, clock), started=time.perf_counter()))
        for number in range(100)
    ]
    await asyncio.sleep(0)
    assert journal.depth == 100
    assert await stored_events(database) == 0
    assert not any(answer.done() for answer in answers)
    await gate.open()
    stored = await asyncio.gather(*answers)
    assert [answer.status for answer in stored] == ["accepted"] * 100
    assert await stored_events(database) == 100
    assert commits == 1
    assert journal.depth == 0


async def test_a_full_queue_refuses_at_once_and_takes_again_when_it_has_room(
    database: Database, clock: ManualClock
) -> None:
    journal = Journal(database, waiting_max=3)
    gate = Gate(database)
    await gate.closed()
    taken = [
        asyncio.ensure_future(journal.store(an_arrival(number, clock), started=time.perf_counter()))
        for number in range(3)
    ]
    await asyncio.sleep(0)
    with pytest.raises(JournalFull):
        await journal.store(an_arrival(4, clock), started=time.perf_counter())
    await gate.open()
    await asyncio.gather(*taken)
    stored = await journal.store(an_arrival(4, clock), started=time.perf_counter())
    assert stored.status == "accepted"
    assert await stored_events(database) == 4


async def test_one_arrival_that_cannot_be_stored_does_not_take_the_others_with_it(
    database: Database, clock: ManualClock
) -> None:
    journal = Journal(database)
    gate = Gate(database)
    await gate.closed()
    no_json: Any = {"X": object()}
    poisonous = msgspec.structs.replace(an_arrival(0, clock), headers=no_json)
    arrivals = [an_arrival(1, clock), poisonous, an_arrival(2, clock)]
    answers = [asyncio.ensure_future(journal.store(each, started=time.perf_counter())) for each in arrivals]
    await asyncio.sleep(0)
    await gate.open()
    results = await asyncio.gather(*answers, return_exceptions=True)
    assert [isinstance(result, Stored) for result in results] == [True, False, True]
    assert await stored_events(database) == 2


async def test_a_sender_that_hung_up_does_not_stop_the_rest(database: Database, clock: ManualClock) -> None:
    journal = Journal(database)
    gate = Gate(database)
    await gate.closed()
    gone = asyncio.ensure_future(journal.store(an_arrival(1, clock), started=time.perf_counter()))
    stays = asyncio.ensure_future(journal.store(an_arrival(2, clock), started=time.perf_counter()))
    await asyncio.sleep(0)
    gone.cancel()
    await gate.open()
    assert (await stays).status == "accepted"
    await journal.drain()
    assert await stored_events(database) == 2


async def test_the_latency_that_is_kept_includes_the_time_in_the_queue(database: Database, clock: ManualClock) -> None:
    journal = Journal(database)
    waited_s = 0.25
    stored = await journal.store(an_arrival(1, clock), started=time.perf_counter() - waited_s)
    async with database.read() as session:
        delivery = await session.get(WebhookDelivery, stored.delivery_id)
    assert delivery is not None
    assert delivery.latency_us >= waited_s * 1_000_000


async def test_a_large_commit_is_a_flood_for_a_moment(database: Database, clock: ManualClock) -> None:
    journal = Journal(database)
    await journal.store(an_arrival(0, clock), started=time.perf_counter())
    assert not journal.is_flooded
    gate = Gate(database)
    await gate.closed()
    arrivals = [an_arrival(number, clock) for number in range(1, BUSY_BATCH + 1)]
    answers = [asyncio.ensure_future(journal.store(each, started=time.perf_counter())) for each in arrivals]
    await asyncio.sleep(0)
    await gate.open()
    await asyncio.gather(*answers)
    assert journal.is_flooded

    async def calm() -> bool:
        return not journal.is_flooded

    await until(calm)
