"""Events as Stripe sends them, as short as a test needs: build an object, wrap it, deliver it to the inbox."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from billing.inbox import Arrival, EventHead, Stored, process, read_head, store

Json = dict[str, Any]
_numbers = itertools.count(1)


@dataclass
class Story:
    """One payment: what its objects are called, and the events that speak of it."""

    topup_id: int | None
    company_id: int
    amount_cents: int = 5_000
    currency: str = "eur"
    name: str = field(default_factory=lambda: f"{next(_numbers):04d}")
    metadata: Mapping[str, str] | None = None

    @property
    def intent_id(self) -> str:
        return f"pi_{self.name}"

    @property
    def session_id(self) -> str:
        return f"cs_test_{self.name}"

    @property
    def charge_id(self) -> str:
        return f"ch_{self.name}"

    @property
    def method_id(self) -> str:
        return f"pm_{self.name}"

    def _metadata(self) -> Json:
        if self.metadata is not None:
            return dict(self.metadata)
        found = {"company_id": str(self.company_id)}
        return found if self.topup_id is None else {**found, "topup_id": str(self.topup_id)}

    def checkout(self, **changes: Any) -> Json:
        return {
            "id": self.session_id,
            "object": "checkout.session",
            "mode": "payment",
            "status": "complete",
            "payment_status": "paid",
            "amount_total": self.amount_cents,
            "currency": self.currency,
            "payment_intent": self.intent_id,
            "client_reference_id": None if self.topup_id is None else str(self.topup_id),
            "metadata": self._metadata(),
            **changes,
        }

    def intent(self, **changes: Any) -> Json:
        return {
            "id": self.intent_id,
            "object": "payment_intent",
            "status": "succeeded",
            "amount": self.amount_cents,
            "amount_received": self.amount_cents,
            "currency": self.currency,
            "latest_charge": self.charge_id,
            "payment_method": self.method_id,
            "metadata": self._metadata(),
            **changes,
        }

    def charge(self, **changes: Any) -> Json:
        return {
            "id": self.charge_id,
            "object": "charge",
            "status": "succeeded",
            "amount": self.amount_cents,
            "amount_refunded": 0,
            "currency": self.currency,
            "payment_intent": self.intent_id,
            "payment_method": self.method_id,
            "payment_method_details": {"type": "card", "card": {"brand": "visa", "last4": "4242"}},
            "metadata": self._metadata(),
            **changes,
        }

    def refund(self, number: int, amount_cents: int, **changes: Any) -> Json:
        return {
            "id": f"re_{self.name}_{number}",
            "object": "refund",
            "amount": amount_cents,
            "status": "succeeded",
            "currency": self.currency,
            "charge": self.charge_id,
            "payment_intent": self.intent_id,
            "metadata": {},
            **changes,
        }

    def dispute(self, **changes: Any) -> Json:
        return {
            "id": f"dp_{self.name}",
            "object": "dispute",
            "amount": self.amount_cents,
            "status": "needs_response",
            "reason": "fraudulent",
            "currency": self.currency,
            "charge": self.charge_id,
            "payment_intent": self.intent_id,
            "balance_transactions": [],
            "metadata": {},
            **changes,
        }

    def declined(self, *, code: str = "card_declined", decline_code: str = "insufficient_funds") -> Json:
        error = {"code": code, "decline_code": decline_code, "message": "Your card has insufficient funds."}
        return self.intent(
            status="requires_payment_method", amount_received=0, latest_charge=f"ch_{self.name}_failed",
            payment_method=None, last_payment_error=error,
        )  # fmt: skip


def event(
    type_: str, subject: Json, *, event_id: str | None = None, created: int = 1_793_610_000, **changes: Any
) -> bytes:
    """The bytes of an event about `subject`."""
    body = {
        "id": event_id or f"evt_{next(_numbers):06d}",
        "object": "event",
        "api_version": "2026-10-28.endive",
        "created": created,
        "data": {"object": subject},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": type_,
        **changes,
    }
    return json.dumps(body, indent=2).encode()


def arrival(body: bytes, *, now: datetime, held: bool = False, source: str = "sandbox") -> Arrival:
    """A good delivery of these bytes."""
    head = read_head(body)
    assert isinstance(head, EventHead), head
    return Arrival(
        body=body,
        headers={"Content-Type": "application/json", "Stripe-Signature": "t=1,v1=0"},
        source=source,
        received_at=now,
        head=head,
        secret_label="sandbox",
        latency_us=80,
        held=held,
    )


def receive(session: Session, bodies: Sequence[bytes], *, now: datetime) -> list[Stored]:
    """Store and process, as relay and worker do, in one transaction."""
    stored = store(session, [arrival(body, now=now) for body in bodies])
    while process(session, now=now, limit=100).count:
        pass
    return stored


def later(now: datetime, **by: float) -> datetime:
    return now + timedelta(**by)
