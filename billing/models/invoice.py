"""Invoices of top-ups: written with the credit, never changed. Triggers refuse UPDATE and DELETE."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from billing.models.columns import cents, when
from billing.models.columns import number as integer


class Invoice(SQLModel, table=True):
    """One per credited top-up: paid already, so gross is what was received. The recipient is as it was that day."""

    __tablename__ = "invoices"
    __table_args__ = (
        UniqueConstraint("year", "sequence", name="numbers_are_used_once"),
        CheckConstraint("subtotal + tax_amount = total", name="net_and_tax_are_the_gross"),
    )

    id: int | None = Field(default=None, primary_key=True)
    company_id: int = Field(foreign_key="companies.id", index=True)
    topup_id: int = Field(foreign_key="balance_topups.id", unique=True)
    number: str
    """`TOP-2026-00001`: counted for all companies together, without gaps, from one in each year."""
    year: int
    sequence: int
    currency: str
    net_cents: int = Field(sa_column=cents("subtotal"))
    tax_basis_points: int = Field(sa_column=integer("tax_rate"))
    """Hundredths of a percent: 19 % is 1900, a small business has 0."""
    tax_cents: int = Field(sa_column=cents("tax_amount"))
    gross_cents: int = Field(sa_column=cents("total"))
    items: list[dict[str, Any]] = Field(sa_column=Column("items", JSON, nullable=False))
    """The lines: description, quantity, unit_price_cents and net_cents of each."""
    language: str
    """de or en"""
    company_name: str
    company_email: str | None = None
    company_country: str
    company_tax_number: str | None = None
    company_vat_id: str | None = None
    issued_at: datetime = Field(sa_column=when("invoice_date"))
