"""Money that went back to cards: refunds and disputes, one row per object at Stripe.

They hold what was learnt, in whatever order it came. What is booked for a top-up is a pure function of these rows.
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from billing.models.columns import cents, when


class PaymentRefund(SQLModel, table=True):
    """A refund of a payment, asked for here or made at Stripe."""

    __tablename__ = "payment_refunds"

    id: int | None = Field(default=None, primary_key=True)
    topup_id: int = Field(foreign_key="balance_topups.id", ondelete="CASCADE", index=True)
    refund_id: str | None = Field(default=None, unique=True)
    """`re_…`; null while Stripe has not answered the request yet."""
    idempotency_key: str | None = Field(default=None, unique=True)
    """Of a request made here; null when the refund was made at Stripe."""
    amount_cents: int = Field(sa_column=cents("amount"))
    status: str
    """requested (not answered yet), pending, requires_action, succeeded, failed, canceled"""
    reason: str | None = None
    failure_reason: str | None = None
    failed_at: datetime | None = Field(default=None, sa_column=when("failed_at", nullable=True))
    """The earliest time at which Stripe called it failed or cancelled."""
    created_at: datetime = Field(sa_column=when("created_at"))
    updated_at: datetime = Field(sa_column=when("updated_at"))


class PaymentDispute(SQLModel, table=True):
    """A dispute of a payment. Its money is gone while it was withdrawn and not given back."""

    __tablename__ = "payment_disputes"

    id: int | None = Field(default=None, primary_key=True)
    topup_id: int = Field(foreign_key="balance_topups.id", ondelete="CASCADE", index=True)
    dispute_id: str = Field(unique=True)
    amount_cents: int = Field(sa_column=cents("amount"))
    status: str
    reason: str | None = None
    booked_cents: int = Field(default=0, sa_column=cents("booked_amount"))
    """What the ledger has taken for it until now: zero or the amount."""
    funds_withdrawn: bool = False
    funds_reinstated: bool = False
    created_at: datetime = Field(sa_column=when("created_at"))
    updated_at: datetime = Field(sa_column=when("updated_at"))
