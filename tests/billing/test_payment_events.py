"""Payment events: each payment is credited once, whatever the order, the number and the kind of its events."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from billing.handlers import HANDLERS
from billing.models import LEGAL_MOVES, BonusRule, EventStatus, TopupOrigin, TopupStatus
from tests.support.events import Json, Story, event, receive
from tests.support.services import Billing


async def tell(billing: Billing, *bodies: bytes) -> None:
    """Deliver and process one by one, as separate transactions."""
    for body in bodies:
        await billing.db.write(receive, [body], now=billing.clock.now())


async def story_of(billing: Billing, **changes: Any) -> Story:
    company_id = await billing.company(balance_cents=1_000)
    return Story(await billing.pending_topup(company_id, **changes), company_id)


SUCCESS = ("checkout.session.completed", "payment_intent.succeeded", "charge.succeeded")


def successes(story: Story) -> dict[str, bytes]:
    return {
        "checkout.session.completed": event("checkout.session.completed", story.checkout()),
        "payment_intent.succeeded": event("payment_intent.succeeded", story.intent()),
        "charge.succeeded": event("charge.succeeded", story.charge()),
    }


@pytest.mark.parametrize("order", permutations(SUCCESS), ids=" ".join)
async def test_every_order_with_duplicates_credits_once(billing: Billing, order: tuple[str, ...]) -> None:
    story = await story_of(billing)
    told = successes(story)
    twice = [told[type_] for type_ in order for _ in range(2)]
    same_fact_again = [event(type_, _object(story, type_)) for type_ in order]
    await tell(billing, *twice, *same_fact_again)
    topup = await billing.topup(story.topup_id or 0)
    assert (topup.status, topup.stripe_payment_intent_id, topup.stripe_checkout_session_id, topup.stripe_charge_id) == (
        "succeeded",
        story.intent_id,
        story.session_id,
        story.charge_id,
    )
    assert (topup.payment_method_label, topup.stripe_payment_method_id) == ("visa •••• 4242", story.method_id)
    balance = await billing.balance(story.company_id)
    assert (balance.balance_cents, balance.stripe_payment_method_id) == (6_000, story.method_id)
    assert await billing.booked(story.company_id) == [("adjustment", 1_000, 0), ("topup", 5_000, 0)]
    events = await billing.events()
    assert {row.status for row in events} == {EventStatus.COMPLETED}
    assert {(row.company_id, row.topup_id) for row in events} == {(story.company_id, story.topup_id)}
    assert await billing.breaches() == []


def _object(story: Story, type_: str) -> Json:
    return {"checkout.session": story.checkout, "payment_intent": story.intent, "charge": story.charge}[
        HANDLERS[type_].object_type
    ]()


@pytest.mark.parametrize("only", SUCCESS[:2])
async def test_one_event_is_enough(billing: Billing, only: str) -> None:
    story = await story_of(billing)
    await tell(billing, successes(story)[only])
    assert await billing.money(story.company_id) == 6_000
    reason = (await billing.events())[0].reason
    assert reason == "credited 50.00 EUR to acme; balance 10.00 → 60.00"


async def test_a_charge_alone_credits_nothing(billing: Billing) -> None:
    story = await story_of(billing)
    await tell(billing, successes(story)["charge.succeeded"])
    assert await billing.money(story.company_id) == 1_000
    assert (await billing.topup(story.topup_id or 0)).stripe_charge_id == story.charge_id


# Contradictions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("type_", "changes", "why"),
    [
        ("checkout.session.completed", {"amount_total": 4_999}, "49.99 EUR, but top-up 1 asks for 50.00 EUR"),
        ("checkout.session.completed", {"currency": "usd"}, "50.00 USD, but"),
        ("checkout.session.completed", {"amount_total": None}, "names no amount"),
        ("checkout.session.completed", {"amount_total": -5_000}, "cannot be read"),
        ("checkout.session.completed", {"object": "payment_intent"}, "its object is a payment_intent"),
        ("payment_intent.succeeded", {"amount_received": 500_000}, "5,000.00 EUR, but"),
        ("payment_intent.succeeded", {"amount_received": 0}, "0.00 EUR, but"),
        ("payment_intent.succeeded", {"currency": "chf"}, "50.00 CHF, but"),
        ("payment_intent.succeeded", {"amount_received": "5000"}, "cannot be read"),
        ("payment_intent.succeeded", {"amount_received": 10**40}, "cannot be read"),
        ("payment_intent.succeeded", {"metadata": {"topup_id": "1", "company_id": "77"}}, "names company 77"),
    ],
)
async def test_what_contradicts_the_topup_is_quarantined(billing: Billing, type_: str, changes: Json, why: str) -> None:
    story = await story_of(billing)
    await tell(billing, event(type_, {**_object(story, type_), **changes}))
    (kept,) = await billing.events()
    assert kept.status is EventStatus.QUARANTINED
    assert why in (kept.reason or "")
    assert await billing.money(story.company_id) == 1_000
    assert (await billing.topup(story.topup_id or 0)).status == "processing"


async def test_a_payment_of_one_topup_that_names_another_is_quarantined(billing: Billing) -> None:
    company_id = await billing.company()
    first = Story(await billing.pending_topup(company_id, intent_id="pi_a"), company_id)
    second = await billing.pending_topup(company_id, key="key_2", intent_id="pi_b")
    wrong = first.intent(id="pi_a", metadata={"topup_id": str(second)})
    alone = first.intent(id="pi_c", metadata={"topup_id": str(second)})
    await tell(billing, event("payment_intent.succeeded", wrong), event("payment_intent.succeeded", alone))
    reasons = [(row.status, row.reason) for row in await billing.events()]
    assert [status for status, _ in reasons] == ["quarantined", "quarantined"]
    assert "more than one top-up: 1 and 2" in (reasons[0][1] or "")
    assert "paid by pi_b" in (reasons[1][1] or "")
    assert await billing.money(company_id) == 0


async def test_a_topup_of_another_installation_on_the_same_account_is_not_ours(billing: Billing) -> None:
    story = await story_of(billing, key="mine")
    foreign = {"topup_id": str(story.topup_id), "company_id": str(story.company_id), "topup_key": "theirs"}
    await tell(billing, event("payment_intent.succeeded", story.intent(metadata=foreign)))
    (kept,) = await billing.events()
    assert (kept.status, await billing.money(story.company_id)) == (EventStatus.UNMATCHED, 1_000)
    mine = foreign | {"topup_key": "mine"}
    await tell(billing, event("payment_intent.succeeded", story.intent(metadata=mine)))
    assert await billing.money(story.company_id) == 6_000


@pytest.mark.parametrize("metadata", [{"topup_id": "99"}, {"topup_id": "ord_7"}, {"topup_id": "-1"}, {}, None])
async def test_a_payment_without_a_topup_waits(billing: Billing, metadata: dict[str, str] | None) -> None:
    company_id = await billing.company()
    await tell(billing, event("payment_intent.succeeded", Story(None, company_id).intent(metadata=metadata)))
    (kept,) = await billing.events()
    assert kept.status is EventStatus.UNMATCHED
    assert await billing.money(company_id) == 0


@pytest.mark.parametrize("order", permutations(SUCCESS), ids=" ".join)
async def test_a_payment_link_gets_its_topup_from_its_first_event(billing: Billing, order: tuple[str, ...]) -> None:
    company_id = await billing.company()
    story = Story(None, company_id, metadata={"company_id": str(company_id), "type": "balance_topup"})
    told = successes(story)
    await tell(billing, *(told[type_] for type_ in order), *told.values())
    (created,) = await billing.topups_of(company_id)
    assert (created.origin, created.status, created.amount_cents) == (TopupOrigin.PUBLIC, "succeeded", 5_000)
    assert await billing.booked(company_id) == [("topup", 5_000, 0)]
    assert {row.status for row in await billing.events()} == {EventStatus.COMPLETED}
    # Their card is the payer's, not the company's.
    assert (await billing.balance(company_id)).stripe_payment_method_id is None
    assert await billing.breaches() == []


async def test_a_payment_link_for_a_company_that_does_not_exist_waits(billing: Billing) -> None:
    story = Story(None, 77, metadata={"company_id": "77", "type": "balance_topup"})
    await tell(billing, event("payment_intent.succeeded", story.intent()))
    assert (await billing.events())[0].status is EventStatus.UNMATCHED


# Endings other than success -----------------------------------------------------------------------------------------


async def test_a_late_decline_does_not_overwrite_a_success(billing: Billing) -> None:
    story = await story_of(billing)
    await tell(
        billing,
        event("payment_intent.succeeded", story.intent()),
        event("payment_intent.payment_failed", story.declined()),
        event("charge.failed", story.charge(id="ch_other", status="failed", failure_code="card_declined")),
        event("payment_intent.canceled", story.intent(status="canceled")),
        event("checkout.session.expired", story.checkout(status="expired", payment_status="unpaid")),
        event("checkout.session.async_payment_failed", story.checkout(payment_status="unpaid")),
        event("payment_intent.processing", story.intent(status="processing", amount_received=0)),
        event("payment_intent.requires_action", story.intent(status="requires_action", amount_received=0)),
    )
    topup = await billing.topup(story.topup_id or 0)
    assert (topup.status, topup.failure_code, topup.stripe_charge_id) == ("succeeded", None, story.charge_id)
    assert [row.status for row in await billing.events()] == ["completed", *["ignored"] * 7]
    assert await billing.money(story.company_id) == 6_000


async def test_a_decline_keeps_its_codes_and_a_later_success_still_credits(billing: Billing) -> None:
    story = await story_of(billing)
    await tell(billing, event("payment_intent.payment_failed", story.declined()))
    declined = await billing.topup(story.topup_id or 0)
    assert (declined.status, declined.failure_code, declined.decline_code, declined.failure_message) == (
        "failed",
        "card_declined",
        "insufficient_funds",
        "Your card has insufficient funds.",
    )
    await tell(billing, event("checkout.session.completed", story.checkout()))
    paid = await billing.topup(story.topup_id or 0)
    assert (paid.status, paid.failure_code) == ("succeeded", None)
    assert await billing.money(story.company_id) == 6_000


def endings(story: Story) -> dict[str, bytes]:
    lost = story.declined(decline_code="lost_card")
    return {
        "expired": event("checkout.session.expired", story.checkout(status="expired", payment_status="unpaid")),
        "canceled": event("payment_intent.canceled", story.intent(status="canceled", amount_received=0)),
        "declined": event("payment_intent.payment_failed", story.declined(), created=1_793_610_000),
        "declined later": event("payment_intent.payment_failed", lost, created=1_793_610_009),
    }


@pytest.mark.parametrize("order", permutations(["expired", "canceled", "declined", "declined later"]), ids=", ".join)
async def test_every_order_of_endings_ends_alike(billing: Billing, order: tuple[str, ...]) -> None:
    story = await story_of(billing)
    told = endings(story)
    await tell(billing, *(told[name] for name in order), told[order[0]])
    topup = await billing.topup(story.topup_id or 0)
    assert (topup.status, topup.decline_code) == ("failed", "lost_card")
    assert await billing.money(story.company_id) == 1_000


@pytest.mark.parametrize(
    ("type_", "status"),
    [("checkout.session.expired", "cancelled"), ("payment_intent.canceled", "cancelled")],
)
async def test_what_was_never_paid_is_cancelled(billing: Billing, type_: str, status: str) -> None:
    story = await story_of(billing)
    await tell(billing, event(type_, {**_object(story, type_), "status": "expired"}))
    assert (await billing.topup(story.topup_id or 0)).status == status


async def test_a_bank_debit_is_processing_until_the_bank_answers(billing: Billing) -> None:
    story = await story_of(billing, status=TopupStatus.PENDING)
    unpaid = event("checkout.session.completed", story.checkout(payment_status="unpaid"))
    await tell(billing, unpaid)
    assert (await billing.topup(story.topup_id or 0)).status == "processing"
    assert await billing.money(story.company_id) == 1_000
    await tell(billing, event("checkout.session.async_payment_succeeded", story.checkout()), unpaid)
    assert (await billing.topup(story.topup_id or 0)).status == "succeeded"
    assert await billing.money(story.company_id) == 6_000


async def test_a_bank_debit_that_fails_fails_the_topup(billing: Billing) -> None:
    story = await story_of(billing)
    await tell(
        billing,
        event("checkout.session.completed", story.checkout(payment_status="unpaid")),
        event("checkout.session.async_payment_failed", story.checkout(payment_status="unpaid")),
    )
    failed = await billing.topup(story.topup_id or 0)
    assert (failed.status, failed.failure_code) == ("failed", "payment_failed")
    assert await billing.money(story.company_id) == 1_000


async def test_authentication_is_a_state_with_its_page(billing: Billing) -> None:
    story = await story_of(billing, status=TopupStatus.PENDING)
    action = {"type": "redirect_to_url", "redirect_to_url": {"url": "http://bank.example/3ds"}}
    waiting = story.intent(status="requires_action", amount_received=0, next_action=action)
    await tell(billing, event("payment_intent.requires_action", waiting))
    topup = await billing.topup(story.topup_id or 0)
    assert (topup.status, topup.checkout_url) == ("requires_action", "http://bank.example/3ds")


# Bonus, saved card, the table ---------------------------------------------------------------------------------------


async def test_the_bonus_comes_with_the_credit_and_first_time_counts_once(billing: Billing) -> None:
    now = billing.clock.now()

    def add_rules(session: Any) -> None:
        session.add(BonusRule(name="first", min_cents=1_000, bonus_basis_points=2_000, priority=9,
                              is_first_time_only=True, created_at=now, updated_at=now))  # fmt: skip
        session.add(BonusRule(name="always", min_cents=1_000, bonus_basis_points=1_000, created_at=now, updated_at=now))

    await billing.db.write(add_rules)
    story = await story_of(billing)
    second = Story(await billing.pending_topup(story.company_id, key="key_2"), story.company_id)
    await tell(billing, *successes(story).values(), *successes(second).values())
    assert await billing.booked(story.company_id) == [
        ("adjustment", 1_000, 0),
        ("topup", 5_000, 0),
        ("bonus", 0, 1_000),
        ("topup", 5_000, 0),
        ("bonus", 0, 500),
    ]
    assert (await billing.topup(story.topup_id or 0)).bonus_cents == 1_000
    assert "bonus 10.00 EUR" in ((await billing.events())[0].reason or "")
    assert await billing.breaches() == []


@pytest.mark.parametrize(
    "order", permutations(["detached", "payment_intent.succeeded", "charge.succeeded"]), ids=" ".join
)
async def test_a_card_that_was_taken_off_is_not_kept_whatever_the_order(
    billing: Billing, order: tuple[str, ...]
) -> None:
    story = await story_of(billing, session_id="cs_kept")
    told = successes(story)
    told["detached"] = event("payment_method.detached", {"id": story.method_id, "object": "payment_method"})
    await tell(billing, *(told[name] for name in order))
    balance = await billing.balance(story.company_id)
    assert (balance.balance_cents, balance.stripe_payment_method_id) == (6_000, None)


def test_every_rule_says_what_it_does_and_reads_an_object_of_its_type() -> None:
    for type_, rule in HANDLERS.items():
        assert rule.effect.endswith(".")
        assert rule.object_type in {
            "checkout.session",
            "payment_intent",
            "charge",
            "refund",
            "dispute",
            "payment_method",
            "customer",
        }, type_


def test_a_success_is_never_left() -> None:
    assert LEGAL_MOVES[TopupStatus.SUCCEEDED] == frozenset()
    assert all(TopupStatus.SUCCEEDED in moves for status, moves in LEGAL_MOVES.items() if status != "succeeded")
