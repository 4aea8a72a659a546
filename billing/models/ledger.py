"""The append-only ledger. Triggers refuse UPDATE and DELETE; a correction is a new row."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from billing.models.columns import cents, choice, when


class LedgerType(StrEnum):
    TOPUP = "topup"
    CHARGE = "charge"
    REFUND = "refund"
    ADJUSTMENT = "adjustment"
    RESERVATION = "reservation"
    RELEASE = "release"
    BONUS = "bonus"
    WITHDRAWAL = "withdrawal"


class LedgerEntry(SQLModel, table=True):
    """One movement. Three signed deltas; each balance is the sum of its deltas, always."""

    __tablename__ = "balance_transactions"
    __table_args__ = (
        Index("ledger_by_company_and_time", "company_id", "created_at"),
        Index("ledger_by_reference", "reference_type", "reference_id"),
        Index("ledger_topups", "company_id", "created_at", sqlite_where=text("type = 'topup'")),
        CheckConstraint("balance_after = balance_before + amount", name="after_is_before_plus_amount"),
        CheckConstraint("amount <> 0 OR bonus_amount <> 0 OR reserved_amount <> 0", name="something_moves"),
    )

    id: int | None = Field(default=None, primary_key=True)
    company_id: int = Field(foreign_key="companies.id")
    type: LedgerType = Field(sa_column=choice("type", LedgerType))
    money_cents: int = Field(default=0, sa_column=cents("amount"))
    """Signed change of the balance, bonus excluded."""
    bonus_cents: int = Field(default=0, sa_column=cents("bonus_amount"))
    reserved_cents: int = Field(default=0, sa_column=cents("reserved_amount"))
    balance_before_cents: int = Field(sa_column=cents("balance_before"))
    balance_after_cents: int = Field(sa_column=cents("balance_after"))
    bonus_after_cents: int = Field(sa_column=cents("bonus_after"))
    reserved_after_cents: int = Field(sa_column=cents("reserved_after"))
    affects_bonus: bool = False
    description: str
    reference_type: str | None = None
    """call, topup, auto_topup, topup_bonus, refund, admin_adjustment, reservation"""
    reference_id: str | None = None
    posting_key: str = Field(unique=True)
    """What this row is the one and only booking of, such as `topup:12` or `charge:call:5`."""
    webhook_event_id: int | None = Field(default=None, foreign_key="webhook_events.id", index=True)
    """The inbox event in whose transaction the row was written; null when a person or a call caused it."""
    created_by: str | None = None
    """Who did it, null = the system."""
    created_at: datetime = Field(sa_column=when("created_at"))
