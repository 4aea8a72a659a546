"""Top-ups, test cards and refunds of payments."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from relay.api.companies import CompanyRef, PositiveCents, RequestKey
from relay.api.operation import Operation, Page, Role, View


class TopupView(View, frozen=True, kw_only=True):
    id: int
    company_id: int
    company_slug: str
    amount_cents: int
    bonus_cents: int
    currency: str
    status: str
    """pending, processing, requires_action, succeeded, failed, cancelled"""
    origin: str
    """manual, auto, public, admin"""
    payment_intent_id: str | None
    checkout_session_id: str | None
    charge_id: str | None
    checkout_url: str | None
    payment_method_label: str | None
    failure_code: str | None
    decline_code: str | None
    failure_message: str | None
    refunded_cents: int
    refund_status: str
    dispute_status: str | None
    created_at: datetime
    expires_at: datetime | None
    paid_at: datetime | None


class CardView(View, frozen=True, kw_only=True):
    name: str
    number: str
    payment_method: str
    brand: str
    group: str
    title: str
    what_happens: str


class RefundView(View, frozen=True, kw_only=True):
    refund_id: str
    status: str
    amount_cents: int
    topup: TopupView
    """As it is when the answer is written: the refund is booked."""


class CreateTopup(Operation[TopupView], frozen=True, kw_only=True):
    """Top up by charging a test card, the company's saved card, or a `pm_…` at once."""

    name = "topups.create"
    company: CompanyRef
    amount_cents: int
    card: str | None = None
    request_key: RequestKey | None = None


class CheckoutTopup(Operation[TopupView], frozen=True, kw_only=True):
    """Open a Checkout Session; the answer's `checkout_url` is the page to pay on."""

    name = "topups.checkout"
    company: CompanyRef
    amount_cents: int
    request_key: RequestKey | None = None


class CancelTopup(Operation[TopupView], frozen=True, kw_only=True):
    """Give up an open top-up and expire its Checkout Session."""

    name = "topups.cancel"
    topup: int


class ShowTopup(Operation[TopupView], frozen=True, kw_only=True):
    """Show one top-up."""

    name = "topups.show"
    role = Role.SUPPORT
    topup: int


class ListTopups(Operation[Page[TopupView]], frozen=True, kw_only=True):
    """List top-ups, newest first."""

    name = "topups.list"
    role = Role.SUPPORT
    company: str | None = None
    status: str | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=500)] = 50


class ListCards(Operation[Page[CardView]], frozen=True, kw_only=True):
    """List the test cards and what each of them does."""

    name = "cards.list"
    role = Role.SUPPORT


class RefundCharge(Operation[RefundView], frozen=True, kw_only=True):
    """Send money of a payment back to the card, at Stripe. `charge` is a `ch_…` or a top-up's id."""

    name = "charges.refund"
    charge: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    amount_cents: PositiveCents | None = None
    reason: str | None = None
    request_key: RequestKey | None = None
