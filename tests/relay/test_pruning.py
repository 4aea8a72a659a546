"""Pruning: old and surplus events go, never what is unprocessed, in trouble, or behind a ledger row."""

from __future__ import annotations

from datetime import timedelta

from relay.api import CheckLedger, ListDeliveries, ListEvents, ListLedger
from relay.pruning import AGE, Bounds, Pruner
from tests.support.events import Story, event
from tests.support.relay import RunningRelay


def pruner(relay: RunningRelay, **bounds: int) -> Pruner:
    return Pruner(relay.backend.db, clock=relay.clock, bounds=Bounds(**bounds))  # type: ignore[arg-type]


async def deliver_ignored(relay: RunningRelay, number: int) -> None:
    await relay.deliver(event("customer.created", {"id": "cus_1", "object": "customer"}, event_id=f"evt_{number}"))


async def events_left(relay: RunningRelay) -> set[str]:
    return {row.event_id for row in (await relay.client.call(ListEvents())).rows}


async def test_what_is_old_goes_unless_somebody_may_need_it(relay: RunningRelay) -> None:
    company_id = await relay.company()
    paid = Story(await relay.open_topup(company_id), company_id)
    stranger = Story(None, company_id, metadata={})
    await deliver_ignored(relay, 1)
    await relay.deliver(event("payment_intent.succeeded", paid.intent(), event_id="evt_paid"))
    await relay.deliver(event("payment_intent.succeeded", stranger.intent(), event_id="evt_unmatched"))
    await relay.deliver(b"rejected", {})
    await relay.processed()
    assert await pruner(relay).prune() == 0
    relay.clock.advance(AGE + timedelta(seconds=1))
    await deliver_ignored(relay, 2)
    await relay.processed()
    assert await pruner(relay).prune() == 2
    assert await events_left(relay) == {"evt_paid", "evt_unmatched", "evt_2"}
    assert (await relay.client.call(ListDeliveries(verdict="rejected"))).total == 0
    assert (await relay.client.call(ListLedger())).total == 1
    assert (await relay.client.call(CheckLedger(stripe=False))).ok


async def test_what_is_held_outlives_any_age(relay: RunningRelay) -> None:
    relay.backend.test_mode.switch(on=False)
    await deliver_ignored(relay, 1)
    relay.clock.advance(2 * AGE)
    assert await pruner(relay).prune() == 0
    assert await events_left(relay) == {"evt_1"}


async def test_of_too_many_the_oldest_go(relay: RunningRelay) -> None:
    for number in range(5):
        await deliver_ignored(relay, number)
    await relay.processed()
    assert await pruner(relay, events_max=3).prune() == 2
    assert await events_left(relay) == {"evt_2", "evt_3", "evt_4"}
    assert (await relay.client.call(ListDeliveries())).total == 3


async def test_of_too_many_rejected_deliveries_the_oldest_go(relay: RunningRelay) -> None:
    answers = [await relay.deliver(b"rejected", {}) for _ in range(4)]
    assert {answer.status for answer in answers} == {400}
    assert await pruner(relay, rejected_max=1).prune() == 3
    assert [row.id for row in (await relay.client.call(ListDeliveries())).rows] == [4]
