"""Top-ups: one row per attempt to raise a balance by a payment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Column, Index, text
from sqlmodel import Field, SQLModel

from billing.models.columns import cents, choice, when


class TopupStatus(StrEnum):
    PENDING = "pending"
    PROCESSING = "processing"
    REQUIRES_ACTION = "requires_action"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return not LEGAL_MOVES[self]


LEGAL_MOVES: Mapping[TopupStatus, frozenset[TopupStatus]] = {
    TopupStatus.PENDING: frozenset(
        {
            TopupStatus.PROCESSING,
            TopupStatus.REQUIRES_ACTION,
            TopupStatus.SUCCEEDED,
            TopupStatus.FAILED,
            TopupStatus.CANCELLED,
        }
    ),
    TopupStatus.PROCESSING: frozenset(
        {TopupStatus.REQUIRES_ACTION, TopupStatus.SUCCEEDED, TopupStatus.FAILED, TopupStatus.CANCELLED}
    ),
    TopupStatus.REQUIRES_ACTION: frozenset(
        {TopupStatus.PROCESSING, TopupStatus.SUCCEEDED, TopupStatus.FAILED, TopupStatus.CANCELLED}
    ),
    # Money that Stripe reports as received is always credited, also on an attempt that had been given up:
    # a declined Checkout may be paid with another card, a cancelled one may have been paid a second earlier.
    TopupStatus.FAILED: frozenset({TopupStatus.SUCCEEDED}),
    # A decline that arrives after the cancellation is the stronger fact, so that both orders end alike.
    TopupStatus.CANCELLED: frozenset({TopupStatus.FAILED, TopupStatus.SUCCEEDED}),
    TopupStatus.SUCCEEDED: frozenset(),
}


class TopupOrigin(StrEnum):
    MANUAL = "manual"
    AUTO = "auto"
    PUBLIC = "public"
    ADMIN = "admin"


class RefundStatus(StrEnum):
    NONE = "none"
    PARTIAL = "partial"
    FULL = "full"


class Topup(SQLModel, table=True):
    """A payment attempt. `amount_cents` is what was asked for and paid, without bonus."""

    __tablename__ = "balance_topups"
    __table_args__ = (
        # One open automatic top-up per company: two checks at once cannot both charge.
        Index(
            "one_open_auto_topup",
            "company_id",
            unique=True,
            sqlite_where=text("origin = 'auto' AND status IN ('pending', 'processing', 'requires_action')"),
            postgresql_where=text("origin = 'auto' AND status IN ('pending', 'processing', 'requires_action')"),
        ),
        Index("topups_by_status_and_time", "status", "created_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    company_id: int = Field(foreign_key="companies.id", ondelete="CASCADE", index=True)
    amount_cents: int = Field(sa_column=cents("amount"))
    currency: str = "EUR"
    status: TopupStatus = Field(
        default=TopupStatus.PENDING, sa_column=choice("status", TopupStatus, default=TopupStatus.PENDING)
    )
    origin: TopupOrigin = Field(
        default=TopupOrigin.MANUAL, sa_column=choice("origin", TopupOrigin, default=TopupOrigin.MANUAL)
    )
    idempotency_key: str = Field(unique=True)
    """Sent with the Stripe call that this row asks for; made before the call, so that a repeat is the same call."""
    stripe_payment_intent_id: str | None = Field(default=None, unique=True)
    stripe_checkout_session_id: str | None = Field(default=None, unique=True)
    stripe_charge_id: str | None = Field(default=None, unique=True)
    stripe_payment_method_id: str | None = None
    payment_method_label: str | None = None
    checkout_url: str | None = None
    """Where the customer goes on: the Checkout page, or the bank's page while the status is requires_action."""
    expires_at: datetime | None = Field(default=None, sa_column=when("expires_at", nullable=True))
    stripe_response: dict[str, Any] | None = Field(default=None, sa_column=Column("stripe_response", JSON))
    meta: dict[str, Any] = Field(default_factory=dict, sa_column=Column("metadata", JSON, nullable=False))
    initiated_by: str | None = None
    paid_at: datetime | None = Field(default=None, sa_column=when("paid_at", nullable=True))
    failure_code: str | None = None
    decline_code: str | None = None
    failure_message: str | None = None
    bonus_cents: int = Field(default=0, sa_column=cents("bonus_amount"))
    refunded_cents: int = Field(default=0, sa_column=cents("refunded_amount"))
    """Cumulative, as Stripe reports it."""
    refund_status: RefundStatus = Field(
        default=RefundStatus.NONE, sa_column=choice("refund_status", RefundStatus, default=RefundStatus.NONE)
    )
    refund_snapshots: list[list[int]] = Field(default_factory=list, sa_column=Column("refund_snapshots", JSON))
    """What `charge.refunded` events said: pairs of Stripe's time in seconds and its cumulative refunded cents."""
    dispute_status: str | None = None
    created_at: datetime = Field(sa_column=when("created_at"))
    updated_at: datetime = Field(sa_column=when("updated_at"))
