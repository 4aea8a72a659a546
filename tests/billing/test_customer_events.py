"""Customers and payment methods as Stripe changes them: never money, never a card that nobody chose."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from sqlmodel import Session

from billing.ledger import balance_of
from billing.models import Company, EventStatus
from tests.support.events import event, receive
from tests.support.services import Billing

T0 = 1_793_610_000


async def company_with_card(billing: Billing, *, label: str | None = None) -> int:
    """A customer `cus_acme` whose automatic top-ups charge `pm_acme`."""
    company_id = await billing.company()

    def save(session: Session) -> None:
        session.get_one(Company, company_id).stripe_customer_id = "cus_acme"
        balance = balance_of(session, company_id)
        balance.stripe_payment_method_id, balance.payment_method_label = "pm_acme", label
        session.flush()

    await billing.db.write(save)
    return company_id


def method(last4: str, *, id: str = "pm_acme", customer: str | None = "cus_acme") -> dict[str, Any]:
    card = {"brand": "visa", "last4": last4}
    return {"id": id, "object": "payment_method", "customer": customer, "type": "card", "card": card}


async def tell(billing: Billing, *bodies: bytes) -> None:
    for body in bodies:
        await billing.db.write(receive, [body], now=billing.clock.now())


async def label_of(billing: Billing, company_id: int) -> str | None:
    return (await billing.balance(company_id)).payment_method_label


@pytest.mark.parametrize("order", permutations(range(3)))
async def test_the_latest_word_names_the_card_whatever_the_order(billing: Billing, order: tuple[int, ...]) -> None:
    company_id = await company_with_card(billing)
    told = [
        event("payment_method.attached", method("4242"), created=T0),
        event("payment_method.updated", method("1111"), created=T0 + 10),
        event("payment_method.updated", method("2222"), created=T0 + 20),
    ]
    await tell(billing, *(told[place] for place in order))
    assert await label_of(billing, company_id) == "visa •••• 2222"


async def test_a_method_that_was_only_attached_is_not_charged(billing: Billing) -> None:
    """Saving a card at Stripe is not consent to automatic top-ups."""
    company_id = await company_with_card(billing, label="visa •••• 4242")
    await tell(billing, event("payment_method.attached", method("9999", id="pm_other")))
    (stored,) = await billing.events()
    assert (stored.status, stored.company_id) == (EventStatus.IGNORED, company_id)
    balance = await billing.balance(company_id)
    assert (balance.stripe_payment_method_id, balance.payment_method_label) == ("pm_acme", "visa •••• 4242")


async def test_a_method_of_nobody_is_kept_and_explained(billing: Billing) -> None:
    await company_with_card(billing)
    nothing_to_see = {"id": "pm_x", "object": "payment_method", "type": "paypal"}
    await tell(
        billing,
        event("payment_method.attached", method("9999", id="pm_x", customer=None)),
        event("payment_method.updated", nothing_to_see),
    )
    assert [(row.status, row.company_id) for row in await billing.events()] == [(EventStatus.IGNORED, None)] * 2


async def test_a_customer_changed_at_stripe_changes_nothing_here_and_says_what_differs(billing: Billing) -> None:
    company_id = await company_with_card(billing)
    customer = {"id": "cus_acme", "object": "customer", "name": "Acme", "email": "new@acme.example"}
    await tell(billing, event("customer.updated", customer))
    (stored,) = await billing.events()
    assert (stored.status, stored.company_id) == (EventStatus.IGNORED, company_id)
    assert stored.reason == "at Stripe: e-mail new@acme.example, here billing@acme.example; ours stays"
    assert (await billing.company_row(company_id)).email == "billing@acme.example"


async def test_a_customer_who_is_as_we_know_them_is_said_so(billing: Billing) -> None:
    await company_with_card(billing)
    same = {"id": "cus_acme", "object": "customer", "name": "Acme", "email": "billing@acme.example"}
    await tell(billing, event("customer.updated", same), event("customer.updated", {**same, "id": "cus_else"}))
    assert [row.reason for row in await billing.events()] == [
        "Stripe's name and e-mail are ours",
        "no customer of ours: cus_else",
    ]
