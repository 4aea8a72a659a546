"""Replaying and triggering: signed anew, over HTTP, through the same door, processed again, booked once."""

from __future__ import annotations

import pytest

from relay.api import (
    CheckLedger,
    ListDeliveries,
    ListEvents,
    ListLedger,
    ReplayEvents,
    ShowDelivery,
    ShowEvent,
    TriggerEvent,
)
from relay.errors import OperationRefused
from tests.support.events import Story, event
from tests.support.relay import RunningRelay


async def test_replaying_a_completed_event_adds_nothing_and_shows_as_a_duplicate(relay: RunningRelay) -> None:
    company_id = await relay.company()
    story = Story(await relay.open_topup(company_id), company_id)
    body = event("payment_intent.succeeded", story.intent(), event_id="evt_paid")
    await relay.deliver(body)
    await relay.processed()
    page = await relay.client.call(ReplayEvents(events=("evt_paid",)))
    result = page.rows[0]
    assert (result.event_id, result.status_before, result.status_after) == ("evt_paid", "completed", "completed")
    assert result.ledger_ids == ()
    detail = await relay.client.call(ShowEvent(event="evt_paid"))
    assert [(row.source, row.verdict) for row in detail.deliveries] == [
        ("replay", "duplicate"),
        ("sandbox", "accepted"),
    ]
    assert [attempt.number for attempt in detail.attempts] == [1, 2]
    replayed = await relay.client.call(ShowDelivery(delivery=detail.deliveries[0].id))
    assert replayed.body.encode() == body
    assert (await relay.client.call(ListLedger())).total == 1


async def test_an_event_that_found_no_topup_is_booked_by_the_replay_after_it_appeared(relay: RunningRelay) -> None:
    company_id = await relay.company()
    story = Story(1, company_id)
    await relay.deliver(event("payment_intent.succeeded", story.intent(), event_id="evt_early"))
    await relay.processed()
    assert (await relay.client.call(ShowEvent(event="evt_early"))).event.status == "unmatched"
    assert await relay.open_topup(company_id) == 1
    page = await relay.client.call(ReplayEvents(failed=True))
    assert [(row.status_before, row.status_after) for row in page.rows] == [("unmatched", "completed")]
    assert len(page.rows[0].ledger_ids) == 1
    assert (await relay.client.call(CheckLedger())).ok


async def test_failed_selects_what_is_in_trouble_and_nothing_else(relay: RunningRelay) -> None:
    company_id = await relay.company()
    fine = Story(await relay.open_topup(company_id), company_id)
    wrong = Story(await relay.open_topup(company_id, amount_cents=7_000), company_id, amount_cents=1)
    await relay.deliver(event("payment_intent.succeeded", fine.intent(), event_id="evt_fine"))
    await relay.deliver(event("payment_intent.succeeded", wrong.intent(), event_id="evt_wrong_amount"))
    stranger = Story(None, company_id, metadata={})
    await relay.deliver(event("payment_intent.succeeded", stranger.intent(), event_id="evt_stranger"))
    await relay.processed()
    page = await relay.client.call(ReplayEvents(failed=True))
    outcome = {row.event_id: (row.status_before, row.status_after) for row in page.rows}
    assert outcome == {
        "evt_wrong_amount": ("quarantined", "quarantined"),
        "evt_stranger": ("unmatched", "unmatched"),
    }
    assert all(row.reason for row in page.rows)


async def test_an_event_is_replayed_by_its_inbox_number_too_and_only_once(relay: RunningRelay) -> None:
    await relay.deliver(event("customer.created", {"id": "cus_1", "object": "customer"}, event_id="evt_a"))
    await relay.processed()
    page = await relay.client.call(ReplayEvents(events=("1", "evt_a")))
    assert [row.event_id for row in page.rows] == ["evt_a"]
    assert page.total == 1


async def test_a_live_event_stays_where_it_is(relay: RunningRelay) -> None:
    body = event("customer.created", {"id": "cus_1", "object": "customer"}, event_id="evt_live", livemode=True)
    await relay.deliver(body)
    page = await relay.client.call(ReplayEvents(events=("evt_live",)))
    assert [(row.status_before, row.status_after) for row in page.rows] == [("quarantined", "quarantined")]


async def test_an_unknown_event_is_refused_by_name_before_anything_is_sent(relay: RunningRelay) -> None:
    await relay.deliver(event("customer.created", {"id": "cus_1", "object": "customer"}, event_id="evt_a"))
    with pytest.raises(OperationRefused, match="evt_nobody"):
        await relay.client.call(ReplayEvents(events=("evt_a", "evt_nobody")))
    assert (await relay.client.call(ListDeliveries())).total == 1


async def test_a_replay_of_nothing_says_so(relay: RunningRelay) -> None:
    with pytest.raises(OperationRefused) as refused:
        await relay.client.call(ReplayEvents())
    assert refused.value.problem.code == "nothing_to_replay"
    assert (await relay.client.call(ReplayEvents(failed=True))).total == 0


async def test_a_triggered_event_comes_from_the_template_and_is_marked(relay: RunningRelay) -> None:
    company_id = await relay.company()
    delivery = await relay.client.call(
        TriggerEvent(type="payment_intent.succeeded", company="acme", amount_cents=1_234)
    )
    assert (delivery.source, delivery.verdict, delivery.secret_label) == ("trigger", "accepted", "local")
    await relay.processed()
    row = (await relay.client.call(ListEvents())).rows[0]
    assert (row.type, row.amount_cents, row.source) == ("payment_intent.succeeded", 1_234, "trigger")
    assert f'"company_id": "{company_id}"' in (await relay.client.call(ShowEvent(event=row.event_id))).payload


async def test_two_triggers_are_two_events(relay: RunningRelay) -> None:
    first = await relay.client.call(TriggerEvent(type="charge.succeeded"))
    second = await relay.client.call(TriggerEvent(type="charge.succeeded"))
    assert first.event_id != second.event_id
    assert second.verdict == "accepted"


async def test_an_unknown_type_is_refused_with_the_one_that_was_meant(relay: RunningRelay) -> None:
    with pytest.raises(OperationRefused) as refused:
        await relay.client.call(TriggerEvent(type="payment_intent.succeded"))
    assert refused.value.problem.code == "unknown_event_type"
    assert "payment_intent.succeeded" in (refused.value.problem.remedy or "")
