"""How many events there are: exact where counting is quick, and never without the newest."""

from __future__ import annotations

import pytest

from relay.api import ListEvents, ShowStatus
from relay.pruning import delete_events
from relay.views.event_total import EventTotal
from tests.support.events import event
from tests.support.relay import RunningRelay, until


async def deliver(relay: RunningRelay, count: int) -> None:
    for _ in range(count):
        await relay.deliver(event("invoice.paid", {"id": "in_1", "object": "invoice"}))


@pytest.mark.parametrize("quick_s", [60.0, 0.0], ids=["counting is quick", "counting takes long"])
async def test_the_newest_are_always_in_it(relay: RunningRelay, quick_s: float) -> None:
    relay.backend.event_total = EventTotal(quick_s=quick_s)
    for expected in (0, 3, 6):
        page = await relay.client.call(ListEvents(limit=2))
        older = await relay.client.call(ListEvents(before=page.last_id, after=0, limit=2))
        assert (page.total, older.total) == (expected, expected)
        await deliver(relay, 3)


async def test_what_was_pruned_is_not_in_it_where_counting_is_quick(relay: RunningRelay) -> None:
    await deliver(relay, 3)

    async def processed() -> bool:
        return (await relay.client.call(ShowStatus())).events_by_status == {"ignored": 3}

    await until(processed)
    assert (await relay.client.call(ListEvents())).total == 3
    assert await relay.backend.db.write(delete_events, [2]) == 1
    page = await relay.client.call(ListEvents())
    assert (page.total, [row.id for row in page.rows]) == (2, [3, 1])
