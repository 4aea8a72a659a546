"""The relay with a Stripe behind it: operations that charge, their webhooks coming back, and the whole story told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from billing.clock import SystemClock
from devconsole.endpoint import ensure_endpoint
from fixtures.sandbox.server import Sandbox
from relay.api import (
    CancelTopup,
    CheckAutoTopup,
    CheckLedger,
    CheckoutTopup,
    CreateTopup,
    ListDecisions,
    ListEvents,
    ListTopups,
    ReconcileLedger,
    RefundCharge,
    RunDoctor,
    SetAutoTopup,
    ShowAutoTopup,
    ShowBalance,
    ShowTopup,
    ShowTrace,
    SimulateCall,
)
from relay.errors import OperationRefused
from relay.home import Home
from relay.secrets import SANDBOX
from tests.support.relay import RunningRelay, running_relay


@dataclass
class Connected:
    """A relay and the sandbox that delivers to it."""

    relay: RunningRelay
    sandbox: Sandbox

    async def settled(self) -> None:
        """Until everything owed is delivered, and everything delivered is processed."""
        for _ in range(2):
            await self.sandbox.settled()
            await self.relay.processed()


@pytest.fixture
async def connected(empty_database: Path, tmp_path: Path) -> AsyncIterator[Connected]:
    sandbox = await Sandbox.start(path=tmp_path / "sandbox.db", retry_delays_s=(0.01,))
    try:
        async with running_relay(
            empty_database, tmp_path / "home", stripe_api=sandbox.url, clock=SystemClock()
        ) as relay:
            home, webhook = Home(tmp_path / "home"), relay.backend.webhook_url
            secret = await ensure_endpoint(
                home, api_key="sk_test_1234567890", api_base=sandbox.url, webhook_url=webhook
            )
            relay.backend.secrets.put(SANDBOX, secret)
            yield Connected(relay, sandbox)
    finally:
        await sandbox.stop()


async def test_a_card_payment_its_events_and_a_refund(connected: Connected) -> None:
    client = connected.relay.client
    await connected.relay.company()
    topup = await client.call(CreateTopup(company="acme", amount_cents=5_000, card="visa"))
    assert (topup.status, topup.payment_method_label) == ("succeeded", "visa •••• 4242")
    await connected.settled()
    assert (await client.call(ShowBalance(company="acme"))).balance_cents == 5_000
    assert topup.charge_id is not None
    refund = await client.call(RefundCharge(charge=topup.charge_id, amount_cents=2_000))
    assert refund.amount_cents == 2_000
    await connected.settled()
    assert (await client.call(ShowTopup(topup=topup.id))).refunded_cents == 2_000
    assert (await client.call(ShowBalance(company="acme"))).balance_cents == 3_000
    assert (await client.call(CheckLedger())).ok
    by_refund = await client.call(ShowTrace(id=refund.refund_id))
    assert by_refund.nodes[0].reference == f"topup_{topup.id}"
    sources = {row.source for row in (await client.call(ListEvents())).rows}
    assert sources == {"sandbox"}


async def test_a_declined_card_is_an_answer_with_its_codes(connected: Connected) -> None:
    client = connected.relay.client
    await connected.relay.company()
    topup = await client.call(CreateTopup(company="acme", amount_cents=5_000, card="insufficient-funds"))
    assert (topup.status, topup.failure_code, topup.decline_code) == ("failed", "card_declined", "insufficient_funds")
    assert (await client.call(ListTopups(status="failed"))).total == 1


async def test_a_checkout_page_is_opened_and_given_up(connected: Connected) -> None:
    client = connected.relay.client
    await connected.relay.company()
    topup = await client.call(CheckoutTopup(company="acme", amount_cents=5_000))
    assert topup.checkout_url is not None
    assert topup.checkout_url.startswith(connected.sandbox.url)
    assert (await client.call(CancelTopup(topup=topup.id))).status == "cancelled"
    with pytest.raises(OperationRefused):
        await client.call(CancelTopup(topup=topup.id))


async def test_a_call_that_empties_the_balance_tops_it_up_and_the_trace_tells_it(connected: Connected) -> None:
    client = connected.relay.client
    await connected.relay.company(balance_cents=1_100)
    settings = await client.call(
        SetAutoTopup(company="acme", enabled=True, threshold_cents=1_000, amount_cents=5_000, card="visa")
    )
    assert (settings.enabled, settings.payment_method_label) == (True, "visa •••• 4242")
    assert (await client.call(ShowBalance(company="acme"))).auto_topup_armed
    call = await client.call(SimulateCall(company="acme", duration_s=300))
    await connected.settled()
    assert (await client.call(ShowBalance(company="acme"))).balance_cents == 1_100 - 210 + 5_000
    after = await client.call(ShowAutoTopup(company="acme"))
    assert (after.daily_count, after.month_used_cents) == (1, 5_000)
    assert after.next_allowed_at is not None
    decision = next(row for row in (await client.call(ListDecisions())).rows if row.allowed)
    trace = await client.call(ShowTrace(id=f"topup_{decision.topup_id}"))
    assert (trace.nodes[0].kind, trace.nodes[0].reference) == ("call", f"call_{call.id}")
    kinds = [node.kind for node in trace.nodes]
    assert kinds[:5] == ["call", "ledger", "decision", "topup", "ledger"]
    assert "event" in kinds
    again = await client.call(CheckAutoTopup(company="acme"))
    assert (again.decision.allowed, again.decision.triggered_by) == (False, "manual")
    assert again.settings == await client.call(ShowAutoTopup(company="acme"))


async def test_the_doctor_finds_nothing_wrong(connected: Connected) -> None:
    findings = (await connected.relay.client.call(RunDoctor())).rows
    assert [finding.check for finding in findings if not finding.ok] == []
    assert len({finding.check for finding in findings}) == len(findings) >= 9


async def test_the_doctor_names_what_is_wrong_and_the_way_out(connected: Connected) -> None:
    backend = connected.relay.backend
    backend.test_mode.switch(on=False)
    backend.webhook_url = connected.sandbox.url + "/api/stripe/webhook"
    await connected.sandbox.stop()
    findings = {finding.check: finding for finding in (await connected.relay.client.call(RunDoctor())).rows}
    broken = {name for name, finding in findings.items() if not finding.ok}
    assert broken == {"webhook", "stripe", "test mode", "clock"}
    assert findings["test mode"].remedy
    assert findings["stripe"].remedy


async def test_a_refund_that_no_webhook_told_of_is_found_by_the_check_and_booked_when_asked(
    connected: Connected,
) -> None:
    relay = connected.relay
    await relay.company()
    paid = await relay.client.call(CreateTopup(company="acme", amount_cents=5_000, card="visa"))
    await connected.settled()
    assert (await relay.client.call(CheckLedger())).stripe.agrees
    await unheard(connected, "POST", "/v1/refunds", {"payment_intent": str(paid.payment_intent_id), "amount": "2000"})
    check = await relay.client.call(CheckLedger())
    assert (check.ok, check.breaches, check.stripe.agrees) == (False, (), False)
    (difference,) = check.stripe.differences
    assert (difference.kind, difference.topup_id, difference.mendable) == ("refund_differs", paid.id, True)
    assert (await relay.client.call(CheckLedger(stripe=False))).ok
    found = await relay.client.call(ReconcileLedger())
    assert (found.mended, found.comparison.differences) == ((), check.stripe.differences)
    mended = await relay.client.call(ReconcileLedger(mend=True))
    assert (len(mended.mended), mended.comparison.agrees) == (1, True)
    assert (await relay.client.call(ShowBalance(company="acme"))).balance_cents == 3_000
    assert (await relay.client.call(CheckLedger())).ok


async def unheard(connected: Connected, method: str, path: str, data: dict[str, str]) -> None:
    """What somebody does at Stripe, and no webhook tells us of."""
    headers = {"Authorization": "Bearer sk_test_0123456789"}
    async with connected.relay.http.get(f"{connected.sandbox.url}/v1/webhook_endpoints", headers=headers) as answer:
        endpoints = (await answer.json())["data"]
    for endpoint in endpoints:
        url = f"{connected.sandbox.url}/v1/webhook_endpoints/{endpoint['id']}"
        await connected.relay.http.delete(url, headers=headers)
    async with connected.relay.http.request(method, connected.sandbox.url + path, data=data, headers=headers) as answer:
        assert answer.status == 200, await answer.text()
