"""The parts of Stripe's objects that handlers read. Everything else of an event is skipped, not refused.

A reference to another object is its id, or the whole object when the event was rendered with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

Cents = Annotated[int, msgspec.Meta(ge=0, le=10**12)]
"""What an amount can be; anything else contradicts all we know, and is refused by the decoder."""


class StripeObject(msgspec.Struct, frozen=True):
    id: str
    object: str


class WithId(msgspec.Struct, frozen=True):
    id: str


Ref = str | WithId | None


def id_of(reference: Ref) -> str | None:
    """The id behind a reference, expanded or not."""
    return reference.id if isinstance(reference, WithId) else reference


Metadata = Mapping[str, Any]


class CheckoutSession(StripeObject, frozen=True, kw_only=True):
    mode: str = "payment"
    payment_status: str | None = None
    amount_total: Cents | None = None
    currency: str | None = None
    payment_intent: Ref = None
    metadata: dict[str, Any] | None = None


class PaymentError(msgspec.Struct, frozen=True):
    code: str | None = None
    decline_code: str | None = None
    message: str | None = None


class RedirectToUrl(msgspec.Struct, frozen=True):
    url: str | None = None


class NextAction(msgspec.Struct, frozen=True):
    redirect_to_url: RedirectToUrl | None = None


class PaymentIntent(StripeObject, frozen=True, kw_only=True):
    status: str | None = None
    amount: Cents | None = None
    amount_received: Cents = 0
    currency: str | None = None
    latest_charge: Ref = None
    payment_method: Ref = None
    last_payment_error: PaymentError | None = None
    next_action: NextAction | None = None
    cancellation_reason: str | None = None
    metadata: dict[str, Any] | None = None


class CardDetails(msgspec.Struct, frozen=True):
    brand: str | None = None
    last4: str | None = None


class MethodDetails(msgspec.Struct, frozen=True):
    card: CardDetails | None = None
    sepa_debit: CardDetails | None = None

    @property
    def label(self) -> str | None:
        """What people see of the method, such as `visa •••• 4242`."""
        if self.card is not None and self.card.last4:
            return f"{self.card.brand or 'card'} •••• {self.card.last4}"
        if self.sepa_debit is not None and self.sepa_debit.last4:
            return f"SEPA •••• {self.sepa_debit.last4}"
        return None


class ChargeOutcome(msgspec.Struct, frozen=True):
    reason: str | None = None


class Charge(StripeObject, frozen=True, kw_only=True):
    status: str | None = None
    amount: Cents | None = None
    amount_refunded: Cents = 0
    currency: str | None = None
    payment_intent: Ref = None
    payment_method: str | None = None
    payment_method_details: MethodDetails | None = None
    failure_code: str | None = None
    failure_message: str | None = None
    outcome: ChargeOutcome | None = None
    metadata: dict[str, Any] | None = None


class Refund(StripeObject, frozen=True, kw_only=True):
    amount: Cents
    status: str | None = None
    currency: str | None = None
    charge: Ref = None
    payment_intent: Ref = None
    reason: str | None = None
    failure_reason: str | None = None
    metadata: dict[str, Any] | None = None


class BalanceTransaction(msgspec.Struct, frozen=True):
    amount: int = 0


class Dispute(StripeObject, frozen=True, kw_only=True):
    amount: Cents
    status: str
    currency: str | None = None
    charge: Ref = None
    payment_intent: Ref = None
    reason: str | None = None
    balance_transactions: list[BalanceTransaction] | None = None
    metadata: dict[str, Any] | None = None

    @property
    def was_withdrawn(self) -> bool:
        """Whether the disputed money was taken from us."""
        return any(moved.amount < 0 for moved in self.balance_transactions or ())

    @property
    def was_reinstated(self) -> bool:
        """Whether it was given back."""
        return any(moved.amount > 0 for moved in self.balance_transactions or ())


class PaymentMethod(StripeObject, frozen=True, kw_only=True):
    customer: Ref = None
    card: CardDetails | None = None
    sepa_debit: CardDetails | None = None

    @property
    def label(self) -> str | None:
        """What people see of it."""
        return MethodDetails(self.card, self.sepa_debit).label


class Customer(StripeObject, frozen=True, kw_only=True):
    name: str | None = None
    email: str | None = None
