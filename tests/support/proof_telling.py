"""A payment provider in memory that tells the model what its answers tell the engine, and keeps the events it owes."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

from billing.clock import ManualClock
from billing.errors import CardDeclined
from billing.gateway import ChargeRequest, Checkout, CheckoutRequest, GatewayRefund, Payment, RefundRequest
from tests.support.events import Story, event
from tests.support.gateway import FakeGateway
from tests.support.proof_model import Model

R = TypeVar("R", ChargeRequest, RefundRequest)


class TellingGateway(FakeGateway):
    """Tells the model whatever its answers tell the engine, and writes the events that Stripe owes."""

    def __init__(self, model: Model, outbox: list[bytes], clock: ManualClock) -> None:
        super().__init__()
        self.model, self.outbox, self.clock = model, outbox, clock
        self.topup_of: dict[str, int] = {}
        """By the id of a session or an intent."""
        self.owed: set[str] = set()
        """The keys of requests whose events are in the outbox."""
        self.automatic: list[datetime] = []
        """When a card was charged by itself."""
        self.back: dict[int, dict[str, int]] = {}
        """What we were told is gone, by top-up and by refund or dispute; final once it is back."""

    async def open_checkout(self, request: CheckoutRequest) -> Checkout:
        self._asked_for(request)
        checkout = await super().open_checkout(request)
        self.topup_of[checkout.session_id] = request.topup_id
        return checkout

    async def checkout(self, session_id: str) -> Checkout:
        return self._looked_at(await super().checkout(session_id))

    async def find_checkout(self, *, customer_id: str, topup_id: int) -> Checkout | None:
        found = await super().find_checkout(customer_id=customer_id, topup_id=topup_id)
        return found if found is None else self._looked_at(found)

    async def payment(self, intent_id: str) -> Payment:
        found = await super().payment(intent_id)
        self.model.told(self.topup_of[intent_id], "succeeded" if found.status == "succeeded" else "failed")
        return found

    async def find_payment(self, *, customer_id: str, topup_id: int) -> Payment | None:
        found = await super().find_payment(customer_id=customer_id, topup_id=topup_id)
        if found is not None:
            self.model.told(topup_id, "succeeded" if found.status == "succeeded" else "failed")
        return found

    async def expire_checkout(self, session_id: str) -> Checkout:
        expired = await super().expire_checkout(session_id)
        self.model.told(self._requested(session_id), "cancelled")
        return expired

    async def charge(self, request: ChargeRequest) -> Payment:
        self._asked_for(request)
        try:
            payment = await super().charge(request)
        except CardDeclined:
            self.model.told(request.topup_id, "failed")
            raise
        finally:
            self._owe(request)
        self.model.told(request.topup_id, "succeeded")
        return payment

    async def refund(self, request: RefundRequest) -> GatewayRefund:
        try:
            answer = await super().refund(request)
            self.gone(request.topup_id, answer.refund_id, answer.amount_cents)
            return answer
        finally:
            if number := self._first_time(request, self.refunds):
                refund_id = f"re_{number}"
                subject = refund_of(request.topup_id, refund_id, request.amount_cents, request.payment_intent_id)
                self.owe("refund.created", {**subject, "metadata": {"refund_row_id": str(request.refund_row_id)}})

    def gone(self, topup_id: int, what: str, cents: int) -> None:
        """So much is gone of a top-up by this refund or dispute; what came back (0) never goes again."""
        known = self.back.setdefault(topup_id, {})
        known[what] = 0 if known.get(what) == 0 else cents
        self.model.taken_back(topup_id, sum(known.values()))

    def _looked_at(self, checkout: Checkout) -> Checkout:
        self.topup_of.setdefault(checkout.session_id, self._requested(checkout.session_id))
        if checkout.payment_status == "paid":
            self.model.told(self.topup_of[checkout.session_id], "succeeded")
        elif checkout.status == "expired":
            self.model.told(self.topup_of[checkout.session_id], "cancelled")
        return checkout

    def _requested(self, session_id: str) -> int:
        return self.checkout_requests[list(self.checkouts).index(session_id)].topup_id

    def _asked_for(self, request: ChargeRequest | CheckoutRequest) -> None:
        self.model.topups.setdefault(request.topup_id, "open")
        self.model.amounts[request.topup_id] = request.amount_cents

    def _first_time(self, request: R, made: list[R]) -> int:
        """The number, from 1, of what Stripe has made of this request; 0 when it never came, or came again."""
        if request.idempotency_key in self.owed or request not in made:
            return 0
        self.owed.add(request.idempotency_key)
        return made.index(request) + 1

    def _owe(self, request: ChargeRequest) -> None:
        number = self._first_time(request, self.charges)
        if not number:
            return
        intent_id = f"pi_{number}"
        self.topup_of[intent_id] = request.topup_id
        if request.origin == "auto" and self.payments[intent_id].status == "succeeded":
            self.automatic.append(self.clock.now())
        story = Story(request.topup_id, request.company_id, request.amount_cents, name=intent_id.removeprefix("pi_"))
        if self.payments[intent_id].status == "succeeded":
            self.owe("payment_intent.succeeded", story.intent())
            self.owe("charge.succeeded", story.charge())
        else:
            self.owe("payment_intent.payment_failed", story.declined())

    def owe(self, type_: str, subject: dict[str, Any]) -> None:
        created = int(self.clock.now().timestamp())
        self.outbox.append(event(type_, subject, event_id=f"evt_{len(self.outbox)}", created=created))


def refund_of(topup_id: int, refund_id: str, cents: int, intent_id: str, **changes: Any) -> dict[str, Any]:
    """A refund as Stripe tells it, which names the payment but not the top-up."""
    story = Story(topup_id, 0)
    return story.refund(0, cents, id=refund_id, payment_intent=intent_id, charge=None, **changes)
