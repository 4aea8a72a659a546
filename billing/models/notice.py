"""What a company is told: written after the fact that it is about was committed, sent a moment later."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Column, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from billing.models.columns import choice, when


class NoticeKind(StrEnum):
    LOW_BALANCE = "low_balance"
    SPENDING_LIMIT = "spending_limit"
    AUTO_TOPUP_SUCCEEDED = "auto_topup_succeeded"
    AUTO_TOPUP_FAILED = "auto_topup_failed"
    AUTO_TOPUP_DISABLED = "auto_topup_disabled"
    PAYMENT_FAILED = "payment_failed"


class NoticeChannel(StrEnum):
    MAIL = "mail"
    IN_APP = "in_app"


class NoticeStatus(StrEnum):
    QUEUED = "queued"
    SENT = "sent"
    """Rendered, and delivered as far as a local tool delivers: it can be read here."""


class Notice(SQLModel, table=True):
    """One message on one channel. `cause` says what it is the one and only notice of, such as `topup:12`."""

    __tablename__ = "billing_notices"
    __table_args__ = (
        UniqueConstraint("cause", "channel", name="one_notice_per_cause_and_channel"),
        Index("notices_by_company_and_kind", "company_id", "kind", "created_at"),
        Index("notices_to_send", "id", sqlite_where=text("status = 'queued'")),
    )

    id: int | None = Field(default=None, primary_key=True)
    company_id: int = Field(foreign_key="companies.id", ondelete="CASCADE")
    kind: NoticeKind = Field(sa_column=choice("kind", NoticeKind))
    level: str | None = None
    """Of a low balance: the level. Of a spending limit: the period and the step, such as `daily 80`."""
    channel: NoticeChannel = Field(sa_column=choice("channel", NoticeChannel))
    recipient: str | None = None
    """The address of a mail."""
    cause: str
    language: str
    """de or en"""
    facts: dict[str, Any] = Field(default_factory=dict, sa_column=Column("facts", JSON, nullable=False))
    """What the text is made of. Money in cents."""
    subject: str | None = None
    """Null until it is sent."""
    body: str | None = None
    status: NoticeStatus = Field(sa_column=choice("status", NoticeStatus))
    last_ledger_id: int | None = None
    """The company's newest ledger row when this was decided: what came after it may arm the next one."""
    created_at: datetime = Field(sa_column=when("created_at"))
    sent_at: datetime | None = Field(default=None, sa_column=when("sent_at", nullable=True))
