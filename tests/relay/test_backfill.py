"""Events that did not come by themselves: noticed, fetched, marked, and never booked twice."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from billing.errors import GatewayUnavailable, Refused
from relay.api import CheckLedger, ListDeliveries, ListEvents, ListLedger, ShowDelivery, ShowEvent, ShowStatus
from relay.backfill import EventsWatch
from relay.backfill.events_api import EventsPage, FetchedEvent
from relay.backfill.watch import POLLING, Pace
from tests.support.events import Story, event
from tests.support.relay import RunningRelay, until

CUSTOMER = {"id": "cus_1", "object": "customer"}
AT_ONCE = Pace(every_s=0.01, grace_s=0.0)
PATIENT = Pace(every_s=0.01, grace_s=60.0)


@dataclass
class Stripe:
    """The events of an account, in the order in which they were made; answers in pages as Stripe does."""

    now: datetime
    made: list[FetchedEvent] = field(default_factory=list)
    is_down: bool = False
    refuses: bool = False
    asked: int = 0

    def make(self, body: bytes, *, age: timedelta = timedelta(0)) -> bytes:
        created = int((self.now - age).timestamp())
        event_ = json.loads(body) | {"created": created}
        body = json.dumps(event_).encode()
        self.made.append(FetchedEvent(event_["id"], self.now - age, body))
        return body

    async def page(self, *, since: datetime | None, starting_after: str | None = None, limit: int = 100) -> EventsPage:
        self.asked += 1
        if self.is_down:
            raise GatewayUnavailable("nobody answers at http://stripe")
        if self.refuses:
            raise Refused("this key cannot list events", remedy="Start with --no-backfill.")
        found = [each for each in reversed(self.made) if since is None or each.created_at >= since]
        if starting_after is not None:
            ids = [each.event_id for each in found]
            found = found[ids.index(starting_after) + 1 :]
        return EventsPage(tuple(found[:limit]), len(found) > limit, self.now)

    async def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
async def stripe(relay: RunningRelay) -> Stripe:
    return Stripe(relay.clock.now())


async def watch(relay: RunningRelay, stripe: Stripe, *, polls: bool = False, pace: Pace = AT_ONCE) -> EventsWatch:
    watching = EventsWatch(relay.backend, stripe, polls=polls, pace=pace)
    await watching.begin()
    return watching


async def events_api(relay: RunningRelay) -> tuple[str, str]:
    """State and detail of the watch, as the status tells them."""
    upstreams = (await relay.client.call(ShowStatus())).upstreams
    return next((each.state, each.detail) for each in upstreams if each.name == "events_api")


async def ids(relay: RunningRelay) -> list[str]:
    """Of all events in the inbox, in the order in which they came in."""
    return [row.event_id for row in reversed((await relay.client.call(ListEvents(limit=1000))).rows)]


async def test_what_was_there_before_the_first_look_was_never_ours(relay: RunningRelay, stripe: Stripe) -> None:
    stripe.make(event("customer.created", CUSTOMER, event_id="evt_history"))
    watching = await watch(relay, stripe)
    stripe.make(event("customer.created", CUSTOMER, event_id="evt_new"))
    await watching.beat()
    assert await ids(relay) == ["evt_new"]
    again = await watch(relay, stripe)
    await again.beat()
    assert await ids(relay) == ["evt_new"]


async def test_a_missed_event_is_fetched_and_marked(relay: RunningRelay, stripe: Stripe) -> None:
    watching = await watch(relay, stripe)
    await watching.beat()
    assert (await events_api(relay))[0] == "connected"
    body = stripe.make(event("customer.created", CUSTOMER, event_id="evt_missed"))
    await watching.beat()
    detail = await relay.client.call(ShowEvent(event="evt_missed"))
    assert (detail.event.source, detail.payload.encode()) == ("backfill", body)
    (delivery,) = detail.deliveries
    assert (delivery.verdict, delivery.source, delivery.secret_label) == ("accepted", "backfill", None)
    assert "needs no signature" in delivery.reason
    state, why = await events_api(relay)
    assert (state, why) == ("silent", "1 event did not arrive by webhook lately and came from the Events API instead")


async def test_an_event_may_be_on_its_way_for_a_while(relay: RunningRelay, stripe: Stripe) -> None:
    watching = await watch(relay, stripe, pace=PATIENT)
    body = stripe.make(event("customer.created", CUSTOMER, event_id="evt_slow"))
    await watching.beat()
    assert await ids(relay) == []
    await relay.deliver(body)
    stripe.now += timedelta(minutes=5)
    await watching.beat()
    assert [row.source for row in (await relay.client.call(ListDeliveries())).rows] == ["sandbox"]
    assert (await events_api(relay))[0] == "connected"


async def test_by_stripes_own_clock_an_old_event_is_not_on_its_way(relay: RunningRelay, stripe: Stripe) -> None:
    watching = await watch(relay, stripe, pace=PATIENT)
    stripe.make(event("customer.created", CUSTOMER, event_id="evt_old"))
    await watching.beat()
    stripe.now += timedelta(minutes=5)
    await watching.beat()
    assert await ids(relay) == ["evt_old"]


@pytest.mark.parametrize("first", ["webhook", "backfill", "both at once"])
async def test_a_backfilled_event_and_a_late_delivery_of_it_have_one_effect(
    relay: RunningRelay, stripe: Stripe, first: str
) -> None:
    company_id = await relay.company()
    story = Story(await relay.open_topup(company_id), company_id)
    watching = await watch(relay, stripe)
    body = stripe.make(event("payment_intent.succeeded", story.intent(), event_id="evt_paid"))
    match first:
        case "webhook":
            await relay.deliver(body)
            await watching.beat()
        case "backfill":
            await watching.beat()
            late = await relay.deliver(body)
            assert late.json["status"] == "duplicate"
            detail = await relay.client.call(ShowDelivery(delivery=late.json["delivery"]))
            assert detail.first_delivery == late.json["delivery"] - 1
        case _:
            await asyncio.gather(watching.beat(), *(relay.deliver(body) for _ in range(20)))

    async def booked() -> bool:
        return (await relay.client.call(ShowEvent(event="evt_paid"))).event.status == "completed"

    await until(booked)
    assert [row.money_cents for row in (await relay.client.call(ListLedger())).rows] == [5_000]
    assert (await relay.client.call(CheckLedger(stripe=False))).ok


async def test_a_long_gap_is_fetched_oldest_first_over_many_pages(relay: RunningRelay, stripe: Stripe) -> None:
    watching = EventsWatch(relay.backend, stripe, pace=AT_ONCE, held_bytes_max=20_000)
    await watching.begin()
    await watching.beat()
    for number in range(250):
        stripe.now += timedelta(seconds=30)
        stripe.make(event("customer.created", CUSTOMER, event_id=f"evt_{number:03}"))
    rounds = 1
    while await watching.beat():
        rounds += 1
    assert rounds > 2, "more than one round holds"
    assert await ids(relay) == [f"evt_{number:03}" for number in range(250)]
    asked = stripe.asked
    await watching.beat()
    assert stripe.asked == asked + 1, "what is known is not read again"
    assert (await relay.client.call(ListDeliveries())).total == 250


async def test_a_gap_is_closed_by_the_next_server(relay: RunningRelay, stripe: Stripe) -> None:
    watching = await watch(relay, stripe)
    stripe.make(event("customer.created", CUSTOMER, event_id="evt_1"))
    await watching.beat()
    await watching.stop()
    for number in (2, 3, 4):
        stripe.now += timedelta(hours=1)
        stripe.make(event("customer.created", CUSTOMER, event_id=f"evt_{number}"))
    await (await watch(relay, stripe, pace=PATIENT)).beat()
    assert await ids(relay) == ["evt_1", "evt_2", "evt_3"], "the newest may still be on its way"


async def test_a_stripe_that_is_down_is_said_to_be_and_comes_back(relay: RunningRelay, stripe: Stripe) -> None:
    watching = await watch(relay, stripe)
    await watching.beat()
    stripe.is_down = True
    await watching.beat()
    state, why = await events_api(relay)
    assert state == "down"
    assert why.startswith("nobody answers at http://stripe; asked again every")
    stripe.make(event("customer.created", CUSTOMER, event_id="evt_meanwhile"))
    stripe.is_down = False
    await watching.beat()
    assert await ids(relay) == ["evt_meanwhile"]


async def test_a_stripe_that_does_not_tell_its_events_is_not_called_down(relay: RunningRelay, stripe: Stripe) -> None:
    stripe.refuses = True
    watching = await watch(relay, stripe)
    await watching.beat()
    state, why = await events_api(relay)
    assert state == "off"
    assert "--no-backfill" in why


async def test_polling_needs_no_delivery_and_calls_nothing_missed(relay: RunningRelay, stripe: Stripe) -> None:
    watching = await watch(relay, stripe, polls=True, pace=POLLING)
    company_id = await relay.company()
    story = Story(await relay.open_topup(company_id), company_id)
    stripe.make(event("payment_intent.succeeded", story.intent(), event_id="evt_paid"))
    await watching.beat()
    await relay.processed()
    assert (await relay.client.call(ShowEvent(event="evt_paid"))).event.source == "poll"
    assert (await relay.client.call(ListLedger())).total == 1
    assert (await events_api(relay))[0] == "connected"


async def test_rejected_deliveries_are_named_as_the_reason(relay: RunningRelay, stripe: Stripe) -> None:
    watching = await watch(relay, stripe)
    body = stripe.make(event("customer.created", CUSTOMER, event_id="evt_refused"))
    assert (await relay.deliver(body, relay.signed(body, secret="whsec_wrong"))).status == 400
    await watching.beat()
    assert "1 event was rejected at the webhook" in (await events_api(relay))[1]
    assert await ids(relay) == ["evt_refused"]


@pytest.mark.parametrize("source", ["backfill", "poll"])
async def test_no_outsider_can_claim_to_be_the_events_api(relay: RunningRelay, source: str) -> None:
    body = event("customer.created", CUSTOMER, event_id="evt_claims")
    claim = {"X-Devconsole-Source": source}
    assert (await relay.deliver(body, claim)).status == 400, "without a signature nothing gets in"
    await relay.deliver(body, {**relay.signed(body, secret=relay.backend.secrets.local), **claim})
    sources = {row.source for row in (await relay.client.call(ListDeliveries())).rows}
    assert sources == {"unknown", "trigger"}


async def test_while_test_mode_is_off_what_is_fetched_is_held(relay: RunningRelay, stripe: Stripe) -> None:
    watching = await watch(relay, stripe)
    relay.backend.test_mode.switch(on=False)
    stripe.make(event("customer.created", CUSTOMER, event_id="evt_held"))
    await watching.beat()
    assert (await relay.client.call(ShowEvent(event="evt_held"))).event.status == "held"


async def test_the_clocks_are_compared_on_the_way(relay: RunningRelay, stripe: Stripe) -> None:
    watching = await watch(relay, stripe)
    stripe.now -= timedelta(seconds=400)
    await watching.beat()
    assert relay.backend.clock_ahead_s == 400
    body = event("customer.created", CUSTOMER)
    assert (await relay.deliver(body, relay.signed(body, age_s=401))).json["cause"] == "clock_ahead"
