"""Finding events: every way of searching gives what reading each event by hand gives."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from relay.api import ListEvents
from relay.errors import OperationRefused
from relay.filtering.language import All, Any_, Filter, Not, Text
from relay.filtering.matching import matches
from relay.filtering.parser import parse
from relay.filtering.words import contains
from relay.pruning import delete_events
from relay.search import finder, text_index
from relay.search.finder import Finder
from relay.search.text_index import TextIndex
from relay.views import events
from tests.support.events import Story, event
from tests.support.relay import RunningRelay, running_relay

WORDS = ("insufficient funds", "expired", "zanzibar", "thank you")
FILTERS = (
    "", "completed", "status:unmatched,ignored", "-ignored", "company:acme", "company:none", "type:charge.*",
    "type:*succeeded", "amount>=51", "amount:50.01..50.03", "-amount>51", "source:sandbox", "source:replay",
    'text:"insufficient funds"', "zanzibar", "text:zanz*", "-zanzibar company:none", "zanzibar OR expired",
    "(zanzibar OR amount>=52) -type:customer.*", "age<1h", "age>1h", "received:today zanzibar", "id:3", "id:evt_f_*",
    "acme zanzibar", "NOT (zanzibar OR ignored)", "expired AND (unmatched OR completed) amount<100", "mark:*",
)  # fmt: skip


async def filled(relay: RunningRelay, count: int = 24, *, payments: bool = True) -> None:
    """Events of several types, owners and texts, half of them payments."""
    company = await relay.company()
    for number in range(count):
        name, words = f"evt_f_{number:03d}", WORDS[number % len(WORDS)]
        if number % 2 and payments:
            topup = await relay.open_topup(company, amount_cents=5_000 + number * 10) if number % 4 == 1 else None
            story = Story(topup, company, amount_cents=5_000 + number * 10, metadata=None if topup else {})
            body = event("payment_intent.succeeded", story.intent(description=words), event_id=name)
        else:
            body = event(
                "customer.created", {"id": f"cus_{number}", "object": "customer", "name": words}, event_id=name
            )
        await relay.deliver(body)
    await relay.processed()


async def by_hand(relay: RunningRelay, wanted: Filter) -> list[int]:
    """What matches, by reading every line and every body."""
    async with relay.backend.db.read() as session:
        rows = await events.events(session)
        connection = await session.connection()
        found = await connection.exec_driver_sql("SELECT id, payload FROM webhook_events")
        bodies: dict[int, bytes] = dict(tuple(row) for row in found)
    return [row.id for row in rows if _holds(wanted, row, bodies[row.id])]


def _holds(wanted: Filter, row: Any, body: bytes) -> bool:
    match wanted:
        case Text():
            return contains(body, wanted.words, wanted.open_end)
        case Not(filter=inner):
            return not _holds(inner, row, body)
        case All(filters=filters):
            return all(_holds(part, row, body) for part in filters)
        case Any_(filters=filters):
            return any(_holds(part, row, body) for part in filters)
    return bool(matches(wanted, row))


def index_all(index: TextIndex) -> None:
    while index.catch_up():
        pass


@pytest.mark.parametrize("few", [0, 3, 5_000])
@pytest.mark.parametrize("indexed", ["all", "half", "none"])
async def test_every_way_of_searching_finds_the_same(
    relay: RunningRelay, monkeypatch: pytest.MonkeyPatch, few: int, indexed: str
) -> None:
    monkeypatch.setattr(finder, "FEW", few)
    monkeypatch.setattr(finder, "WINDOW", 4)
    await relay.backend.text_index.stop()
    await filled(relay, 8 if indexed == "half" else 24)
    if indexed != "none":
        index_all(relay.backend.text_index)
    if indexed == "half":
        for number in range(8, 12):
            body = {"id": f"cus_{number}", "object": "customer", "name": WORDS[number % 4]}
            await relay.deliver(event("customer.created", body, event_id=f"evt_f_{number:03d}"))
        await relay.processed()
    for text in FILTERS:
        wanted = parse(text, now=relay.backend.clock.now())
        expected = await by_hand(relay, wanted)
        found = await relay.backend.finder.find(wanted)
        assert list(found.ids) == expected, text
        assert (found.more, found.unsearched) == (False, 0)
        some = await relay.backend.finder.find(wanted, after=5, before=20, at_most=3)
        assert list(some.ids) == [id_ for id_ in expected if 5 < id_ < 20][:3], text


async def test_what_arrives_is_indexed_by_itself_and_found_before_it_is(relay: RunningRelay) -> None:
    await filled(relay, 4)
    assert (await relay.client.call(ListEvents(filter="zanzibar"))).total == 1
    index = relay.backend.text_index
    for _ in range(200):
        with closing(sqlite3.connect(index.path)) as connection:
            if connection.execute("SELECT indexed_to FROM state").fetchone() == (4,):
                break
        await relay.processed()
    assert index.catch_up() == 0
    assert (await relay.client.call(ListEvents(filter="zanzibar"))).total == 1


async def test_the_index_survives_a_restart_and_is_made_anew_for_another_inbox(
    empty_database: Path, tmp_path: Path
) -> None:
    async with running_relay(empty_database, tmp_path / "home") as relay:
        await filled(relay, 4)
        path = relay.backend.text_index.path
        index_all(relay.backend.text_index)
    async with running_relay(empty_database, tmp_path / "home") as relay:
        assert (await relay.client.call(ListEvents(filter="zanzibar"))).total == 1
        assert relay.backend.text_index.catch_up() == 0
    for damage in (b"", b"SQLite format 3\0" + b"\xff" * 4_000):
        path.write_bytes(damage)
        async with running_relay(empty_database, tmp_path / "home") as relay:
            assert (await relay.client.call(ListEvents(filter="zanzibar"))).total == 1
            index_all(relay.backend.text_index)
            assert (await relay.client.call(ListEvents(filter="zanzibar"))).total == 1
    async with running_relay(empty_database, tmp_path / "other") as other:
        await filled(other, 2)
    path.replace(tmp_path / "other" / path.name)
    async with running_relay(empty_database, tmp_path / "other") as other:
        assert (await other.client.call(ListEvents(filter="zanzibar"))).total == 0


async def test_what_was_pruned_is_not_found_and_leaves_the_index_in_time(
    relay: RunningRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_index, "STALE_MIN", 1)
    await relay.backend.text_index.stop()
    await filled(relay, 8, payments=False)
    index = relay.backend.text_index
    index_all(index)
    assert not index.sweep()
    await relay.backend.db.write(delete_events, range(1, 7))
    assert (await relay.client.call(ListEvents(filter="zanzibar"))).total == 1
    assert index.sweep()
    index_all(index)
    with closing(sqlite3.connect(index.path)) as connection:
        assert connection.execute("SELECT bodies, indexed_to FROM state").fetchone() == (2, 8)
    assert [row.id for row in (await relay.client.call(ListEvents(filter="zanzibar"))).rows] == [7]


async def test_while_an_index_is_made_the_newest_bodies_are_read_and_the_others_counted(
    relay: RunningRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finder, "UNINDEXED_MAX", 5)
    await relay.backend.text_index.stop()
    await filled(relay, 8)
    page = await relay.client.call(ListEvents(filter="zanzibar"))
    assert ([row.id for row in page.rows], page.unsearched) == ([7], 3)
    assert (await relay.client.call(ListEvents(filter="completed"))).unsearched == 0


async def test_matches_are_counted_up_to_a_bound(relay: RunningRelay, monkeypatch: pytest.MonkeyPatch) -> None:
    await filled(relay, 8)
    monkeypatch.setattr("relay.operations.events.TOTAL_MAX", 3)
    page = await relay.client.call(ListEvents(filter="type:*", limit=2))
    assert ([row.id for row in page.rows], page.total, page.more) == ([8, 7], 3, True)
    older = await relay.client.call(ListEvents(filter="type:*", limit=2, before=7))
    assert [row.id for row in older.rows] == [6, 5]


async def test_a_filter_that_cannot_be_read_is_refused_with_its_place(relay: RunningRelay) -> None:
    with pytest.raises(OperationRefused, match=r'no status "faild" \(at character 8\)') as refused:
        await relay.client.call(ListEvents(filter="status:faild"))
    assert refused.value.problem.code == "filter_invalid"
    assert (refused.value.problem.remedy or "").startswith("One of pending, held")


async def test_the_searching_connections_cannot_write(relay: RunningRelay) -> None:
    searching = Finder(relay.backend.text_index)
    engine = searching._opened()
    with engine.connect() as connection, pytest.raises(Exception, match="readonly"):
        connection.exec_driver_sql("DELETE FROM search.state")
    await searching.close()
