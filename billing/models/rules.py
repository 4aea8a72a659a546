"""Bonus rules and spending limits: what the company was promised, and what it allowed itself."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

from billing.models.columns import cents, number, when


class BonusRule(SQLModel, table=True):
    """Extra credit for a paid top-up. Higher `priority` wins, then the higher percentage."""

    __tablename__ = "billing_bonus_rules"

    id: int | None = Field(default=None, primary_key=True)
    company_id: int | None = Field(default=None, foreign_key="companies.id", ondelete="CASCADE", index=True)
    """Null = for all companies."""
    name: str
    description: str | None = None
    min_cents: int = Field(sa_column=cents("min_amount"))
    max_cents: int | None = Field(default=None, sa_column=cents("max_amount", nullable=True))
    """Inclusive; null = open end."""
    bonus_basis_points: int = Field(sa_column=number("bonus_percentage"))
    """Hundredths of a percent: 10 % is 1000."""
    max_bonus_cents: int | None = Field(default=None, sa_column=cents("max_bonus_amount", nullable=True))
    is_first_time_only: bool = False
    is_active: bool = True
    priority: int = 0
    valid_from: datetime | None = Field(default=None, sa_column=when("valid_from", nullable=True))
    valid_until: datetime | None = Field(default=None, sa_column=when("valid_until", nullable=True))
    times_used: int = Field(default=0, sa_column=number("times_used"))
    total_bonus_given_cents: int = Field(default=0, sa_column=cents("total_bonus_given"))
    created_at: datetime = Field(sa_column=when("created_at"))
    updated_at: datetime = Field(sa_column=when("updated_at"))


class SpendingLimit(SQLModel, table=True):
    """Limits per period; null = none. What was spent is summed from the ledger, never counted beside it."""

    __tablename__ = "billing_spending_limits"

    id: int | None = Field(default=None, primary_key=True)
    company_id: int = Field(foreign_key="companies.id", ondelete="CASCADE", unique=True)
    daily_limit_cents: int | None = Field(default=None, sa_column=cents("daily_limit", nullable=True))
    weekly_limit_cents: int | None = Field(default=None, sa_column=cents("weekly_limit", nullable=True))
    monthly_limit_cents: int | None = Field(default=None, sa_column=cents("monthly_limit", nullable=True))
    alert_thresholds: list[int] = Field(default_factory=lambda: [50, 80, 100], sa_column=Column(JSON, nullable=False))
    send_alerts: bool = True
    hard_limit: bool = False
    last_alert_sent_at: datetime | None = Field(default=None, sa_column=when("last_alert_sent_at", nullable=True))
    created_at: datetime = Field(sa_column=when("created_at"))
    updated_at: datetime = Field(sa_column=when("updated_at"))
