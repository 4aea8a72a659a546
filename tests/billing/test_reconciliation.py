"""Our payments beside Stripe's: whatever got lost on the way is found, named, and booked once."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from sqlmodel import Session

from billing.clock import SystemClock
from billing.db import Database
from billing.errors import GatewayUnavailable
from billing.guard import AlwaysOn
from billing.inbox import process, store
from billing.ledger import balance_of
from billing.ledger_check import check
from billing.models import AuditEntry, LedgerEntry, Topup, TopupOrigin, TopupStatus
from billing.policy import Policy
from billing.services.reconciler import Comparison, Reconciler
from billing.stripe_gateway import StripeGateway
from billing.topup_requests import charge_request, open_topup, plan_of
from tests.support.billing import add_company, rows
from tests.support.events import Story, arrival, event, receive
from tests.support.sandbox import KEY, SandboxBilling, sandbox_billing

SINCE = timedelta(days=30)


@dataclass
class Rig:
    """An engine, its Stripe, and what compares the two. Nothing that happens from now on is told by webhook."""

    billing: SandboxBilling
    reconciler: Reconciler
    company: int

    @property
    def stripe(self) -> Any:
        return self.billing.stripe.v1

    async def compare(self, **limits: Any) -> Comparison:
        return await self.reconciler.compare(since=SystemClock().now() - SINCE, **limits)

    async def found(self) -> list[tuple[str, int | None, int]]:
        return [(row.kind.value, row.topup_id, row.cents) for row in (await self.compare()).differences]

    async def mend(self) -> list[str]:
        return await self.reconciler.mend(await self.compare(), actor="ada")

    async def money(self) -> int:
        return (await self.billing.db.write(balance_of, self.company)).balance_cents

    async def booked(self) -> list[tuple[str, int]]:
        return [(row.type.value, row.money_cents) for row in await rows(self.billing.db, LedgerEntry)]

    async def paid(self, amount_cents: int = 5_000) -> Topup:
        return await self.billing.topups.charge(self.company, amount_cents, payment_method="pm_card_visa")

    async def late_events(self) -> None:
        """Every event that Stripe has, after all."""
        now = SystemClock().now()
        events = (await self.stripe.events.list_async({"limit": 100})).data
        bodies = [json.dumps(each.to_dict(), default=str).encode() for each in reversed(events)]
        await self.billing.db.write(receive, bodies, now=now)

    async def all_is_well(self) -> None:
        """Mending again finds nothing, late events book nothing, and the ledger proves."""
        before = await self.booked()
        assert await self.found() == []
        assert await self.mend() == []
        await self.late_events()
        assert await self.booked() == before
        assert await self.found() == []
        assert (await self.billing.db.write(check)).breaches == ()


@pytest.fixture
async def rig(database: Database, tmp_path: Path) -> AsyncIterator[Rig]:
    async with sandbox_billing(database, tmp_path / "sandbox.db", SystemClock()) as running:
        for endpoint in (await running.stripe.v1.webhook_endpoints.list_async()).data:
            await running.stripe.v1.webhook_endpoints.delete_async(endpoint.id)
        company = await running.db.write(add_company, now=SystemClock().now())
        yield Rig(running, reconciler(running.db, running.gateway), company)


def reconciler(db: Database, gateway: StripeGateway) -> Reconciler:
    return Reconciler(
        db=db, records=gateway.records, clock=SystemClock(), policy=Policy(), guard=AlwaysOn(), second_look_s=0
    )


async def test_what_both_have_is_the_same(rig: Rig) -> None:
    paid = await rig.paid()
    await rig.billing.topups.refund(paid.id or 0, amount_cents=2_000)
    compared = await rig.compare()
    assert (compared.payments, compared.is_complete, compared.agrees, compared.differences) == (1, True, True, ())


async def test_a_paid_checkout_whose_events_are_lost_is_credited_once(rig: Rig) -> None:
    page = await rig.billing.topups.checkout(
        rig.company, 5_000, success_url="http://x.example/ok", cancel_url="http://x.example/no"
    )
    assert page.stripe_checkout_session_id is not None
    assert await rig.billing.pay_page(page.stripe_checkout_session_id, card="pm_card_visa") == 200
    assert await rig.found() == [("not_credited", page.id, 5_000)]
    assert not (await rig.compare()).agrees
    (said,) = await rig.mend()
    assert said.endswith("credited 50.00 EUR to acme; balance 0.00 → 50.00")
    assert await rig.money() == 5_000
    (audited,) = await rows(rig.billing.db, AuditEntry)
    assert (audited.actor, audited.action, audited.target) == ("ada", "payment.reconciled", f"topup_{page.id}")
    assert (audited.before, audited.after) == ({"balance_cents": 0}, {"balance_cents": 5_000})
    await rig.all_is_well()


async def test_a_charge_whose_answer_and_events_are_lost_is_found_by_our_metadata(rig: Rig) -> None:
    """The card was charged, and the top-up knows no payment."""
    paid = await rig.paid(1_000)
    plan = plan_of(paid)
    assert plan is not None
    opened = await rig.billing.db.write(
        open_topup,
        company_id=rig.company,
        amount_cents=3_000,
        origin=TopupOrigin.MANUAL,
        idempotency_key="topup_killed",
        plan=plan,
        now=SystemClock().now(),
    )
    await rig.billing.gateway.charge(charge_request(opened, plan))
    assert await rig.found() == [("not_credited", opened.id, 3_000)]
    await rig.mend()
    assert await rig.booked() == [("topup", 1_000), ("topup", 3_000)]
    await rig.all_is_well()


async def test_a_payment_link_that_nobody_told_us_of_gets_its_topup(rig: Rig) -> None:
    metadata = {"type": "balance_topup", "company_id": str(rig.company)}
    await pay(rig, 2_500, metadata)
    assert await rig.found() == [("not_credited", None, 2_500)]
    await rig.mend()
    assert await rig.booked() == [("topup", 2_500)]
    await rig.all_is_well()


async def test_money_of_others_on_the_same_account_breaks_nothing(rig: Rig) -> None:
    await rig.paid()
    await pay(rig, 700, {"order": "7"})
    await pay(rig, 800, {"topup_id": "1", "topup_key": "another installation"})
    compared = await rig.compare()
    assert compared.agrees
    assert {row.kind.value for row in compared.differences} == {"unknown_here"}
    assert await rig.mend() == []
    assert await rig.money() == 5_000


async def test_a_refund_made_at_stripe_is_booked_once(rig: Rig) -> None:
    paid = await rig.paid()
    await rig.stripe.refunds.create_async({"payment_intent": paid.stripe_payment_intent_id, "amount": 2_000})
    assert await rig.found() == [("refund_differs", paid.id, 2_000)]
    await rig.mend()
    assert await rig.booked() == [("topup", 5_000), ("refund", -2_000)]
    await rig.all_is_well()


async def test_a_refund_that_failed_unheard_gives_the_money_back(rig: Rig) -> None:
    """The card is one of Stripe's whose refunds fail some time later."""
    paid = await rig.billing.topups.charge(rig.company, 5_000, payment_method="pm_card_refundFail")
    await rig.billing.topups.refund(paid.id or 0)
    assert await rig.money() == 0
    async with ClientSession() as http:
        await http.post(f"{rig.billing.sandbox.url}/_sandbox/clock/advance", json={"seconds": 5})
    await rig.billing.sandbox.settled()
    assert await rig.found() == [("refund_differs", paid.id, -5_000)]
    await rig.mend()
    assert await rig.money() == 5_000
    await rig.all_is_well()


async def test_a_dispute_that_nobody_told_us_of_takes_its_money_once(rig: Rig) -> None:
    paid = await rig.billing.topups.charge(rig.company, 5_000, payment_method="pm_card_createDispute")
    await rig.billing.sandbox.settled()
    assert await rig.found() == [("dispute_unknown", paid.id, 5_000)]
    await rig.mend()
    assert await rig.money() == 0
    await rig.all_is_well()


async def test_a_dispute_that_went_on_unheard_is_named_by_state_and_money_and_mended(rig: Rig) -> None:
    """Its beginning was told, its end was not: won, the money is the company's again."""
    paid = await rig.billing.topups.charge(rig.company, 5_000, payment_method="pm_card_createDispute")
    await rig.billing.sandbox.settled()
    await rig.late_events()
    assert (await rig.found(), await rig.money()) == ([], 0)
    (dispute,) = (await rig.stripe.disputes.list_async()).data
    await rig.stripe.disputes.update_async(dispute.id, {"evidence": {"uncategorized_text": "winning_evidence"}})
    async with ClientSession() as http:
        await http.post(f"{rig.billing.sandbox.url}/_sandbox/clock/advance", json={"seconds": 60})
    await rig.billing.sandbox.settled()
    (difference,) = (await rig.compare()).differences
    assert (difference.kind, difference.topup_id, difference.cents) == ("dispute_differs", paid.id, 5_000)
    assert difference.detail == (
        f"at Stripe the dispute {dispute.id} of top-up {paid.id} is won over 50.00 EUR, 0.00 EUR taken; "
        "here it is needs_response over 50.00 EUR, 50.00 EUR taken"
    )
    assert not (await rig.compare()).agrees
    await rig.mend()
    assert await rig.money() == 5_000
    await rig.all_is_well()


async def test_a_dispute_of_another_amount_is_named_and_booked_as_stripe_has_it(rig: Rig) -> None:
    paid = await rig.billing.topups.charge(rig.company, 5_000, payment_method="pm_card_createDispute")
    await rig.billing.sandbox.settled()
    (dispute,) = (await rig.stripe.disputes.list_async()).data
    told = {"id": dispute.id, "payment_intent": paid.stripe_payment_intent_id, "status": "needs_response"}
    await tell_of_dispute(rig, amount=3_000, balance_transactions=[{"amount": -3_000}], **told)
    assert await rig.money() == 2_000
    (difference,) = (await rig.compare()).differences
    assert (difference.kind, difference.cents) == ("dispute_differs", 5_000)
    assert "needs_response over 30.00 EUR, 30.00 EUR taken" in difference.detail
    await rig.mend()
    assert await rig.money() == 0
    await rig.all_is_well()


async def test_a_dispute_that_stripe_knows_nothing_of_is_named_and_left_alone(rig: Rig) -> None:
    paid = await rig.paid()
    told = {"id": "du_invented", "payment_intent": paid.stripe_payment_intent_id, "status": "needs_response"}
    await tell_of_dispute(rig, amount=5_000, balance_transactions=[{"amount": -5_000}], **told)
    assert await rig.found() == [("dispute_unknown_at_stripe", paid.id, 5_000)]
    assert not (await rig.compare()).agrees
    assert await rig.mend() == []
    assert await rig.money() == 0


async def test_an_inquiry_is_compared_and_moves_nothing(rig: Rig) -> None:
    paid = await rig.billing.topups.charge(rig.company, 5_000, payment_method="pm_card_createDisputeInquiry")
    await rig.billing.sandbox.settled()
    assert await rig.found() == [("dispute_unknown", paid.id, 5_000)]
    await rig.mend()
    assert await rig.money() == 5_000
    await rig.all_is_well()


async def test_a_credit_that_stripe_knows_nothing_of_is_named_and_left_alone(rig: Rig) -> None:
    topup = await told_of(rig, source="endpoint")
    assert await rig.found() == [("unknown_at_stripe", topup, 5_000)]
    assert not (await rig.compare()).agrees
    assert await rig.mend() == []
    assert await rig.money() == 5_000


async def test_what_was_triggered_here_is_nothing_that_stripe_could_know(rig: Rig) -> None:
    await told_of(rig, source="trigger")
    assert await rig.found() == []


async def test_a_credit_for_a_payment_that_was_never_received_is_named(rig: Rig) -> None:
    intent = await rig.stripe.payment_intents.create_async({"amount": 5_000, "currency": "eur"})
    topup = await told_of(rig, source="endpoint", intent_id=intent.id)
    assert await rig.found() == [("not_paid_at_stripe", topup, 5_000)]
    assert await rig.mend() == []


async def test_a_long_record_is_read_page_by_page_and_its_end_is_said(rig: Rig) -> None:
    for _ in range(5):
        await rig.paid(1_000)
    compared = await rig.compare(limit=3)
    assert (compared.payments, compared.is_complete, compared.differences) == (3, False, ())
    found, is_complete = await rig.billing.gateway.records.payments_since(SystemClock().now() - SINCE, limit=4)
    assert (len(found), is_complete) == (4, False)


async def test_a_stripe_that_cannot_be_asked_is_an_error_and_changes_nothing(database: Database) -> None:
    gateway = StripeGateway(KEY, "http://127.0.0.1:9")
    with pytest.raises(GatewayUnavailable):
        await reconciler(database, gateway).compare(since=SystemClock().now() - SINCE)
    await gateway.close()


async def test_a_stripe_that_does_not_answer_in_time_is_not_waited_for(rig: Rig) -> None:
    with pytest.raises(GatewayUnavailable, match="within 0 s"):
        await rig.compare(within=timedelta(seconds=0))


async def pay(rig: Rig, amount_cents: int, metadata: dict[str, str]) -> None:
    await rig.stripe.payment_intents.create_async(
        {
            "amount": amount_cents,
            "currency": "eur",
            "confirm": True,
            "payment_method": "pm_card_visa",
            "metadata": metadata,
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        }
    )


async def tell_of_dispute(rig: Rig, **dispute: Any) -> None:
    """An event of a dispute, correctly signed by somebody."""
    story = Story(None, rig.company)
    told = event("charge.dispute.created", story.dispute(**dispute))
    await rig.billing.db.write(receive, [told], now=SystemClock().now())


async def told_of(rig: Rig, *, source: str, intent_id: str | None = None) -> int:
    """An event, correctly signed by somebody, of a payment that raises the balance."""
    story = Story(None, rig.company, metadata={"type": "balance_topup", "company_id": str(rig.company)})
    intent = story.intent(**({"id": intent_id} if intent_id else {}))
    now = SystemClock().now()

    def hear(session: Session) -> None:
        store(session, [arrival(event("payment_intent.succeeded", intent), now=now, source=source)])
        process(session, now=now, limit=10)

    await rig.billing.db.write(hear)
    (topup,) = await rows(rig.billing.db, Topup, status=TopupStatus.SUCCEEDED)
    return topup.id or 0
