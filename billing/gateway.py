"""What billing asks of a payment provider, as a protocol: typed in, typed out, three ways to fail.

Calls that create something carry an idempotency key made from a committed row, so that each may be repeated. Every
call may raise `GatewayUnavailable` (nobody knows whether it happened: repeat it with the same key) and `Refused` (it
did not happen, and would not if repeated); those that move money also `CardDeclined`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerRequest:
    """A company as a customer at Stripe."""

    company_id: int
    name: str
    email: str | None
    locale: str
    idempotency_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckoutRequest:
    """A page to pay on. URLs may contain `{CHECKOUT_SESSION_ID}`; the card is kept for later payments."""

    topup_id: int
    company_id: int
    amount_cents: int
    currency: str
    customer_id: str
    description: str
    success_url: str
    cancel_url: str
    expires_at: datetime
    locale: str
    idempotency_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """A Checkout Session. `status`: open, complete, expired; `payment_status`: paid, unpaid, no_payment_required."""

    session_id: str
    url: str | None
    status: str
    payment_status: str
    payment_intent_id: str | None
    amount_cents: int | None
    currency: str | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeRequest:
    """A payment made at once. `off_session`: nobody is there to authenticate."""

    topup_id: int
    company_id: int
    amount_cents: int
    currency: str
    customer_id: str
    payment_method: str
    description: str
    off_session: bool
    origin: str
    """auto or manual; told to Stripe in the metadata"""
    idempotency_key: str
    return_url: str | None = None
    """Where the customer comes back to after authenticating at their bank."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """A payment intent as it is now. `status` is Stripe's, such as succeeded, processing, requires_action."""

    intent_id: str
    status: str
    amount_cents: int
    received_cents: int
    currency: str
    charge_id: str | None = None
    payment_method_id: str | None = None
    payment_method_label: str | None = None
    next_action_url: str | None = None
    failure_code: str | None = None
    decline_code: str | None = None
    failure_message: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedMethod:
    """A payment method. `label` is what people see of it, such as `visa •••• 4242`."""

    payment_method_id: str
    label: str
    customer_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRequest:
    """Money back to the card. `refund_row_id` comes back in the metadata."""

    payment_intent_id: str
    amount_cents: int
    reason: str | None
    topup_id: int
    refund_row_id: int
    idempotency_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayRefund:
    """A refund as Stripe has it. `status`: pending, requires_action, succeeded, failed, canceled."""

    refund_id: str
    status: str
    amount_cents: int
    reason: str | None = None
    failure_reason: str | None = None
    request_row_id: int | None = None
    """The row of our own request, from the metadata."""


class PaymentGateway(Protocol):
    """The payment provider. One implementation asks Stripe (or the sandbox), tests bring their own."""

    async def create_customer(self, request: CustomerRequest) -> str:
        """Create the customer and return its id."""

    async def open_checkout(self, request: CheckoutRequest) -> Checkout: ...

    async def checkout(self, session_id: str) -> Checkout: ...

    async def expire_checkout(self, session_id: str) -> Checkout:
        """Close an open page. Raises `Refused` when it is complete or expired already."""

    async def find_checkout(self, *, customer_id: str, topup_id: int) -> Checkout | None:
        """The newest session of the customer that belongs to this top-up."""

    async def charge(self, request: ChargeRequest) -> Payment:
        """Create and confirm a payment. Raises `CardDeclined`."""

    async def payment(self, intent_id: str) -> Payment: ...

    async def find_payment(self, *, customer_id: str, topup_id: int) -> Payment | None:
        """The newest payment of the customer that belongs to this top-up."""

    async def cancel_payment(self, intent_id: str) -> Payment:
        """Give a payment up. Raises `Refused` when it can no longer be cancelled."""

    async def method(self, payment_method_id: str) -> SavedMethod: ...

    async def attach_method(self, payment_method_id: str, *, customer_id: str) -> SavedMethod:
        """Save a payment method for the customer. Raises `CardDeclined` when the card cannot be saved."""

    async def refund(self, request: RefundRequest) -> GatewayRefund: ...

    async def close(self) -> None:
        """Close connections."""
