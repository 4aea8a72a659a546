"""Companies and the price they pay for a minute."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

from billing.models.columns import cents, number, when


class Company(SQLModel, table=True):
    """A paying customer. Without `prepaid_billing_enabled` its calls are neither charged nor blocked."""

    __tablename__ = "companies"

    id: int | None = Field(default=None, primary_key=True)
    name: str
    slug: str = Field(unique=True, index=True)
    email: str | None = None
    phone: str | None = None
    billing_contact_email: str | None = None
    country: str = "DE"
    timezone: str = "Europe/Berlin"
    currency: str = "EUR"
    is_active: bool = True
    """False refuses new top-ups; also the switch against suspicious companies."""
    prepaid_billing_enabled: bool = False
    stripe_customer_id: str | None = Field(default=None, unique=True)
    is_small_business: bool = False
    tax_number: str | None = None
    vat_id: str | None = None
    alerts_enabled: bool = True
    meta: dict[str, Any] = Field(default_factory=dict, sa_column=Column("metadata", JSON, nullable=False))
    created_at: datetime = Field(sa_column=when("created_at"))
    updated_at: datetime = Field(sa_column=when("updated_at"))
    deleted_at: datetime | None = Field(default=None, sa_column=when("deleted_at", nullable=True))


class BillingRate(SQLModel, table=True):
    """A price with a validity. The active rate with the latest `valid_from` that has begun wins; history stays."""

    __tablename__ = "billing_rates"

    id: int | None = Field(default=None, primary_key=True)
    company_id: int = Field(foreign_key="companies.id", ondelete="CASCADE", index=True)
    rate_e4_per_minute: int = Field(sa_column=number("rate_per_minute", default=4200))
    """Ten-thousandths of a euro: 0.42 EUR is 4200."""
    increment_s: int = Field(default=1, sa_column=number("billing_increment", default=1))
    minimum_cents: int = Field(default=0, sa_column=cents("minimum_charge"))
    is_active: bool = True
    valid_from: datetime | None = Field(default=None, sa_column=when("valid_from", nullable=True))
    valid_until: datetime | None = Field(default=None, sa_column=when("valid_until", nullable=True))
    created_at: datetime = Field(sa_column=when("created_at"))
    updated_at: datetime = Field(sa_column=when("updated_at"))
