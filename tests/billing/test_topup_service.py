"""Manual top-ups: each is charged once, whatever is repeated, killed, declined or unreachable in between."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from billing.errors import (
    CompanyInactive,
    GatewayUnavailable,
    InvalidAmount,
    KeyUsedOtherwise,
    NothingToRefund,
    RefundTooLarge,
    Refused,
    TestModeOff,
    UnknownAtStripe,
    UnknownCompany,
    UnknownTopup,
)
from billing.models import Topup
from billing.refund_requests import RefundReceipt
from tests.support.events import Story, event, receive
from tests.support.gateway import AUTHENTICATING, FakeGateway, ProcessKilled, unreachable
from tests.support.services import Billing

SUCCESS, CANCEL = "http://console.example/paid", "http://console.example/cancelled"


async def open_checkout(billing: Billing, company_id: int, amount_cents: int = 5_000) -> Topup:
    return await billing.topups.checkout(company_id, amount_cents, success_url=SUCCESS, cancel_url=CANCEL)


class Off:
    """Test mode is off."""

    def check(self) -> None:
        raise TestModeOff("test mode is off: the lock file is gone")


# Checkout -----------------------------------------------------------------------------------------------------------


async def test_a_checkout_asks_stripe_for_all_that_is_needed(billing: Billing, gateway: FakeGateway) -> None:
    company_id = await billing.company()
    topup = await open_checkout(billing, company_id)
    (asked,) = gateway.checkout_requests
    assert (topup.status, topup.stripe_checkout_session_id, topup.checkout_url) == (
        "processing",
        "cs_test_1",
        "http://checkout.example/cs_test_1",
    )
    assert (asked.topup_id, asked.company_id, asked.amount_cents, asked.currency, asked.customer_id, asked.locale) == (
        topup.id,
        company_id,
        5_000,
        "EUR",
        "cus_1",
        "de",
    )
    assert asked.success_url == SUCCESS + "?session_id={CHECKOUT_SESSION_ID}"
    assert asked.expires_at >= billing.clock.now() + timedelta(minutes=30)
    assert asked.idempotency_key == topup.idempotency_key


async def test_a_company_becomes_one_customer_even_when_two_ask_at_once(billing: Billing, gateway: FakeGateway) -> None:
    company_id = await billing.company()
    await asyncio.gather(*(open_checkout(billing, company_id) for _ in range(5)))
    assert len(gateway.customers) == 1
    assert {request.customer_id for request in gateway.checkout_requests} == {"cus_1"}
    assert (await billing.company_row(company_id)).stripe_customer_id == "cus_1"


async def test_a_crash_after_the_customer_was_made_does_not_make_a_second(
    billing: Billing, gateway: FakeGateway
) -> None:
    company_id = await billing.company()
    gateway.after.append(ProcessKilled())
    with pytest.raises(ProcessKilled):
        await open_checkout(billing, company_id)
    await open_checkout(billing.restarted(), company_id)
    assert len(gateway.customers) == 1


@pytest.mark.parametrize("amount_cents", [999, 0, -5_000, 1_000_001])
async def test_amounts_outside_the_limits_are_refused_and_the_limits_named(
    billing: Billing, gateway: FakeGateway, amount_cents: int
) -> None:
    company_id = await billing.company()
    with pytest.raises(InvalidAmount) as refused:
        await open_checkout(billing, company_id, amount_cents)
    assert "10.00 EUR to 10,000.00 EUR" in (refused.value.remedy or "")
    with pytest.raises(InvalidAmount):
        await billing.topups.charge(company_id, amount_cents, payment_method="pm_card_visa")
    assert gateway.asked == 0
    assert await billing.topups_of(company_id) == []


@pytest.mark.parametrize("amount_cents", [1_000, 1_000_000])
async def test_the_limits_themselves_are_accepted(billing: Billing, amount_cents: int) -> None:
    company_id = await billing.company()
    assert (await open_checkout(billing, company_id, amount_cents)).amount_cents == amount_cents


async def test_who_may_not_pay_is_refused_before_stripe_is_asked(billing: Billing, gateway: FakeGateway) -> None:
    inactive = await billing.company(active=False)
    with pytest.raises(CompanyInactive):
        await open_checkout(billing, inactive)
    with pytest.raises(UnknownCompany):
        await open_checkout(billing, 77)
    off = Billing.on(billing.db, gateway, billing.clock, guard=Off())
    active = await billing.company(slug="active")
    with pytest.raises(TestModeOff):
        await open_checkout(off, active)
    with pytest.raises(TestModeOff):
        await off.topups.charge(active, 5_000, payment_method="pm_card_visa")
    with pytest.raises(TestModeOff):
        await off.topups.refund(1)
    assert gateway.asked == 0


async def test_an_unreachable_stripe_leaves_the_topup_to_be_taken_up_again(
    billing: Billing, gateway: FakeGateway
) -> None:
    company_id = await billing.company()
    gateway.before.extend([unreachable()])
    with pytest.raises(GatewayUnavailable):
        await open_checkout(billing, company_id)
    gateway.before.clear()
    await open_checkout(billing, company_id)
    gateway.after.append(unreachable())
    with pytest.raises(GatewayUnavailable):
        await open_checkout(billing, company_id)
    lost = (await billing.topups_of(company_id))[-1]
    assert (lost.status, lost.stripe_checkout_session_id) == ("pending", None)
    found = await billing.restarted().topups.resume(lost.id or 0)
    assert (found.status, found.stripe_checkout_session_id) == ("processing", "cs_test_2")
    assert len(gateway.checkouts) == 2


@pytest.mark.parametrize(("reached_stripe", "status"), [(True, "processing"), (False, "cancelled")])
async def test_a_page_that_nobody_waits_for_is_not_opened_late(
    billing: Billing, gateway: FakeGateway, reached_stripe: bool, status: str
) -> None:
    company_id = await billing.company()
    await open_checkout(billing, company_id)
    (gateway.after if reached_stripe else gateway.before).append(unreachable())
    with pytest.raises(GatewayUnavailable):
        await open_checkout(billing, company_id)
    billing.clock.advance(timedelta(minutes=2))
    pages = len(gateway.checkouts)
    assert (await billing.topups.resume((await billing.topups_of(company_id))[-1].id or 0)).status == status
    assert len(gateway.checkouts) == pages


async def test_a_payment_that_stripe_forgot_is_cancelled(billing: Billing, gateway: FakeGateway) -> None:
    company_id = await billing.company()
    topup = await open_checkout(billing, company_id)
    gateway.before.append(UnknownAtStripe("Stripe does not know it: No such checkout session"))
    assert (await billing.topups.resume(topup.id or 0)).status == "cancelled"


async def test_a_refused_request_fails_the_topup_with_the_reason(billing: Billing, gateway: FakeGateway) -> None:
    company_id = await billing.company()
    await open_checkout(billing, company_id)
    gateway.before.append(Refused("Stripe refused the request: Invalid URL"))
    with pytest.raises(Refused):
        await open_checkout(billing, company_id)
    failed = (await billing.topups_of(company_id))[-1]
    assert (failed.status, failed.failure_code) == ("failed", "request_refused")
    assert "Invalid URL" in (failed.failure_message or "")


async def test_a_paid_page_is_found_though_its_webhook_got_lost(billing: Billing, gateway: FakeGateway) -> None:
    company_id = await billing.company()
    topup = await open_checkout(billing, company_id)
    gateway.pay_checkout("cs_test_1")
    found = await billing.topups.resume(topup.id or 0)
    assert (found.status, found.stripe_payment_intent_id) == ("succeeded", "pi_checkout")
    assert await billing.money(company_id) == 5_000
    story = Story(topup.id, company_id, name="1")
    late = event("checkout.session.completed", story.checkout(id="cs_test_1", payment_intent="pi_checkout"))
    await billing.db.write(receive, [late], now=billing.clock.now())
    assert await billing.money(company_id) == 5_000
    assert await billing.breaches() == []


async def test_an_expired_page_cancels_its_topup(billing: Billing, gateway: FakeGateway) -> None:
    company_id = await billing.company()
    topup = await open_checkout(billing, company_id)
    assert await billing.topups.sweep_expired() == 0
    billing.clock.advance(timedelta(minutes=32))
    assert await billing.topups.sweep_expired() == 1
    assert (await billing.topup(topup.id or 0)).status == "cancelled"
    assert gateway.checkouts["cs_test_1"].status == "expired"
    assert await billing.topups.sweep_expired() == 0


async def test_a_page_that_was_paid_in_the_last_second_is_credited_not_cancelled(
    billing: Billing, gateway: FakeGateway
) -> None:
    company_id = await billing.company()
    topup = await open_checkout(billing, company_id)
    gateway.pay_checkout("cs_test_1")
    cancelled = await billing.topups.cancel(topup.id or 0)
    assert cancelled.status == "succeeded"
    assert await billing.money(company_id) == 5_000


@pytest.mark.parametrize(("lost", "status"), [("request", "cancelled"), ("answer", "succeeded")])
async def test_cancelling_what_was_never_answered_asks_stripe_first(
    billing: Billing, gateway: FakeGateway, lost: str, status: str
) -> None:
    company_id = await billing.company()
    await billing.topups.charge(company_id, 1_000, payment_method="pm_card_visa")  # so that there is a customer
    (gateway.before if lost == "request" else gateway.after).append(unreachable())
    with pytest.raises(GatewayUnavailable):
        await billing.topups.charge(company_id, 5_000, payment_method="pm_card_visa")
    given_up = await billing.topups.cancel(2)
    assert given_up.status == status
    assert await billing.money(company_id) == (6_000 if status == "succeeded" else 1_000)
    assert await billing.breaches() == []


async def test_cancelling_ends_the_page(billing: Billing, gateway: FakeGateway) -> None:
    company_id = await billing.company()
    topup = await open_checkout(billing, company_id)
    assert (await billing.topups.cancel(topup.id or 0)).status == "cancelled"
    assert gateway.checkouts["cs_test_1"].status == "expired"
    with pytest.raises(Refused, match="cancelled"):
        await billing.topups.cancel(topup.id or 0)
    with pytest.raises(UnknownTopup):
        await billing.topups.cancel(77)


# A charge at once ---------------------------------------------------------------------------------------------------


async def test_a_test_card_is_charged_and_credited_at_once(billing: Billing, gateway: FakeGateway) -> None:
    company_id = await billing.company(balance_cents=1_000)
    topup = await billing.topups.charge(company_id, 5_000, payment_method="pm_card_visa")
    assert (topup.status, topup.stripe_payment_intent_id, topup.stripe_charge_id, topup.payment_method_label) == (
        "succeeded",
        "pi_1",
        "ch_1",
        "visa •••• 4242",
    )
    assert await billing.money(company_id) == 6_000
    # Only a Checkout asks the customer whether the card may be kept.
    assert (await billing.balance(company_id)).stripe_payment_method_id is None


async def test_a_decline_is_an_outcome_with_its_codes(billing: Billing) -> None:
    company_id = await billing.company()
    topup = await billing.topups.charge(company_id, 5_000, payment_method="pm_card_chargeDeclinedInsufficientFunds")
    assert (topup.status, topup.failure_code, topup.decline_code, topup.stripe_payment_intent_id) == (
        "failed",
        "card_declined",
        "insufficient_funds",
        "pi_1",
    )
    assert await billing.booked(company_id) == []


async def test_a_charge_killed_before_its_answer_is_made_once_and_credited_once(
    billing: Billing, gateway: FakeGateway
) -> None:
    company_id = await billing.company()
    await billing.topups.charge(company_id, 1_000, payment_method="pm_card_visa")
    gateway.after.append(ProcessKilled())
    with pytest.raises(ProcessKilled):
        await billing.topups.charge(company_id, 5_000, payment_method="pm_card_visa")
    killed = (await billing.topups_of(company_id))[-1]
    assert (killed.status, await billing.money(company_id)) == ("pending", 1_000)
    restarted = billing.restarted()
    for _ in range(2):
        assert (await restarted.topups.resume(killed.id or 0)).status == "succeeded"
    assert len(gateway.charges) == 2
    assert await billing.money(company_id) == 6_000
    assert await billing.breaches() == []


async def test_a_charge_killed_before_it_was_asked_is_made_after_the_restart(
    billing: Billing, gateway: FakeGateway
) -> None:
    company_id = await billing.company()
    await billing.topups.charge(company_id, 1_000, payment_method="pm_card_visa")
    gateway.before.append(ProcessKilled())
    with pytest.raises(ProcessKilled):
        await billing.topups.charge(company_id, 5_000, payment_method="pm_card_visa")
    killed = (await billing.topups_of(company_id))[-1]
    assert (await billing.restarted().topups.resume(killed.id or 0)).status == "succeeded"
    assert await billing.money(company_id) == 6_000


@pytest.mark.parametrize(
    ("reached_stripe", "status", "money"), [(True, "succeeded", 6_000), (False, "cancelled", 1_000)]
)
async def test_after_a_day_the_payment_is_looked_up_never_charged_again(
    billing: Billing, gateway: FakeGateway, reached_stripe: bool, status: str, money: int
) -> None:
    company_id = await billing.company()
    await billing.topups.charge(company_id, 1_000, payment_method="pm_card_visa")
    (gateway.after if reached_stripe else gateway.before).append(ProcessKilled())
    with pytest.raises(ProcessKilled):
        await billing.topups.charge(company_id, 5_000, payment_method="pm_card_visa")
    charges = len(gateway.charges)
    billing.clock.advance(timedelta(hours=30))
    found = await billing.restarted().topups.resume((await billing.topups_of(company_id))[-1].id or 0)
    assert (found.status, len(gateway.charges)) == (status, charges)
    assert await billing.money(company_id) == money


async def test_the_webhook_and_the_direct_answer_credit_once_in_either_order(
    billing: Billing, gateway: FakeGateway
) -> None:
    company_id = await billing.company()
    await billing.topups.charge(company_id, 1_000, payment_method="pm_card_visa")
    gateway.after.append(ProcessKilled())
    with pytest.raises(ProcessKilled):
        await billing.topups.charge(company_id, 5_000, payment_method="pm_card_visa")
    killed = (await billing.topups_of(company_id))[-1]
    story = Story(killed.id, company_id, name="2")
    told = event("payment_intent.succeeded", story.intent(id="pi_2", latest_charge="ch_2"))
    await billing.db.write(receive, [told], now=billing.clock.now())
    assert await billing.money(company_id) == 6_000
    assert (await billing.restarted().topups.resume(killed.id or 0)).status == "succeeded"
    assert await billing.money(company_id) == 6_000


async def test_a_charge_that_needs_authentication_waits_with_the_banks_page(
    billing: Billing, gateway: FakeGateway
) -> None:
    company_id = await billing.company()
    waiting = await billing.topups.charge(company_id, 5_000, payment_method=AUTHENTICATING, return_url=SUCCESS)
    assert (waiting.status, waiting.checkout_url) == ("requires_action", "http://bank.example/3ds")
    gateway.set_payment("pi_1", "succeeded")
    assert (await billing.topups.resume(waiting.id or 0)).status == "succeeded"
    assert await billing.money(company_id) == 5_000


async def test_a_customer_who_never_authenticates_is_given_up_after_an_hour(
    billing: Billing, gateway: FakeGateway
) -> None:
    company_id = await billing.company()
    waiting = await billing.topups.charge(company_id, 5_000, payment_method=AUTHENTICATING, return_url=SUCCESS)
    billing.clock.advance(timedelta(minutes=61))
    assert (await billing.topups.resume(waiting.id or 0)).status == "cancelled"
    assert gateway.payments["pi_1"].status == "canceled"


async def test_only_cards_of_the_company_are_charged(billing: Billing, gateway: FakeGateway) -> None:
    mine, other = await billing.company(), await billing.company(slug="other")
    with pytest.raises(Refused, match="no saved card"):
        await billing.topups.charge(mine, 5_000)
    await billing.auto_topups.configure(other, payment_method="pm_card_visa")
    (saved,) = gateway.methods
    with pytest.raises(Refused, match="does not belong"):
        await billing.topups.charge(mine, 5_000, payment_method=saved)
    assert (await billing.topups.charge(other, 5_000, payment_method=saved)).status == "succeeded"
    assert (await billing.topups.charge(other, 5_000)).status == "succeeded"
    assert await billing.money(mine) == 0


async def test_a_request_made_again_with_its_key_is_the_same_topup(billing: Billing, gateway: FakeGateway) -> None:
    """One after the other, twenty at once, and after a crash before Stripe's answer: one charge, one credit."""
    company_id = await billing.company()

    async def ask(engine: Billing = billing) -> Topup:
        return await engine.topups.charge(company_id, 5_000, payment_method="pm_card_visa", request_key="order 7")

    await billing.topups.charge(company_id, 1_000, payment_method="pm_card_visa")
    gateway.after.append(ProcessKilled())
    with pytest.raises(ProcessKilled):
        await ask()
    again = await ask(billing.restarted())
    all_of_them = await asyncio.gather(*(ask() for _ in range(20)))
    assert {topup.id for topup in all_of_them} == {again.id}
    assert (again.status, len(gateway.charges), await billing.money(company_id)) == ("succeeded", 2, 6_000)
    other = await billing.topups.charge(company_id, 5_000, payment_method="pm_card_visa", request_key="order 8")
    assert (other.id != again.id, await billing.money(company_id)) == (True, 11_000)
    assert await billing.breaches() == []


async def test_a_key_belongs_to_one_request_of_one_company(billing: Billing) -> None:
    company_id, other_id = await billing.company(), await billing.company(slug="other")
    mine = await billing.topups.charge(company_id, 5_000, payment_method="pm_card_visa", request_key="7")
    theirs = await billing.topups.charge(other_id, 6_000, payment_method="pm_card_visa", request_key="7")
    assert mine.id != theirs.id
    with pytest.raises(KeyUsedOtherwise, match=r"used for top-up 1 over 50\.00 EUR"):
        await billing.topups.charge(company_id, 6_000, payment_method="pm_card_visa", request_key="7")
    with pytest.raises(KeyUsedOtherwise):
        await billing.topups.checkout(
            company_id, 5_000, success_url="http://x.example", cancel_url="http://x.example", request_key="7"
        )
    assert [await billing.money(company_id), await billing.money(other_id)] == [5_000, 6_000]


# Money back ---------------------------------------------------------------------------------------------------------


async def test_a_refund_is_booked_at_once_whatever_becomes_of_its_webhook_and_never_more_than_was_paid(
    billing: Billing, gateway: FakeGateway
) -> None:
    company_id = await billing.company()
    topup = await billing.topups.charge(company_id, 5_000, payment_method="pm_card_visa")
    topup_id = topup.id or 0
    receipt = await billing.topups.refund(topup_id, amount_cents=2_000, reason="requested_by_customer")
    assert (receipt.refund_id, receipt.amount_cents, await billing.money(company_id)) == ("re_1", 2_000, 3_000)
    with pytest.raises(RefundTooLarge) as too_large:
        await billing.topups.refund(topup_id, amount_cents=3_001)
    assert "30.00 EUR" in (too_large.value.remedy or "")
    with pytest.raises(InvalidAmount):
        await billing.topups.refund(topup_id, amount_cents=0)
    assert (await billing.topups.refund(topup_id)).amount_cents == 3_000
    with pytest.raises(NothingToRefund):
        await billing.topups.refund(topup_id)
    assert [refund.amount_cents for refund in gateway.refunds] == [2_000, 3_000]
    assert await billing.money(company_id) == 0
    story = Story(topup_id, company_id, name="1")
    told = [
        event("refund.created", story.refund(0, 2_000, id="re_1", payment_intent="pi_1")),
        event("refund.created", story.refund(0, 3_000, id="re_2", payment_intent="pi_1")),
        event("charge.refunded", story.charge(id="ch_1", payment_intent="pi_1", amount_refunded=5_000)),
    ]
    await billing.db.write(receive, told, now=billing.clock.now())
    assert [(row.reason or "").partition(";")[0] for row in await billing.events()] == [
        "the balance said so already"
    ] * 3
    assert await billing.money(company_id) == 0
    assert await billing.breaches() == []


async def test_a_refund_that_fails_and_is_made_again_is_booked_each_time(
    billing: Billing, gateway: FakeGateway
) -> None:
    """There and back as often as it happens: by answer, by event, by answer, with the same amounts."""
    company_id = await billing.company()
    topup = await billing.topups.charge(company_id, 5_000, payment_method="pm_card_visa")
    story = Story(topup.id, company_id, name="1")
    for number in (1, 2, 3):
        refund = await billing.topups.refund(topup.id or 0, amount_cents=2_000)
        assert await billing.money(company_id) == 3_000
        failed = story.refund(0, 2_000, id=refund.refund_id, payment_intent="pi_1", status="failed")
        told = event("refund.failed", failed, created=1_793_610_000 + number)
        await billing.db.write(receive, [told], now=billing.clock.now())
        assert await billing.money(company_id) == 5_000
    assert [row[1] for row in await billing.booked(company_id)] == [5_000, *[-2_000, 2_000] * 3]
    assert await billing.breaches() == []


async def test_a_refund_that_stripe_refuses_after_all_is_not_booked(billing: Billing, gateway: FakeGateway) -> None:
    """An answer may say at once that the money cannot go back."""
    company_id = await billing.company()
    topup = await billing.topups.charge(company_id, 5_000, payment_method="pm_card_visa")
    gateway.refund_status = "failed"
    assert (await billing.topups.refund(topup.id or 0, amount_cents=2_000)).status == "failed"
    assert await billing.money(company_id) == 5_000
    gateway.refund_status = "pending"
    await billing.topups.refund(topup.id or 0, amount_cents=2_000)
    assert await billing.money(company_id) == 3_000
    assert await billing.breaches() == []


async def test_a_refund_killed_before_its_answer_is_made_once(billing: Billing, gateway: FakeGateway) -> None:
    company_id = await billing.company()
    topup = await billing.topups.charge(company_id, 5_000, payment_method="pm_card_visa")
    gateway.after.append(ProcessKilled())
    with pytest.raises(ProcessKilled):
        await billing.topups.refund(topup.id or 0, amount_cents=2_000)
    again = await billing.restarted().topups.refund(topup.id or 0, amount_cents=2_000)
    assert (again.refund_id, len(gateway.refunds)) == ("re_1", 1)


async def test_a_refund_made_again_with_its_key_is_the_same_refund(billing: Billing, gateway: FakeGateway) -> None:
    """After a crash before Stripe's answer, twenty at once, and when all is over: the money goes back once."""
    company_id = await billing.company()
    topup = await billing.topups.charge(company_id, 5_000, payment_method="pm_card_visa")
    topup_id = topup.id or 0

    async def ask(engine: Billing = billing, amount_cents: int | None = 1_000) -> RefundReceipt:
        return await engine.topups.refund(topup_id, amount_cents=amount_cents, request_key="case 7")

    gateway.after.append(ProcessKilled())
    with pytest.raises(ProcessKilled):
        await ask()
    again = await ask(billing.restarted())
    all_of_them = await asyncio.gather(*(ask() for _ in range(20)), ask(amount_cents=None))
    assert {receipt.refund_id for receipt in all_of_them} == {again.refund_id}
    assert (len(gateway.refunds), await billing.money(company_id)) == (1, 4_000)
    # The same amount once more, because somebody means it: under another name, and without one.
    await billing.topups.refund(topup_id, amount_cents=1_000, request_key="case 8")
    await billing.topups.refund(topup_id, amount_cents=1_000)
    assert (len(gateway.refunds), await billing.money(company_id)) == (3, 2_000)
    assert await billing.breaches() == []


async def test_the_key_of_a_refund_belongs_to_one_request(billing: Billing, gateway: FakeGateway) -> None:
    company_id = await billing.company()
    mine = await billing.topups.charge(company_id, 5_000, payment_method="pm_card_visa", request_key="7")
    other = await billing.topups.charge(company_id, 5_000, payment_method="pm_card_visa")
    await billing.topups.refund(mine.id or 0, amount_cents=1_000, request_key="7")
    for topup, amount_cents in ((mine, 2_000), (other, 1_000)):
        with pytest.raises(KeyUsedOtherwise, match=r"a refund of 10\.00 EUR of top-up 1"):
            await billing.topups.refund(topup.id or 0, amount_cents=amount_cents, request_key="7")
    # What Stripe has refused stays refused under its name.
    gateway.before.append(Refused("Stripe refused the request: the charge is disputed"))
    for _ in range(2):
        with pytest.raises(Refused, match="the charge is disputed"):
            await billing.topups.refund(other.id or 0, amount_cents=1_000, request_key="8")
    assert (len(gateway.refunds), await billing.money(company_id)) == (1, 9_000)


async def test_a_refund_that_stripe_refuses_frees_its_amount(billing: Billing, gateway: FakeGateway) -> None:
    company_id = await billing.company()
    topup = await billing.topups.charge(company_id, 5_000, payment_method="pm_card_visa")
    gateway.before.append(Refused("Stripe refused the request: the charge is disputed"))
    with pytest.raises(Refused):
        await billing.topups.refund(topup.id or 0, amount_cents=2_000)
    assert (await billing.topups.refund(topup.id or 0)).amount_cents == 5_000


async def test_only_a_paid_topup_can_be_refunded(billing: Billing) -> None:
    company_id = await billing.company()
    topup = await open_checkout(billing, company_id)
    with pytest.raises(Refused, match="only a paid one"):
        await billing.topups.refund(topup.id or 0)
    with pytest.raises(UnknownTopup):
        await billing.topups.refund(77)
