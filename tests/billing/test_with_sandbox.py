"""The whole way over HTTP: the real SDK to the offline Stripe, its signed webhooks back, the ledger at the end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlmodel import col, select

from billing.clock import SystemClock
from billing.db import Database
from billing.errors import AutoTopupSettingsInvalid, GatewayUnavailable, Refused, UnknownAtStripe
from billing.gateway import CustomerRequest
from billing.ledger import balance_of
from billing.ledger_check import check
from billing.models import EventStatus, LedgerEntry, Topup, WebhookEvent
from billing.stripe_gateway import StripeGateway
from billing.topup_requests import charge_request, plan_of
from tests.support.billing import add_company
from tests.support.sandbox import KEY, SandboxBilling, sandbox_billing

SUCCESS, CANCEL = "http://127.0.0.1:1/paid", "http://127.0.0.1:1/cancelled"


@pytest.fixture
async def rig(database: Database, tmp_path: Path) -> AsyncIterator[SandboxBilling]:
    async with sandbox_billing(database, tmp_path / "sandbox.db", SystemClock()) as running:
        yield running


@pytest.fixture
async def company(rig: SandboxBilling) -> int:
    return await rig.db.write(add_company, now=SystemClock().now())


async def booked(rig: SandboxBilling, company_id: int) -> list[tuple[str, int]]:
    async with rig.db.read() as session:
        found = select(LedgerEntry).where(LedgerEntry.company_id == company_id).order_by(col(LedgerEntry.id))
        return [(row.type.value, row.money_cents) for row in (await session.exec(found)).all()]


async def topup(rig: SandboxBilling, topup_id: int | None) -> Topup:
    async with rig.db.read() as session:
        return await session.get_one(Topup, topup_id)


async def all_is_well(rig: SandboxBilling) -> None:
    """The ledger proves, and no event is left over."""
    assert (await rig.db.write(check)).breaches == ()
    async with rig.db.read() as session:
        events = (await session.exec(select(WebhookEvent))).all()
    assert {event.status for event in events} <= {EventStatus.COMPLETED, EventStatus.IGNORED}, [
        (event.event_type, event.status, event.reason) for event in events
    ]


async def test_a_checkout_is_credited_once_and_its_card_is_kept(rig: SandboxBilling, company: int) -> None:
    opened = await rig.topups.checkout(company, 5_000, success_url=SUCCESS, cancel_url=CANCEL)
    assert opened.status == "processing"
    assert opened.checkout_url is not None and opened.stripe_checkout_session_id is not None
    assert opened.checkout_url.startswith(rig.sandbox.url)
    assert await rig.pay_page(opened.stripe_checkout_session_id, card="pm_card_visa") == 200
    await rig.settled()
    paid = await topup(rig, opened.id)
    assert (paid.status, paid.payment_method_label) == ("succeeded", "visa •••• 4242")
    assert paid.stripe_charge_id is not None and paid.stripe_payment_intent_id is not None
    assert await booked(rig, company) == [("topup", 5_000)]
    balance = await rig.db.write(balance_of, company)
    assert (balance.stripe_payment_method_id, balance.payment_method_label) == (
        paid.stripe_payment_method_id,
        "visa •••• 4242",
    )
    again = await rig.topups.charge(company, 2_000)
    await rig.settled()
    assert again.status == "succeeded"
    assert await booked(rig, company) == [("topup", 5_000), ("topup", 2_000)]
    await all_is_well(rig)


async def test_a_declined_checkout_is_paid_with_another_card(rig: SandboxBilling, company: int) -> None:
    opened = await rig.topups.checkout(company, 2_500, success_url=SUCCESS, cancel_url=CANCEL)
    assert opened.stripe_checkout_session_id is not None
    assert await rig.pay_page(opened.stripe_checkout_session_id, card="pm_card_chargeDeclinedInsufficientFunds") == 402
    await rig.settled()
    declined = await topup(rig, opened.id)
    assert (declined.status, declined.failure_code, declined.decline_code) == (
        "failed",
        "card_declined",
        "insufficient_funds",
    )
    assert await rig.pay_page(opened.stripe_checkout_session_id, card="pm_card_mastercard") == 200
    await rig.settled()
    assert (await topup(rig, opened.id)).status == "succeeded"
    assert await booked(rig, company) == [("topup", 2_500)]
    await all_is_well(rig)


@pytest.mark.parametrize(
    ("card", "code", "decline_code"),
    [
        ("pm_card_visa_chargeDeclinedLostCard", "card_declined", "lost_card"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card"),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", "processing_error"),
    ],
)
async def test_a_declined_card_keeps_its_codes(
    rig: SandboxBilling, company: int, card: str, code: str, decline_code: str
) -> None:
    declined = await rig.topups.charge(company, 5_000, payment_method=card)
    assert (declined.status, declined.failure_code, declined.decline_code) == ("failed", code, decline_code)
    assert declined.failure_message and declined.stripe_payment_intent_id
    await rig.settled()
    after = await topup(rig, declined.id)
    assert (after.status, after.failure_code, after.decline_code) == ("failed", code, decline_code)
    assert await booked(rig, company) == []
    await all_is_well(rig)


async def test_a_charge_that_must_be_authenticated_waits(rig: SandboxBilling, company: int) -> None:
    waiting = await rig.topups.charge(
        company, 5_000, payment_method="pm_card_authenticationRequired", return_url=SUCCESS
    )
    assert waiting.status == "requires_action"
    assert waiting.checkout_url is not None and waiting.checkout_url.startswith("http")
    cancelled = await rig.topups.cancel(waiting.id or 0)
    assert cancelled.status == "cancelled"
    await rig.settled()
    assert (await topup(rig, waiting.id)).status == "cancelled"
    assert await booked(rig, company) == []
    await all_is_well(rig)


async def test_a_cancelled_checkout_ends_its_page(rig: SandboxBilling, company: int) -> None:
    opened = await rig.topups.checkout(company, 5_000, success_url=SUCCESS, cancel_url=CANCEL)
    assert opened.stripe_checkout_session_id is not None
    assert (await rig.topups.cancel(opened.id or 0)).status == "cancelled"
    assert (await rig.gateway.checkout(opened.stripe_checkout_session_id)).status == "expired"
    await rig.settled()
    await all_is_well(rig)


async def test_a_payment_is_refunded_in_two_steps_by_its_webhooks(rig: SandboxBilling, company: int) -> None:
    paid = await rig.topups.charge(company, 5_000, payment_method="pm_card_visa")
    await rig.settled()
    receipt = await rig.topups.refund(paid.id or 0, amount_cents=2_000, reason="requested_by_customer")
    assert (receipt.status, receipt.amount_cents) == ("succeeded", 2_000)
    await rig.settled()
    await rig.topups.refund(paid.id or 0, reason="they asked for all of it")
    await rig.settled()
    assert await booked(rig, company) == [("topup", 5_000), ("refund", -2_000), ("refund", -3_000)]
    after = await topup(rig, paid.id)
    assert (after.refunded_cents, after.refund_status) == (5_000, "full")
    await all_is_well(rig)


async def test_a_dispute_takes_the_money(rig: SandboxBilling, company: int) -> None:
    disputed = await rig.topups.charge(company, 5_000, payment_method="pm_card_createDispute")
    await rig.settled()
    assert await booked(rig, company) == [("topup", 5_000), ("adjustment", -5_000)]
    assert (await topup(rig, disputed.id)).dispute_status == "needs_response"
    await all_is_well(rig)


async def test_the_saved_card_fills_up_an_empty_balance(rig: SandboxBilling, company: int) -> None:
    await rig.auto_topups.configure(
        company, enabled=True, threshold_cents=1_000, amount_cents=5_000, payment_method="pm_card_visa"
    )
    await rig.settled()
    assert await booked(rig, company) == [("topup", 5_000)]
    balance = await rig.db.write(balance_of, company)
    assert balance.payment_method_label == "visa •••• 4242"
    decision = await rig.auto_topups.check(company, triggered_by="manual", call_id=None)
    assert (decision.allowed, decision.reason) == (False, "above_threshold")
    await rig.settled()
    await all_is_well(rig)


async def test_a_card_that_attaches_and_then_declines_backs_off(rig: SandboxBilling, company: int) -> None:
    await rig.auto_topups.configure(
        company, enabled=True, threshold_cents=1_000, amount_cents=5_000, payment_method="pm_card_chargeCustomerFail"
    )
    await rig.settled()
    balance = await rig.db.write(balance_of, company)
    assert (balance.auto_topup_failure_count, balance.auto_topup_enabled) == (1, True)
    decision = await rig.auto_topups.check(company, triggered_by="manual", call_id=None)
    assert decision.reason == "back_off"
    assert await booked(rig, company) == []
    await all_is_well(rig)


async def test_a_card_that_cannot_be_saved_is_refused_in_the_settings(rig: SandboxBilling, company: int) -> None:
    with pytest.raises(AutoTopupSettingsInvalid, match="cannot be saved: Your card was declined"):
        await rig.auto_topups.configure(company, enabled=True, payment_method="pm_card_chargeDeclined")
    balance = await rig.db.write(balance_of, company)
    assert (balance.auto_topup_enabled, balance.stripe_payment_method_id) == (False, None)


async def test_taking_the_card_off_at_stripe_disarms_the_automatic_topup(rig: SandboxBilling, company: int) -> None:
    saved = await rig.auto_topups.configure(company, payment_method="pm_card_visa")
    await rig.stripe.v1.payment_methods.detach_async(saved.stripe_payment_method_id)
    await rig.settled()
    assert (await rig.db.write(balance_of, company)).stripe_payment_method_id is None


async def test_deleting_the_customer_at_stripe_makes_a_new_one(rig: SandboxBilling, company: int) -> None:
    await rig.topups.charge(company, 5_000, payment_method="pm_card_visa")
    customers = await rig.stripe.v1.customers.list_async()
    await rig.stripe.v1.customers.delete_async(customers.data[0].id)
    await rig.settled()
    again = await rig.topups.charge(company, 5_000, payment_method="pm_card_visa")
    assert again.status == "succeeded"
    await rig.settled()
    assert await booked(rig, company) == [("topup", 5_000), ("topup", 5_000)]


async def test_a_payment_begun_at_stripe_for_a_company_is_credited(rig: SandboxBilling, company: int) -> None:
    await rig.stripe.v1.payment_intents.create_async(
        {
            "amount": 3_000,
            "currency": "eur",
            "payment_method": "pm_card_visa",
            "confirm": True,
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            "metadata": {"company_id": str(company), "type": "balance_topup"},
        }
    )
    await rig.settled()
    assert await booked(rig, company) == [("topup", 3_000)]
    await all_is_well(rig)


async def test_a_payment_of_somebody_else_is_kept_and_explained(rig: SandboxBilling, company: int) -> None:
    await rig.stripe.v1.payment_intents.create_async(
        {
            "amount": 3_000,
            "currency": "eur",
            "payment_method": "pm_card_visa",
            "confirm": True,
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        }
    )
    await rig.settled()
    async with rig.db.read() as session:
        found = select(WebhookEvent).where(WebhookEvent.event_type == "payment_intent.succeeded")
        (event,) = (await session.exec(found)).all()
    assert event.status is EventStatus.UNMATCHED
    assert "no top-up of ours belongs to" in (event.reason or "")
    assert await booked(rig, company) == []


async def test_payments_and_pages_are_found_by_their_topup(rig: SandboxBilling, company: int) -> None:
    charged = await rig.topups.charge(company, 5_000, payment_method="pm_card_visa")
    opened = await rig.topups.checkout(company, 2_000, success_url=SUCCESS, cancel_url=CANCEL)
    customers = await rig.stripe.v1.customers.list_async()
    customer_id = customers.data[0].id
    payment = await rig.gateway.find_payment(customer_id=customer_id, topup_id=charged.id or 0)
    assert payment is not None
    assert (payment.intent_id, payment.received_cents) == (charged.stripe_payment_intent_id, 5_000)
    page = await rig.gateway.find_checkout(customer_id=customer_id, topup_id=opened.id or 0)
    assert page is not None
    assert (page.session_id, page.status) == (opened.stripe_checkout_session_id, "open")
    assert await rig.gateway.find_payment(customer_id=customer_id, topup_id=99) is None
    assert await rig.gateway.find_checkout(customer_id=customer_id, topup_id=99) is None


async def test_a_repeated_request_with_the_same_key_charges_once(rig: SandboxBilling, company: int) -> None:
    charged = await rig.topups.charge(company, 5_000, payment_method="pm_card_visa")
    plan = plan_of(charged)
    assert plan is not None
    again = await rig.gateway.charge(charge_request(charged, plan))
    assert again.intent_id == charged.stripe_payment_intent_id
    await rig.settled()
    assert await booked(rig, company) == [("topup", 5_000)]


async def test_a_payment_that_stripe_does_not_know_is_told_apart(rig: SandboxBilling) -> None:
    with pytest.raises(UnknownAtStripe):
        await rig.gateway.payment("pi_0000000000000000")
    with pytest.raises(UnknownAtStripe):
        await rig.gateway.checkout("cs_test_0000000000000000")


async def test_a_wrong_key_is_refused_with_a_remedy(rig: SandboxBilling) -> None:
    gateway = StripeGateway("wrong", rig.sandbox.url)
    with pytest.raises(Refused) as refused:
        await gateway.payment("pi_1")
    assert "STRIPE_SECRET" in (refused.value.remedy or "")
    await gateway.close()


async def test_a_stripe_that_is_not_there_is_unavailable() -> None:
    gateway = StripeGateway(KEY, "http://127.0.0.1:9")
    request = CustomerRequest(company_id=1, name="Acme", email=None, locale="de", idempotency_key="customer:1")
    with pytest.raises(GatewayUnavailable):
        await gateway.create_customer(request)
    await gateway.close()


def test_live_keys_are_refused() -> None:
    with pytest.raises(Refused, match="live keys"):
        StripeGateway("sk_live_abcdef")
