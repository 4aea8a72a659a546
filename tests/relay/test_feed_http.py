"""The live feed over HTTP: what a change looks like, and a client that comes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from relay.api import (
    AdjustBalance,
    AuditView,
    BalanceView,
    EventView,
    FeedItem,
    FeedKind,
    InvoiceView,
    LedgerView,
    ListAudit,
    ListInvoices,
    ListNotices,
    NoticeView,
    PerformedView,
    ShowBalance,
    ShowEvent,
    SimulateCall,
    StatusView,
    SwitchTestMode,
)
from relay.client import ControlClient
from relay.errors import OperationRefused, RelayError
from tests.support.events import Story, event
from tests.support.relay import PATIENCE_S, RunningRelay


async def next_of(stream: AsyncIterator[FeedItem], *kinds: FeedKind) -> FeedItem:
    async with asyncio.timeout(PATIENCE_S):
        async for item in stream:
            if item.kind in kinds:
                return item
    raise AssertionError("the feed ended")


async def test_an_event_and_what_it_causes_come_as_the_operations_show_them(relay: RunningRelay) -> None:
    company_id = await relay.company()
    story = Story(await relay.open_topup(company_id), company_id)
    stream = relay.client.feed()
    hello = await next_of(stream, FeedKind.HELLO)
    assert hello.resumed is False
    await relay.deliver(event("payment_intent.succeeded", story.intent(), event_id="evt_paid"))
    seen: dict[FeedKind, bytes] = {}
    numbers = [hello.seq]
    effects = {FeedKind.EVENT, FeedKind.DELIVERY, FeedKind.LEDGER, FeedKind.BALANCE, FeedKind.TOPUP}
    while not effects <= set(seen) or b'"balance_cents":5000' not in seen[FeedKind.BALANCE]:
        item = await next_of(stream, *FeedKind)
        seen[item.kind] = bytes(item.row)
        numbers.append(item.seq)
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    await relay.processed()
    ledger = msgspec.json.decode(seen[FeedKind.LEDGER], type=LedgerView)
    assert (ledger.money_cents, ledger.event_id) == (5_000, "evt_paid")
    balance = msgspec.json.decode(seen[FeedKind.BALANCE], type=BalanceView)
    assert balance == await relay.client.call(ShowBalance(company="acme"))
    shown = (await relay.client.call(ShowEvent(event="evt_paid"))).event
    last = msgspec.json.decode(seen[FeedKind.EVENT], type=EventView)
    assert (last.id, last.event_id) == (shown.id, shown.event_id)


async def test_papers_and_what_people_did_come_as_the_operations_show_them(relay: RunningRelay) -> None:
    company_id = await relay.company()
    story = Story(await relay.open_topup(company_id), company_id)
    stream = relay.client.feed()
    await next_of(stream, FeedKind.HELLO)
    await relay.deliver(event("payment_intent.succeeded", story.intent(), event_id="evt_paid"))
    invoice = msgspec.json.decode((await next_of(stream, FeedKind.INVOICE)).row, type=InvoiceView)
    assert (invoice,) == (await relay.client.call(ListInvoices())).rows
    await relay.client.call(AdjustBalance(company="acme", money_cents=-4_500, reason="a correction", actor="Ada"))
    done = msgspec.json.decode((await next_of(stream, FeedKind.OPERATION)).row, type=PerformedView)
    assert (done.name, done.outcome) == ("balances.adjust", "done")
    entry = msgspec.json.decode((await next_of(stream, FeedKind.AUDIT)).row, type=AuditView)
    assert (entry,) == (await relay.client.call(ListAudit())).rows
    while True:  # queued, and then sent
        notice = msgspec.json.decode((await next_of(stream, FeedKind.NOTICE)).row, type=NoticeView)
        if notice.kind == "low_balance" and notice.status == "sent":
            break
    assert notice in (await relay.client.call(ListNotices())).rows


async def test_a_client_resumes_after_the_last_item_that_it_saw(relay: RunningRelay) -> None:
    await relay.company(balance_cents=5_000)
    stream = relay.client.feed()
    await next_of(stream, FeedKind.HELLO)
    await relay.client.call(SimulateCall(company="acme", duration_s=60))
    seen = await next_of(stream, FeedKind.LEDGER)
    await stream.aclose()  # type: ignore[attr-defined]
    await relay.client.call(SimulateCall(company="acme", duration_s=60))
    async with ControlClient(relay.url, relay.backend.token) as other:
        resumed = other.feed(after=f"{seen.epoch}:{seen.seq}")
        hello = await next_of(resumed, FeedKind.HELLO)
        assert (hello.resumed, hello.seq) == (True, seen.seq)
        missed = msgspec.json.decode((await next_of(resumed, FeedKind.LEDGER)).row, type=LedgerView)
        assert missed.id == msgspec.json.decode(seen.row, type=LedgerView).id + 1
        await resumed.aclose()  # type: ignore[attr-defined]


async def test_a_lost_connection_comes_back_by_itself_and_says_so(relay: RunningRelay) -> None:
    await relay.company(balance_cents=5_000)
    lost: list[RelayError] = []
    stream = relay.client.feed(on_lost=lost.append)
    await next_of(stream, FeedKind.HELLO)
    await relay.client.call(SimulateCall(company="acme", duration_s=60))
    await next_of(stream, FeedKind.LEDGER)
    relay.backend.feed.drop_clients()
    hello = await next_of(stream, FeedKind.HELLO)
    assert hello.resumed is True
    assert len(lost) == 1
    await relay.client.call(SimulateCall(company="acme", duration_s=60))
    assert await next_of(stream, FeedKind.LEDGER)


async def test_the_status_is_sent_when_it_has_changed(relay: RunningRelay) -> None:
    stream = relay.client.feed()
    await next_of(stream, FeedKind.HELLO)
    await relay.client.call(SwitchTestMode(on=False))
    status = msgspec.json.decode((await next_of(stream, FeedKind.STATUS)).row, type=StatusView)
    assert not status.test_mode.on


async def test_an_upstream_that_changes_is_news(relay: RunningRelay) -> None:
    stream = relay.client.feed()
    await next_of(stream, FeedKind.HELLO)
    relay.backend.upstreams.report("stripe_cli", state="down", detail="it ended with code 1")
    status = msgspec.json.decode((await next_of(stream, FeedKind.STATUS)).row, type=StatusView)
    assert [(upstream.name, upstream.state) for upstream in status.upstreams] == [("stripe_cli", "down")]


async def test_a_wrong_token_ends_the_stream_with_the_reason(relay: RunningRelay) -> None:
    async with ControlClient(relay.url, "wrong") as client:
        with pytest.raises(OperationRefused, match="token"):
            await anext(client.feed())


async def test_a_storm_of_events_reaches_a_client_complete_and_in_order(relay: RunningRelay) -> None:
    stream = relay.client.feed()
    await next_of(stream, FeedKind.HELLO)
    bodies = [
        event("customer.created", {"id": "cus_1", "object": "customer"}, event_id=f"evt_{number}")
        for number in range(300)
    ]
    sending = asyncio.gather(*(relay.deliver(body) for body in bodies))
    seen: set[str] = set()
    last = 0
    while len(seen) < len(bodies):
        item = await next_of(stream, FeedKind.EVENT)
        assert item.seq > last
        last = item.seq
        seen.add(msgspec.json.decode(item.row, type=EventView).event_id)
    assert {answer.status for answer in await sending} == {200}
