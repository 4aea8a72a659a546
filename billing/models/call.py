"""Calls, what they cost, and what is held for them while they run."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Column, Index, Integer, text
from sqlmodel import Field, SQLModel

from billing.models.columns import cents, choice, number, when
from billing.models.topup import RefundStatus


class CallStatus(StrEnum):
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"


class Call(SQLModel, table=True):
    """A phone call. `duration_s` is null until it has ended."""

    __tablename__ = "calls"

    id: int | None = Field(default=None, primary_key=True)
    company_id: int = Field(foreign_key="companies.id", ondelete="CASCADE", index=True)
    call_id: str = Field(unique=True)
    """The telephone provider's id."""
    from_number: str | None = None
    to_number: str | None = None
    direction: str = "outbound"
    status: CallStatus = Field(
        default=CallStatus.COMPLETED, sa_column=choice("status", CallStatus, default=CallStatus.COMPLETED)
    )
    duration_s: int | None = Field(default=None, sa_column=Column("duration_sec", Integer, nullable=True))
    disconnection_reason: str | None = None
    non_billable_reason: str | None = None
    """Set: the call is never charged."""
    meta: dict[str, Any] = Field(default_factory=dict, sa_column=Column("metadata", JSON, nullable=False))
    started_at: datetime = Field(sa_column=when("started_at"))
    ended_at: datetime | None = Field(default=None, sa_column=when("ended_at", nullable=True))
    created_at: datetime = Field(sa_column=when("created_at"))
    updated_at: datetime = Field(sa_column=when("updated_at"))


class ChargeStatus(StrEnum):
    CHARGED = "charged"
    UNPAID = "unpaid"
    """The balance did not cover it; tried again after the next credit."""


class CallCharge(SQLModel, table=True):
    """The cost of one call: at most one row per call. Net = amount - refunded."""

    __tablename__ = "call_charges"
    __table_args__ = (
        Index("unpaid_charges", "company_id", "id", sqlite_where=text("status = 'unpaid'")),
        CheckConstraint("amount_charged >= 0", name="price_is_not_negative"),
        CheckConstraint("paid_by_bonus BETWEEN 0 AND amount_charged", name="bonus_paid_a_part"),
        CheckConstraint("refunded_amount BETWEEN 0 AND amount_charged", name="refund_is_within_the_price"),
        CheckConstraint("refunded_bonus BETWEEN 0 AND paid_by_bonus", name="bonus_gets_back_what_it_paid"),
    )

    id: int | None = Field(default=None, primary_key=True)
    call_id: int = Field(foreign_key="calls.id", ondelete="CASCADE", unique=True)
    company_id: int = Field(foreign_key="companies.id", index=True)
    status: ChargeStatus = Field(sa_column=choice("status", ChargeStatus))
    duration_s: int = Field(sa_column=number("duration_seconds"))
    rate_e4_per_minute: int = Field(sa_column=number("rate_per_minute"))
    """The rate when the call was charged."""
    amount_cents: int = Field(sa_column=cents("amount_charged"))
    paid_by_bonus_cents: int = Field(default=0, sa_column=cents("paid_by_bonus"))
    balance_transaction_id: int | None = Field(default=None, foreign_key="balance_transactions.id")
    charged_at: datetime | None = Field(default=None, sa_column=when("charged_at", nullable=True))
    refunded_cents: int = Field(default=0, sa_column=cents("refunded_amount"))
    refunded_bonus_cents: int = Field(default=0, sa_column=cents("refunded_bonus"))
    """The part of `refunded_cents` that went back to the bonus."""
    refund_status: RefundStatus = Field(
        default=RefundStatus.NONE, sa_column=choice("refund_status", RefundStatus, default=RefundStatus.NONE)
    )
    refunded_at: datetime | None = Field(default=None, sa_column=when("refunded_at", nullable=True))
    refund_reason: str | None = None
    refund_transaction_id: int | None = Field(default=None, foreign_key="balance_transactions.id")
    created_at: datetime = Field(sa_column=when("created_at"))
    updated_at: datetime = Field(sa_column=when("updated_at"))


class ReservationStatus(StrEnum):
    HELD = "held"
    RELEASED = "released"
    CONVERTED = "converted"


class Reservation(SQLModel, table=True):
    """Money held for one call in progress; released, converted by its charge, or swept after `expires_at`."""

    __tablename__ = "balance_reservations"
    __table_args__ = (
        Index("held_reservations", "expires_at", sqlite_where=text("status = 'held'")),
        CheckConstraint("amount > 0", name="something_is_held"),
    )

    id: int | None = Field(default=None, primary_key=True)
    company_id: int = Field(foreign_key="companies.id", ondelete="CASCADE", index=True)
    call_id: int = Field(foreign_key="calls.id", ondelete="CASCADE", unique=True)
    amount_cents: int = Field(sa_column=cents("amount"))
    status: ReservationStatus = Field(sa_column=choice("status", ReservationStatus))
    expires_at: datetime = Field(sa_column=when("expires_at"))
    created_at: datetime = Field(sa_column=when("created_at"))
    updated_at: datetime = Field(sa_column=when("updated_at"))
