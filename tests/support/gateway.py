"""A payment provider in memory, behind the same protocol as Stripe: scripted answers, remembered requests.

Like Stripe it honours idempotency keys, so a repeated request returns the first answer and charges nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from billing.errors import CardDeclined, GatewayUnavailable, Refused
from billing.gateway import (
    ChargeRequest,
    Checkout,
    CheckoutRequest,
    CustomerRequest,
    GatewayRefund,
    Payment,
    RefundRequest,
    SavedMethod,
)

T = TypeVar("T")
DECLINING = {
    "pm_card_chargeDeclined": ("card_declined", "generic_decline"),
    "pm_card_chargeDeclinedInsufficientFunds": ("card_declined", "insufficient_funds"),
    "pm_card_chargeDeclinedExpiredCard": ("expired_card", "expired_card"),
}
LATER_DECLINING = "pm_card_chargeCustomerFail"
AUTHENTICATING = "pm_card_authenticationRequired"


class ProcessKilled(BaseException):
    """The process died at this point: nothing after it ran."""


@dataclass
class FakeGateway:
    """Charges succeed, unless the card says otherwise or a failure was scripted."""

    charges: list[ChargeRequest] = field(default_factory=list)
    """Those that were really made; repeats with a known key are not among them."""
    customers: list[CustomerRequest] = field(default_factory=list)
    checkouts: dict[str, Checkout] = field(default_factory=dict)
    checkout_requests: list[CheckoutRequest] = field(default_factory=list)
    payments: dict[str, Payment] = field(default_factory=dict)
    methods: dict[str, SavedMethod] = field(default_factory=dict)
    refunds: list[RefundRequest] = field(default_factory=list)
    refund_status: str = "succeeded"
    before: list[BaseException] = field(default_factory=list)
    """Raised before the next calls are carried out: Stripe never hears of them."""
    after: list[BaseException] = field(default_factory=list)
    """Raised after the next calls were carried out: the answer is lost."""
    asked: int = 0
    _answers: dict[str, object] = field(default_factory=dict)
    _by_method: dict[str, str] = field(default_factory=dict)

    async def create_customer(self, request: CustomerRequest) -> str:
        def create() -> str:
            self.customers.append(request)
            return f"cus_{len(self.customers)}"

        return await self._once(request.idempotency_key, create)

    async def open_checkout(self, request: CheckoutRequest) -> Checkout:
        def create() -> Checkout:
            self.checkout_requests.append(request)
            session_id = f"cs_test_{len(self.checkouts) + 1}"
            checkout = Checkout(
                session_id=session_id,
                url=f"http://checkout.example/{session_id}",
                status="open",
                payment_status="unpaid",
                payment_intent_id=None,
                amount_cents=request.amount_cents,
                currency=request.currency.lower(),
                expires_at=request.expires_at,
            )
            self.checkouts[session_id] = checkout
            return checkout

        return await self._once(request.idempotency_key, create)

    async def checkout(self, session_id: str) -> Checkout:
        return await self._once(None, lambda: self.checkouts[session_id])

    async def expire_checkout(self, session_id: str) -> Checkout:
        def expire() -> Checkout:
            if self.checkouts[session_id].status != "open":
                raise Refused("Only Checkout Sessions with a status in [open] can be expired.")
            self.checkouts[session_id] = replace(self.checkouts[session_id], status="expired", url=None)
            return self.checkouts[session_id]

        return await self._once(None, expire)

    async def find_checkout(self, *, customer_id: str, topup_id: int) -> Checkout | None:
        def find() -> Checkout | None:
            for request, checkout in zip(self.checkout_requests, self.checkouts.values(), strict=True):
                if request.topup_id == topup_id and request.customer_id == customer_id:
                    return checkout
            return None

        return await self._once(None, find)

    async def charge(self, request: ChargeRequest) -> Payment:
        return await self._once(request.idempotency_key, lambda: self._charge(request))

    async def payment(self, intent_id: str) -> Payment:
        return await self._once(None, lambda: self.payments[intent_id])

    async def find_payment(self, *, customer_id: str, topup_id: int) -> Payment | None:
        mine = [payment for payment in self.payments.values() if payment.metadata.get("topup_id") == str(topup_id)]
        return await self._once(None, lambda: mine[-1] if mine else None)

    async def cancel_payment(self, intent_id: str) -> Payment:
        def cancel() -> Payment:
            if self.payments[intent_id].status == "succeeded":
                raise Refused("You cannot cancel this PaymentIntent because it has a status of succeeded.")
            self.payments[intent_id] = replace(self.payments[intent_id], status="canceled")
            return self.payments[intent_id]

        return await self._once(None, cancel)

    async def method(self, payment_method_id: str) -> SavedMethod:
        return await self._once(None, lambda: self.methods[payment_method_id])

    async def attach_method(self, payment_method_id: str, *, customer_id: str) -> SavedMethod:
        def attach() -> SavedMethod:
            if payment_method_id in DECLINING:
                code, decline_code = DECLINING[payment_method_id]
                raise CardDeclined("Your card was declined.", failure_code=code, decline_code=decline_code)
            saved_id = f"pm_{len(self.methods) + 1}"
            self.methods[saved_id] = SavedMethod(
                payment_method_id=saved_id, label="visa •••• 4242", customer_id=customer_id
            )
            self._by_method[saved_id] = payment_method_id
            return self.methods[saved_id]

        return await self._once(None, attach)

    async def refund(self, request: RefundRequest) -> GatewayRefund:
        def refund() -> GatewayRefund:
            self.refunds.append(request)
            return GatewayRefund(
                refund_id=f"re_{len(self.refunds)}", status=self.refund_status, amount_cents=request.amount_cents
            )

        return await self._once(request.idempotency_key, refund)

    async def close(self) -> None:
        return None

    # What a test does to the payments behind our back -------------------------------------------------------------

    def pay_checkout(self, session_id: str, *, intent_id: str = "pi_checkout") -> None:
        self.checkouts[session_id] = replace(
            self.checkouts[session_id], status="complete", payment_status="paid", payment_intent_id=intent_id, url=None
        )

    def set_payment(self, intent_id: str, status: str) -> None:
        payment = self.payments[intent_id]
        received = payment.amount_cents if status == "succeeded" else 0
        self.payments[intent_id] = replace(payment, status=status, received_cents=received)

    def _charge(self, request: ChargeRequest) -> Payment:
        self.charges.append(request)
        intent_id = f"pi_{len(self.charges)}"
        card = self._by_method.get(request.payment_method, request.payment_method)
        payment = Payment(
            intent_id=intent_id,
            status="succeeded",
            amount_cents=request.amount_cents,
            received_cents=request.amount_cents,
            currency=request.currency.lower(),
            charge_id=f"ch_{len(self.charges)}",
            payment_method_id=f"pm_of_{intent_id}",
            payment_method_label="visa •••• 4242",
            metadata={"topup_id": str(request.topup_id), "company_id": str(request.company_id)},
        )
        if card == AUTHENTICATING and not request.off_session:
            payment = replace(
                payment, status="requires_action", received_cents=0, next_action_url="http://bank.example/3ds"
            )
        self.payments[intent_id] = payment
        code, decline_code = DECLINING.get(card, ("card_declined", "generic_decline"))
        if card in DECLINING or card == LATER_DECLINING or (card == AUTHENTICATING and request.off_session):
            if card == AUTHENTICATING:
                code = decline_code = "authentication_required"
            self.payments[intent_id] = replace(payment, status="requires_payment_method", received_cents=0)
            raise CardDeclined(
                "Your card was declined.",
                failure_code=code,
                decline_code=decline_code,
                payment_intent_id=intent_id,
                charge_id=payment.charge_id,
            )
        return payment

    async def _once(self, key: str | None, carry_out: Callable[[], T]) -> T:
        """Answer as Stripe does: a known key gets its first answer again, be it a decline."""
        self.asked += 1
        await asyncio.sleep(0)  # other tasks run while the network is waited for
        if self.before:
            raise self.before.pop(0)
        if key is None or key not in self._answers:
            try:
                answer: object = carry_out()
            except CardDeclined as declined:
                answer = declined
            if key is not None:
                self._answers[key] = answer
        else:
            answer = self._answers[key]
        if self.after:
            raise self.after.pop(0)
        if isinstance(answer, CardDeclined):
            raise answer
        return answer  # type: ignore[return-value]


def unreachable() -> GatewayUnavailable:
    return GatewayUnavailable("Stripe could not be asked: connection refused")
