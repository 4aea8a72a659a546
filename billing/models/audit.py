"""Who changed what, and why: append-only, written in the transaction of the change."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

from billing.models.columns import when


class AuditEntry(SQLModel, table=True):
    """One act of a person. `before` and `after` hold only what the act is about; money in cents."""

    __tablename__ = "billing_audit"

    id: int | None = Field(default=None, primary_key=True)
    company_id: int | None = Field(default=None, foreign_key="companies.id", index=True)
    actor: str
    action: str
    """A stable code such as `balance.adjusted`."""
    target: str
    """What was acted on, as people call it: `company_3`, `call_17`, `topup_4`."""
    reason: str | None = None
    before: dict[str, Any] = Field(default_factory=dict, sa_column=Column("before", JSON, nullable=False))
    after: dict[str, Any] = Field(default_factory=dict, sa_column=Column("after", JSON, nullable=False))
    created_at: datetime = Field(sa_column=when("created_at"))
