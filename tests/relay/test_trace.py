"""Traces: from any id of a story the same story, causes before effects."""

from __future__ import annotations

import json

import pytest
from sqlmodel import select

from billing.models import Topup
from relay.api import ListInvoices, ListLedger, ListNotices, ShowTrace, SimulateCall, Trace
from relay.errors import OperationRefused
from relay.tracing.roots import LATEST_MAX
from tests.support.events import Story, event
from tests.support.relay import RunningRelay


def outline(trace: Trace) -> list[tuple[int, str, str]]:
    return [(node.depth, node.kind, node.reference) for node in trace.nodes]


async def paid_story(relay: RunningRelay) -> Story:
    company_id = await relay.company()
    story = Story(await relay.open_topup(company_id), company_id)
    await relay.deliver(event("payment_intent.succeeded", story.intent(), event_id="evt_paid"))
    await relay.deliver(event("charge.succeeded", story.charge(), event_id="evt_charge"))
    await relay.processed()
    return story


async def test_a_payment_is_told_from_top_up_to_balance(relay: RunningRelay) -> None:
    await paid_story(relay)
    trace = await relay.client.call(ShowTrace(id="evt_paid"))
    assert outline(trace) == [
        (0, "topup", "topup_1"),
        (1, "event", "evt_paid"),
        (2, "delivery", "delivery_1"),
        (3, "verification", "verification_1"),
        (2, "attempt", "evt_paid#1"),
        (3, "ledger", "ledger_1"),
        (1, "event", "evt_charge"),
        (2, "delivery", "delivery_2"),
        (3, "verification", "verification_2"),
        (2, "attempt", "evt_charge#1"),
    ]
    booked = trace.nodes[5]
    assert "50.00 EUR" in booked.title
    assert "0.00 EUR -> 50.00 EUR" in booked.detail
    assert trace.of == "evt_paid"


@pytest.mark.parametrize(
    "which",
    [
        *("intent_id", "charge_id", "topup_1", "ledger_1", "delivery_2", "verification_1", "evt_charge", "1"),
        *("evt_charge#1", "invoice", "invoice_1", "request_key"),
    ],
)
async def test_every_id_of_a_story_leads_to_the_whole_story(relay: RunningRelay, which: str) -> None:
    story = await paid_story(relay)
    asked = getattr(story, which, which)
    if which == "request_key":
        asked = await relay.backend.db.write(lambda session: session.exec(select(Topup.idempotency_key)).one())
    if which == "invoice":
        asked = (await relay.client.call(ListInvoices())).rows[0].number
    whole = await relay.client.call(ShowTrace(id="evt_paid"))
    assert outline(await relay.client.call(ShowTrace(id=asked))) == outline(whole)


async def test_a_call_is_told_with_its_charge_and_the_decision_that_followed(relay: RunningRelay) -> None:
    await relay.company(balance_cents=5_000)
    call = await relay.client.call(SimulateCall(company="acme", duration_s=157))
    await relay.processed()
    trace = await relay.client.call(ShowTrace(id=f"ledger_{call.ledger_id}"))
    assert [(node.depth, node.kind) for node in trace.nodes] == [(0, "call"), (1, "ledger"), (1, "decision")]
    assert trace.nodes[0].reference == f"call_{call.id}"
    assert trace.nodes[2].status == "skipped"
    assert outline(await relay.client.call(ShowTrace(id=call.call_id))) == outline(trace)


async def test_a_refund_hangs_below_the_top_up_that_it_takes_from(relay: RunningRelay) -> None:
    story = await paid_story(relay)
    await relay.deliver(
        event("charge.refunded", story.charge(amount_refunded=2_000), event_id="evt_refund", created=1_793_620_000)
    )
    await relay.processed()
    rows = (await relay.client.call(ListLedger(type="refund"))).rows
    trace = await relay.client.call(ShowTrace(id=f"ledger_{rows[0].id}"))
    references = [node.reference for node in trace.nodes]
    assert references.index("topup_1") == 0
    assert references.index("evt_refund") < references.index(f"ledger_{rows[0].id}")


async def test_events_of_a_payment_that_is_not_ours_are_told_side_by_side(relay: RunningRelay) -> None:
    company_id = await relay.company()
    stranger = Story(None, company_id, metadata={})
    await relay.deliver(event("payment_intent.succeeded", stranger.intent(), event_id="evt_x"))
    await relay.deliver(event("charge.succeeded", stranger.charge(), event_id="evt_y"))
    await relay.processed()
    trace = await relay.client.call(ShowTrace(id=stranger.intent_id))
    assert [node.reference for node in trace.nodes if node.depth == 0] == ["evt_x", "evt_y"]


async def test_a_rejected_delivery_is_found_by_the_event_that_it_names(relay: RunningRelay) -> None:
    body = event("customer.created", {"id": "cus_1", "object": "customer"}, event_id="evt_unsigned")
    await relay.deliver(body, {})
    trace = await relay.client.call(ShowTrace(id="evt_unsigned"))
    assert outline(trace) == [(0, "delivery", "delivery_1"), (1, "verification", "verification_1")]
    assert "no Stripe-Signature" in trace.nodes[0].detail


async def test_a_notice_hangs_below_what_made_it_due_and_leads_back_there(relay: RunningRelay) -> None:
    await relay.company(balance_cents=2_010)
    call = await relay.client.call(SimulateCall(company="acme", duration_s=157))
    await relay.processed()
    (notice, *_) = (await relay.client.call(ListNotices(channel="in_app"))).rows
    trace = await relay.client.call(ShowTrace(id=f"call_{call.id}"))
    outlined = outline(trace)
    told = (2, "notice", f"notice_{notice.id}")
    assert told in outlined
    assert outlined.index((1, "ledger", f"ledger_{call.ledger_id}")) < outlined.index(told)
    assert outline(await relay.client.call(ShowTrace(id=f"notice_{notice.id}"))) == outlined


async def test_ids_that_many_things_bear_lead_to_the_newest_of_them(relay: RunningRelay) -> None:
    story = await paid_story(relay)
    await relay.backend.db.write(
        lambda session: session.connection().exec_driver_sql(
            "UPDATE companies SET stripe_customer_id = 'cus_acme' WHERE slug = 'acme'"
        )
    )
    await relay.backend.db.write(
        lambda session: session.connection().exec_driver_sql(
            "UPDATE balance_topups SET stripe_payment_method_id = 'pm_saved'"
        )
    )
    whole = outline(await relay.client.call(ShowTrace(id="evt_paid")))
    assert outline(await relay.client.call(ShowTrace(id="pm_saved"))) == whole
    for company in ("cus_acme", "acme", "company_1"):
        trace = await relay.client.call(ShowTrace(id=company))
        assert outline(trace) == [(0, "company", "company_1"), *((depth + 1, *rest) for depth, *rest in whole)]
        assert trace.nodes[0].title == "acme, balance 50.00 EUR"
    assert story.charge_id


async def test_a_company_is_told_with_its_latest_stories_and_no_more(relay: RunningRelay) -> None:
    await relay.company(balance_cents=50_000)
    calls = [await relay.client.call(SimulateCall(company="acme", duration_s=60)) for _ in range(LATEST_MAX + 3)]
    await relay.processed()
    trace = await relay.client.call(ShowTrace(id="acme"))
    roots = [node.reference for node in trace.nodes if node.depth == 1]
    assert roots == [f"call_{call.id}" for call in calls[-LATEST_MAX:]]


async def test_a_company_to_which_nothing_happened_is_told_alone(relay: RunningRelay) -> None:
    await relay.company("quiet")
    (node,) = (await relay.client.call(ShowTrace(id="quiet"))).nodes
    assert (node.kind, node.detail) == ("company", "nothing has happened yet")


async def test_an_id_that_is_nobodys_own_leads_to_the_events_that_mention_it(relay: RunningRelay) -> None:
    customer = {"id": "cus_stranger", "object": "customer", "default_source": "card_1Abc"}
    for number in (1, 2):
        body = json.loads(event("customer.updated", customer, event_id=f"evt_{number}"))
        body["request"] = {"id": f"req_{number}Xy", "idempotency_key": None}
        await relay.deliver(json.dumps(body).encode())
    await relay.processed()
    for asked, events in (
        ("req_2Xy", ["evt_2"]),
        ("card_1Abc", ["evt_1", "evt_2"]),
        ("cus_stranger", ["evt_1", "evt_2"]),
    ):
        trace = await relay.client.call(ShowTrace(id=asked))
        assert [node.reference for node in trace.nodes if node.depth == 0] == events
    with pytest.raises(OperationRefused, match="nothing here has the id req_9"):
        await relay.client.call(ShowTrace(id="req_9"))


async def test_steps_tell_when_they_were_and_how_long_they_took(relay: RunningRelay) -> None:
    await paid_story(relay)
    nodes = {node.reference: node for node in (await relay.client.call(ShowTrace(id="evt_paid"))).nodes}
    assert min(node.since_start_us for node in nodes.values()) == 0
    assert (nodes["delivery_1"].took_us or 0) > 0
    assert nodes["delivery_1"].party == "sandbox"
    assert nodes["verification_1"].title == "signature proven by the secret of sandbox"
    assert nodes["evt_paid#1"].title == "attempt 1: applied, in one transaction with 1 ledger row"
