"""What people did on the Checkout page: no operation of ours, so it is read from what Stripe said afterwards."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from devconsole.scenario.recording.facts import Facts, is_done
from relay.api import EventDetail, EventView, ListEvents, PerformedView, ShowEvent, TopupView
from relay.api.performed import DONE

PAY = "checkout.pay"
"""The step that pays."""
DECLINED_EVENT = "payment_intent.payment_failed"

PLAIN_GROUPS = ("success", "country", "decline")
"""Cards that `checkout.pay` can play; the others ask their holder something in a browser."""


@dataclass(frozen=True)
class Unplayable:
    """A payment that no step can repeat."""

    topup: TopupView
    at: datetime
    why: str


def payments_on_pages(facts: Facts) -> tuple[list[PerformedView], list[Unplayable]]:
    """Each payment of a Checkout of the stretch as a deed of its own, declined ones too."""
    paid: list[PerformedView] = []
    unplayable: list[Unplayable] = []
    for deed in facts.deeds:
        topup = facts.topup(deed.ids.get("id", "")) if deed.name == "topups.checkout" and is_done(deed) else None
        if topup is None:
            continue
        for at, brand, last4 in _attempts(facts, topup):
            card = card_of(facts, brand, last4)
            if card is None:
                what = f"it was paid with {brand} •••• {last4}, which needs a browser or is no test card"
                unplayable.append(Unplayable(topup, at, what))
            else:
                paid.append(
                    PerformedView(
                        at=at, ended_at=at, name=PAY, input={"topup": topup.id, "card": card}, outcome=DONE, ids={}
                    )
                )
    return paid, unplayable


def with_payments(deeds: Sequence[PerformedView], paid: Sequence[PerformedView]) -> list[PerformedView]:
    """In their order; what was paid at the very moment of other deeds stands right behind its page."""
    told = list(deeds)
    for payment in paid:
        topup = payment.input["topup"]
        of_topup = [n for n, deed in enumerate(told) if topup in (deed.ids.get("id"), deed.input.get("topup"))]
        page = max((n for n in of_topup if told[n].name in ("topups.checkout", PAY)), default=-1)
        told.insert(max(page + 1, bisect_left(told, payment.at, key=lambda deed: deed.at)), payment)
    return told


def card_of(facts: Facts, brand: str, last4: str) -> str | None:
    """The name of the test card that looks like this."""
    found = (
        card.name
        for card in facts.cards
        if card.group in PLAIN_GROUPS and card.number.endswith(last4) and card.brand == brand
    )
    return next(found, None)


def is_declined(facts: Facts, payment: PerformedView) -> bool:
    """Whether the card of a `checkout.pay` says no."""
    return any(card.name == payment.input["card"] and card.group == "decline" for card in facts.cards)


def read_label(label: str | None) -> tuple[str, str]:
    """Brand and last digits of `visa •••• 4242`."""
    brand, _, last4 = (label or "unknown").partition(" •••• ")
    return brand, last4


def _attempts(facts: Facts, topup: TopupView) -> Iterator[tuple[datetime, str, str]]:
    """When, brand, last four digits."""
    for event in _declines(facts, topup):
        detail: EventDetail = facts.call(ShowEvent(event=event.event_id))
        payload: dict[str, Any] = msgspec.json.decode(detail.payload)
        error = payload["data"]["object"].get("last_payment_error") or {}
        card = (error.get("payment_method") or {}).get("card") or {}
        yield event.received_at, str(card.get("brand")), str(card.get("last4"))
    if topup.paid_at is not None:
        yield topup.paid_at, *read_label(topup.payment_method_label)


def _declines(facts: Facts, topup: TopupView) -> list[EventView]:
    listed = facts.call(ListEvents(type=DECLINED_EVENT, company=topup.company_slug, limit=1000)).rows
    mine = {topup.payment_intent_id, f"topup_{topup.id}"}
    return [event for event in reversed(listed) if event.object_id in mine and event.received_at >= facts.began]
