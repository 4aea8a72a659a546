"""The live feed without HTTP: order, resuming, dropping who cannot keep up, and standing a storm."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import msgspec
import pytest

from billing.changes import Kind
from billing.clock import ManualClock
from relay.api import FeedItem, FeedKind, Problem
from relay.feed import CLIENT_CHUNKS_MAX, RING_MAX, Feed, Loaded, Subscription
from tests.support.relay import PATIENCE_S, until


def item_for(kind: Kind, row_id: int) -> Loaded:
    return FeedKind(kind.value), Problem(code=f"{kind}_{row_id}", message="any view will do")


class Rows:
    """Stands for the database: remembers what was asked for."""

    def __init__(self) -> None:
        self.loads: list[Mapping[Kind, Sequence[int]]] = []

    async def load(self, changes: Mapping[Kind, Sequence[int]]) -> Sequence[Loaded]:
        self.loads.append(changes)
        return [item_for(kind, row_id) for kind, ids in changes.items() for row_id in ids]


@pytest.fixture
def rows() -> Rows:
    return Rows()


@pytest.fixture
async def feed(rows: Rows, clock: ManualClock) -> AsyncIterator[Feed]:
    feed = Feed(load=rows.load, clock=clock)
    feed.start()
    yield feed
    await feed.stop()


def decoded(lines: bytes) -> list[FeedItem]:
    return [msgspec.json.decode(line, type=FeedItem) for line in lines.splitlines()]


def hello_of(client: Subscription) -> FeedItem:
    return decoded(client.hello)[0]


async def items(client: Subscription, count: int) -> list[FeedItem]:
    found: list[FeedItem] = []
    async with asyncio.timeout(PATIENCE_S):
        while len(found) < count:
            lines = await client.next()
            assert lines is not None, "the stream ended"
            found.extend(decoded(lines))
    return found


def codes(found: Sequence[FeedItem]) -> list[str]:
    return [msgspec.json.decode(item.row, type=dict[str, Any])["code"] for item in found]


async def test_items_are_numbered_without_gaps_and_each_row_comes_once_a_flush(feed: Feed) -> None:
    client = feed.subscribe(None)
    feed.changed({Kind.EVENT: [1, 2]})
    feed.changed({Kind.EVENT: [1], Kind.BALANCE: [7]})
    found = await items(client, 3)
    assert codes(found) == ["event_1", "event_2", "balance_7"]
    assert [item.seq for item in found] == [1, 2, 3]
    assert {item.epoch for item in found} == {feed.epoch}


async def test_a_client_resumes_after_its_last_number_and_misses_nothing(feed: Feed) -> None:
    first = feed.subscribe(None)
    feed.publish([item_for(Kind.EVENT, 1)])
    feed.publish([item_for(Kind.EVENT, 2)])
    seen = await items(first, 2)
    feed.unsubscribe(first)
    feed.publish([item_for(Kind.EVENT, 3), item_for(Kind.EVENT, 4)])
    again = feed.subscribe(f"{feed.epoch}:{seen[0].seq}")
    assert hello_of(again).resumed is True
    assert codes(await items(again, 3)) == ["event_2", "event_3", "event_4"]


async def test_resuming_where_nothing_happened_since_sends_nothing_old(feed: Feed) -> None:
    feed.publish([item_for(Kind.EVENT, 1)])
    client = feed.subscribe(f"{feed.epoch}:1")
    assert hello_of(client).resumed is True
    feed.publish([item_for(Kind.EVENT, 2)])
    assert codes(await items(client, 1)) == ["event_2"]


@pytest.mark.parametrize("after", [None, "", "other:1", "{epoch}:0", "{epoch}:99999999", "{epoch}:-1", "{epoch}:x"])
async def test_a_client_that_missed_something_is_told_to_reload(feed: Feed, after: str | None) -> None:
    for number in range(RING_MAX + 1):
        feed.publish([item_for(Kind.EVENT, number)])
    client = feed.subscribe(after and after.format(epoch=feed.epoch))
    hello = hello_of(client)
    assert hello.resumed is False
    assert hello.seq == RING_MAX + 1


async def test_the_oldest_number_that_can_be_resumed_is_the_one_before_the_ring(feed: Feed) -> None:
    for number in range(RING_MAX + 1):
        feed.publish([item_for(Kind.EVENT, number)])
    client = feed.subscribe(f"{feed.epoch}:1")
    assert hello_of(client).resumed is True
    assert len(await items(client, RING_MAX)) == RING_MAX


async def test_a_client_that_does_not_read_is_dropped_and_the_others_are_not(feed: Feed) -> None:
    dropped = asyncio.Event()
    stuck, reader = feed.subscribe(None), feed.subscribe(None)
    stuck.on_drop = dropped.set
    for number in range(CLIENT_CHUNKS_MAX + 1):
        feed.publish([item_for(Kind.EVENT, number)])
        await items(reader, 1)
    assert dropped.is_set()
    assert await stuck.next() is None
    assert feed.clients == 1


async def test_clients_share_the_same_bytes(feed: Feed) -> None:
    one, other = feed.subscribe(None), feed.subscribe(None)
    feed.publish([item_for(Kind.EVENT, 1)])
    assert await one.next() is await other.next()


async def test_a_storm_is_loaded_in_few_queries(feed: Feed, rows: Rows) -> None:
    client = feed.subscribe(None)
    for number in range(1_000):
        feed.changed({Kind.EVENT: [number], Kind.BALANCE: [1]})
    found = await items(client, 1_001)
    assert len(rows.loads) == 1
    assert codes(found).count("balance_1") == 1


async def test_a_failing_load_makes_clients_reload_and_the_feed_goes_on(clock: ManualClock) -> None:
    healthy = Rows()
    failures = [RuntimeError("disk gone")]

    async def load(changes: Mapping[Kind, Sequence[int]]) -> Sequence[Loaded]:
        if failures:
            raise failures.pop()
        return await healthy.load(changes)

    feed = Feed(load=load, clock=clock)
    feed.start()
    client = feed.subscribe(None)
    before = f"{feed.epoch}:{client.last_seq}"
    feed.changed({Kind.EVENT: [1]})
    async with asyncio.timeout(PATIENCE_S):
        assert await client.next() is None
    again = feed.subscribe(before)
    assert hello_of(again).resumed is False
    feed.changed({Kind.EVENT: [2]})
    assert codes(await items(again, 1)) == ["event_2"]
    await feed.stop()


async def test_nothing_is_loaded_before_the_first_client_came(feed: Feed, rows: Rows) -> None:
    before = feed.seq
    feed.changed({Kind.EVENT: [1]})

    async def flushed() -> bool:
        return feed.seq > before

    await until(flushed)
    assert rows.loads == []
    assert hello_of(feed.subscribe(f"{feed.epoch}:{before}")).resumed is False


async def test_ending_the_streams_ends_each_of_them(feed: Feed) -> None:
    client = feed.subscribe(None)
    feed.publish([item_for(Kind.EVENT, 1)])
    feed.end_streams()
    assert codes(await items(client, 1)) == ["event_1"]
    assert await client.next() is None
    late = feed.subscribe(None)
    assert await late.next() is None
