"""What Stripe says of a payment, one function per kind of thing: its events, and its answers to requests of ours.

The objects are as they are at the time of the event. An answer races with the events.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session, select

from billing.errors import CardDeclined
from billing.gateway import Checkout, GatewayRefund, Payment
from billing.models import PaymentRefund
from billing.policy import Policy
from billing.refund_requests import REQUESTED, record_refund
from billing.topup_answers import record_checkout, record_decline, record_payment
from tests.support.events import Story, event

POLICY = Policy()

Answer = Callable[[Session, datetime], None]
Said = bytes | Answer
"""An event as it is delivered, or the effect of a direct answer."""
Step = Callable[[Story, int], Said]
"""What is said about a story at a second of Stripe's clock."""


@dataclass(frozen=True)
class _Object:
    """An event about one object of the story, changed in some fields."""

    type: str
    build: Callable[..., dict[str, Any]]
    changes: Mapping[str, Any] = field(default_factory=dict)
    arguments: tuple[Any, ...] = ()

    def __call__(self, story: Story, second: int) -> bytes:
        subject = self.build(story, *self.arguments, **self.changes)
        return event(self.type, subject, created=second)


def session_told(what: str, **changes: Any) -> Step:
    return _Object(f"checkout.session.{what}", Story.checkout, changes)


def intent_told(what: str, **changes: Any) -> Step:
    return _Object(f"payment_intent.{what}", Story.intent, changes)


def charge_told(what: str, **changes: Any) -> Step:
    return _Object(f"charge.{what}", Story.charge, changes)


def refund_told(what: str, number: int, cents: int, **changes: Any) -> Step:
    return _Object(what, Story.refund, changes, (number, cents))


def dispute_told(what: str, status: str, **changes: Any) -> Step:
    return _Object(f"charge.dispute.{what}", Story.dispute, {"status": status, **changes})


def method_told(what: str) -> Step:
    def build(story: Story) -> dict[str, Any]:
        return {"id": story.method_id, "object": "payment_method", "type": "card", "customer": None}

    return _Object(f"payment_method.{what}", build)


def declined(story: Story, second: int) -> bytes:
    return event("payment_intent.payment_failed", story.declined(), created=second)


def charge_declined(story: Story, second: int) -> bytes:
    charge = story.charge(
        id=f"{story.charge_id}_failed",
        status="failed",
        failure_code="card_declined",
        failure_message="Your card has insufficient funds.",
        outcome={"reason": "insufficient_funds"},
    )
    return event("charge.failed", charge, created=second)


# What Stripe answers to ourselves -----------------------------------------------------------------------------------


def page_opened(story: Story, _second: int) -> Answer:
    checkout = Checkout(
        session_id=story.session_id,
        url="http://checkout.example/page",
        status="open",
        payment_status="unpaid",
        payment_intent_id=None,
        amount_cents=story.amount_cents,
        currency=story.currency,
        expires_at=None,
    )
    return lambda session, now: void(record_checkout(session, story.topup_id or 0, checkout, policy=POLICY, now=now))


def payment_answered(story: Story, _second: int) -> Answer:
    payment = Payment(
        intent_id=story.intent_id,
        status="succeeded",
        amount_cents=story.amount_cents,
        received_cents=story.amount_cents,
        currency=story.currency,
        charge_id=story.charge_id,
        payment_method_id=story.method_id,
        payment_method_label="visa •••• 4242",
    )
    return lambda session, now: void(record_payment(session, story.topup_id or 0, payment, policy=POLICY, now=now))


def decline_answered(story: Story, _second: int) -> Answer:
    declined = CardDeclined(
        "Your card has insufficient funds.",
        failure_code="card_declined",
        decline_code="insufficient_funds",
        payment_intent_id=story.intent_id,
        charge_id=f"{story.charge_id}_failed",
    )
    return lambda session, now: void(record_decline(session, story.topup_id or 0, declined, policy=POLICY, now=now))


def refund_answered(number: int, cents: int) -> Callable[[Story, int], Answer]:
    """The answer to our own request for a refund, whose row is there unless an event was faster."""

    def build(story: Story, _second: int) -> Answer:
        answer = GatewayRefund(refund_id=f"re_{story.name}_{number}", status="pending", amount_cents=cents)

        def tell(session: Session, now: datetime) -> None:
            row = session.exec(select(PaymentRefund).where(PaymentRefund.refund_id == answer.refund_id)).first()
            if row is None:
                row = PaymentRefund(
                    topup_id=story.topup_id or 0, amount_cents=cents, status=REQUESTED, created_at=now, updated_at=now
                )
                session.add(row)
                session.flush()
            record_refund(session, row.id or 0, answer, now=now)

        return tell

    return build


def void(_value: object) -> None:
    """An answer is told for its effect."""
