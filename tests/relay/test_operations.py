"""The operations of every noun, through the client, on a relay whose Stripe is out of reach."""

from __future__ import annotations

from typing import Any

import pytest

from billing.handlers import HANDLERS
from fixtures.events import catalog
from relay.api import (
    CheckLedger,
    CheckoutTopup,
    CreateCompany,
    DrainBalance,
    EndCall,
    ListAudit,
    ListBalances,
    ListCalls,
    ListCards,
    ListCompanies,
    ListDecisions,
    ListDeliveries,
    ListEvents,
    ListEventTypes,
    ListFailures,
    ListFaults,
    ListLedger,
    ListTopups,
    Operation,
    RefundCall,
    RefundCharge,
    RunReport,
    SetAutoTopup,
    ShowAutoTopup,
    ShowBalance,
    ShowCall,
    ShowDelivery,
    ShowEvent,
    ShowStatus,
    ShowTopup,
    ShowTrace,
    SimulateCall,
    StartCall,
)
from relay.errors import OperationRefused
from tests.support.events import Story, event
from tests.support.relay import RunningRelay


async def refusal(relay: RunningRelay, operation: Operation[Any]) -> tuple[int, str]:
    with pytest.raises(OperationRefused) as refused:
        await relay.client.call(operation)
    return refused.value.http_status, refused.value.problem.code


async def test_a_company_is_created_listed_and_found_by_id_and_slug(relay: RunningRelay) -> None:
    created = await relay.client.call(
        CreateCompany(company_name="Bergbau Nord", email="a@b.example", opening_balance_cents=1_500)
    )
    assert (created.slug, created.balance.balance_cents, created.balance.level) == ("bergbau-nord", 1_500, "low")
    assert created.rate_e4_per_minute == 4_200
    assert created.balance.remaining_s == 1_500 * 6_000 // 4_200
    by_slug = await relay.client.call(ShowBalance(company="bergbau-nord"))
    by_id = await relay.client.call(ShowBalance(company=str(created.id)))
    assert by_slug == by_id == created.balance
    assert (await relay.client.call(ListCompanies())).rows == (created,)
    assert (await relay.client.call(ListBalances())).rows == (created.balance,)
    ledger = await relay.client.call(ListLedger(company="bergbau-nord"))
    assert [(row.type, row.money_cents, row.company_slug) for row in ledger.rows] == [
        ("adjustment", 1_500, "bergbau-nord")
    ]


async def test_a_call_is_charged_drained_money_is_gone_and_a_refund_brings_it_back(relay: RunningRelay) -> None:
    await relay.company(balance_cents=5_000)
    call = await relay.client.call(SimulateCall(company="acme", duration_s=157))
    assert (call.charge_status, call.amount_cents, call.rate_e4_per_minute) == ("charged", 110, 4_200)
    assert call.ledger_id is not None
    refunded = await relay.client.call(RefundCall(call=call.id, amount_cents=10, reason="other", notes="a gap"))
    assert (refunded.refunded_cents, refunded.refund_status) == (10, "partial")
    assert await relay.client.call(ShowCall(call=call.id)) == refunded
    (noted,) = [row for row in (await relay.client.call(ListAudit())).rows if row.action == "call.refunded"]
    assert noted.reason == "other: a gap"
    drained = await relay.client.call(DrainBalance(company="acme", to_cents=5))
    assert (drained.balance_cents, drained.level) == (5, "blocked")
    unpaid = await relay.client.call(SimulateCall(company="acme", duration_s=60))
    assert unpaid.charge_status == "unpaid"
    assert [row.id for row in (await relay.client.call(ListCalls(charge_status="unpaid"))).rows] == [unpaid.id]
    assert (await relay.client.call(ListCalls(company="acme", limit=1))).total == 2
    check = await relay.client.call(CheckLedger())
    assert (check.ok, check.stripe.asked) == (True, False)
    assert "could not be asked" in (check.stripe.reason or ""), "a Stripe out of reach is said, and no breach"


async def test_a_running_call_holds_money_until_it_ends(relay: RunningRelay) -> None:
    await relay.company(balance_cents=5_000)
    running = await relay.client.call(StartCall(company="acme", to_number="+4930123"))
    assert (running.status, running.charge_status, running.duration_s) == ("in_progress", "none", None)
    assert (await relay.client.call(ShowBalance(company="acme"))).reserved_cents == 210
    ended = await relay.client.call(EndCall(call=running.id, duration_s=60))
    assert (ended.status, ended.amount_cents) == ("completed", 42)
    assert (await relay.client.call(ShowBalance(company="acme"))).effective_total_cents == 4_958


async def test_cards_and_event_types_are_listed_with_what_they_do(relay: RunningRelay) -> None:
    cards = {card.name: card for card in (await relay.client.call(ListCards())).rows}
    assert cards["visa"].payment_method == "pm_card_visa"
    types = {row.type: row for row in (await relay.client.call(ListEventTypes())).rows}
    told = {name: (row.object, row.effect, row.retry) for name, row in types.items() if row.handled}
    assert told == {name: (rule.object_type, rule.effect, rule.retry) for name, rule in HANDLERS.items()}
    assert {name for name, row in types.items() if not row.handled} == {*catalog.EVENT_TYPES} - {*HANDLERS}


async def test_a_stripe_that_is_out_of_reach_is_an_answer_with_a_remedy(relay: RunningRelay) -> None:
    await relay.company()
    assert await refusal(relay, CheckoutTopup(company="acme", amount_cents=5_000)) == (502, "gateway_unavailable")


@pytest.mark.parametrize(
    ("operation", "status", "code"),
    [
        (ShowBalance(company="9"), 404, "unknown_company"),
        (ShowTopup(topup=9), 404, "unknown_topup"),
        (ShowCall(call=9), 404, "unknown_call"),
        (RefundCall(call=9), 404, "unknown_call"),
        (ShowEvent(event="evt_nobody"), 404, "unknown_event"),
        (ShowDelivery(delivery=9), 404, "unknown_delivery"),
        (RefundCharge(charge="ch_nobody"), 404, "unknown_topup"),
        (ShowTrace(id="pi_nobody"), 404, "unknown_reference"),
        (RunReport(report="nothing"), 404, "unknown_report"),
        (ListEvents(status="odd"), 400, "unknown_choice"),
        (ListTopups(status="odd"), 400, "unknown_choice"),
        (ListCalls(charge_status="odd"), 400, "unknown_choice"),
        (ListLedger(type="odd"), 400, "unknown_choice"),
        (ListDeliveries(verdict="odd"), 400, "unknown_choice"),
        (ListDecisions(company="nobody"), 404, "unknown_company"),
        (ListFaults(), 409, "no_sandbox"),
    ],
)
async def test_what_does_not_exist_is_refused_by_name(
    relay: RunningRelay, operation: Operation[Any], status: int, code: str
) -> None:
    assert await refusal(relay, operation) == (status, code)


async def test_a_slug_is_taken_once(relay: RunningRelay) -> None:
    await relay.company("acme")
    assert await refusal(relay, CreateCompany(company_name="Other", slug="acme")) == (409, "slug_taken")


async def test_an_unknown_card_is_refused_with_the_one_that_was_meant(relay: RunningRelay) -> None:
    await relay.company()
    with pytest.raises(OperationRefused) as refused:
        await relay.client.call(SetAutoTopup(company="acme", enabled=True, card="vissa"))
    assert refused.value.problem.code == "unknown_card"
    assert "visa" in (refused.value.problem.remedy or "")


async def test_automatic_topup_settings_are_shown_as_saved(relay: RunningRelay) -> None:
    await relay.company()
    saved = await relay.client.call(
        SetAutoTopup(company="acme", threshold_cents=2_000, amount_cents=10_000, daily_limit=3)
    )
    assert (saved.enabled, saved.threshold_cents, saved.amount_cents, saved.daily_limit) == (False, 2_000, 10_000, 3)
    assert await relay.client.call(ShowAutoTopup(company="acme")) == saved
    assert saved.month_used_cents == 0


async def test_events_are_listed_in_windows_and_filtered(relay: RunningRelay) -> None:
    company_id = await relay.company()
    story = Story(await relay.open_topup(company_id), company_id)
    await relay.deliver(event("payment_intent.succeeded", story.intent(), event_id="evt_a"))
    await relay.deliver(event("charge.succeeded", story.charge(), event_id="evt_b"))
    await relay.deliver(event("customer.created", {"id": "cus_1", "object": "customer"}, event_id="evt_c"))
    await relay.processed()
    newest = await relay.client.call(ListEvents(limit=2))
    assert [row.event_id for row in newest.rows] == ["evt_c", "evt_b"]
    assert (newest.first_id, newest.last_id, newest.total) == (1, 3, 3)
    older = await relay.client.call(ListEvents(limit=2, before=newest.rows[-1].id))
    assert [row.event_id for row in older.rows] == ["evt_a"]
    assert older.total == 3
    assert [row.event_id for row in (await relay.client.call(ListEvents(type="charge.*"))).rows] == ["evt_b"]
    assert (await relay.client.call(ListEvents(status="ignored"))).total == 1
    of_acme = await relay.client.call(ListEvents(company="acme"))
    assert {row.event_id for row in of_acme.rows} == {"evt_a", "evt_b"}
    assert of_acme.rows[0].company_slug == "acme"


async def test_an_empty_list_of_events_has_no_ends(relay: RunningRelay) -> None:
    page = await relay.client.call(ListEvents())
    assert (page.rows, page.first_id, page.last_id, page.total) == ((), 0, 0, 0)


async def test_failures_of_every_kind_are_in_one_list_and_counted(relay: RunningRelay) -> None:
    company_id = await relay.company()
    story = Story(await relay.open_topup(company_id), company_id)
    await relay.deliver(event("payment_intent.payment_failed", story.declined(), event_id="evt_declined"))
    stranger = Story(None, company_id, metadata={})
    await relay.deliver(event("payment_intent.succeeded", stranger.intent(), event_id="evt_stranger"))
    await relay.deliver(b"{}", {})
    await relay.client.call(SimulateCall(company="acme", duration_s=60))
    await relay.processed()
    failures = await relay.client.call(ListFailures())
    found = {failure.kind: failure for failure in failures.rows}
    assert set(found) == {"event", "topup", "delivery", "call"}
    assert failures.total == len(failures.rows) == 4
    assert (found["event"].reference, found["event"].replayable) == ("evt_stranger", True)
    assert "insufficient_funds" in found["topup"].reason
    assert all(failure.reason and failure.remedy for failure in failures.rows)
    assert found["call"].company_slug == "acme"
    assert (await relay.client.call(ShowStatus())).failures == 4


async def test_a_rejected_delivery_that_came_through_later_is_no_failure_any_more(relay: RunningRelay) -> None:
    body = event("customer.created", {"id": "cus_1", "object": "customer"})
    await relay.deliver(body, {})
    assert (await relay.client.call(ListFailures())).total == 1
    await relay.deliver(body)
    assert (await relay.client.call(ListFailures())).total == 0


async def test_the_status_counts_what_is_there(relay: RunningRelay) -> None:
    await relay.deliver(event("customer.created", {"id": "cus_1", "object": "customer"}))
    await relay.processed()
    status = await relay.client.call(ShowStatus())
    assert (status.events_total, status.events_by_status, status.queue_depth) == (1, {"ignored": 1}, 0)
    assert (status.relay_url, status.mode, status.version) == (relay.url, "sandbox", "1.2.3")
    assert status.test_mode.on
    assert status.feed_epoch == relay.backend.feed.epoch


@pytest.mark.parametrize("report", ["failed-payments", "low-balance", "daily-revenue"])
async def test_reports_come_as_plain_tables(relay: RunningRelay, report: str) -> None:
    await relay.company(balance_cents=10)
    answer = await relay.client.call(RunReport(report=report))
    assert answer.name == report
    assert all(len(row) == len(answer.columns) for row in answer.rows)
    assert bool(answer.rows) == (report == "low-balance")
