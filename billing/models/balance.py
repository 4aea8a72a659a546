"""The one balance row of a company, with its automatic top-up settings, and the decisions taken on them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from billing.models.columns import cents, choice, number, when


class PrepaidBalance(SQLModel, table=True):
    """Exactly one per company. Each of the three balances equals the sum of its ledger deltas."""

    __tablename__ = "prepaid_balances"
    __table_args__ = (
        CheckConstraint("bonus_balance >= 0", name="bonus_is_not_negative"),
        CheckConstraint("reserved_balance >= 0", name="reserved_is_not_negative"),
    )

    id: int | None = Field(default=None, primary_key=True)
    company_id: int = Field(foreign_key="companies.id", ondelete="CASCADE", unique=True)
    balance_cents: int = Field(default=0, sa_column=cents("balance"))
    """Withdrawable money; negative only after a refund or dispute took back what was already used."""
    bonus_cents: int = Field(default=0, sa_column=cents("bonus_balance"))
    """Promotional credit, spent first, never paid out."""
    reserved_cents: int = Field(default=0, sa_column=cents("reserved_balance"))
    """Held for calls in progress; still part of the balance until charged."""
    low_balance_threshold_cents: int = Field(default=2000, sa_column=cents("low_balance_threshold", default=2000))
    """Euros, not percent: low means effective total < this."""
    last_warning_sent_at: datetime | None = Field(default=None, sa_column=when("last_warning_sent_at", nullable=True))

    auto_topup_enabled: bool = False
    auto_topup_threshold_cents: int | None = Field(default=None, sa_column=cents("auto_topup_threshold", nullable=True))
    auto_topup_amount_cents: int | None = Field(default=None, sa_column=cents("auto_topup_amount", nullable=True))
    stripe_payment_method_id: str | None = None
    """The saved `pm_…` that is charged off-session."""
    payment_method_label: str | None = None
    """What people see of it, such as `visa •••• 4242`."""
    last_auto_topup_at: datetime | None = Field(default=None, sa_column=when("last_auto_topup_at", nullable=True))
    auto_topup_daily_count: int = Field(default=0, sa_column=number("auto_topup_daily_count"))
    """Successes on the day of `last_auto_topup_at`."""
    auto_topup_daily_limit: int = Field(default=2, sa_column=number("auto_topup_daily_limit", default=2))
    auto_topup_monthly_limit_cents: int = Field(
        default=500_000, sa_column=cents("auto_topup_monthly_limit", default=500_000)
    )
    auto_topup_failure_count: int = Field(default=0, sa_column=number("auto_topup_failure_count"))
    """Consecutive failures; at three the automatic top-up is disabled."""
    auto_topup_retry_at: datetime | None = Field(default=None, sa_column=when("auto_topup_retry_at", nullable=True))
    """Back-off after a failure: not before this time."""
    auto_topup_disabled_reason: str | None = None
    auto_topup_disabled_at: datetime | None = Field(
        default=None, sa_column=when("auto_topup_disabled_at", nullable=True)
    )
    created_at: datetime = Field(sa_column=when("created_at"))
    updated_at: datetime = Field(sa_column=when("updated_at"))


class DecisionTrigger(StrEnum):
    """What asked whether a top-up is due."""

    CALL = "call"
    UNPAID_CALL = "unpaid_call"
    MANUAL = "manual"
    SETTINGS = "settings"


class AutoTopupDecision(SQLModel, table=True):
    """One answer to "is an automatic top-up due now?", kept also when the answer was no."""

    __tablename__ = "auto_topup_decisions"

    id: int | None = Field(default=None, primary_key=True)
    company_id: int = Field(foreign_key="companies.id", ondelete="CASCADE", index=True)
    decided_at: datetime = Field(sa_column=when("decided_at"))
    allowed: bool
    reason: str
    """A stable code such as `above_threshold`, `cooldown`, `daily_limit`."""
    explanation: str
    """The same in a sentence with its figures."""
    triggered_by: DecisionTrigger = Field(sa_column=choice("triggered_by", DecisionTrigger))
    call_id: int | None = Field(default=None, foreign_key="calls.id", index=True)
    topup_id: int | None = Field(default=None, foreign_key="balance_topups.id", index=True)
    effective_total_cents: int = Field(sa_column=cents("effective_total"))
    threshold_cents: int | None = Field(default=None, sa_column=cents("threshold", nullable=True))
    amount_cents: int | None = Field(default=None, sa_column=cents("amount", nullable=True))
