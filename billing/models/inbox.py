"""The inbox: one row per Stripe event, one per delivery that reached us, one per attempt to process."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, Column, Index, LargeBinary, text
from sqlmodel import Field, SQLModel

from billing.models.columns import choice, when


class EventStatus(StrEnum):
    PENDING = "pending"
    """Acknowledged, not yet processed; also while waiting for its next attempt."""
    HELD = "held"
    """Arrived while test mode was off; processed when it returns."""
    COMPLETED = "completed"
    """Its handler ran, and what it wrote is committed with this status."""
    IGNORED = "ignored"
    """Nothing to do for this type or this state; the reason says why."""
    UNMATCHED = "unmatched"
    """Speaks of a payment that no top-up of ours belongs to; tried again when one appears."""
    QUARANTINED = "quarantined"
    """Contradicts what we know (amount, currency, live mode, object); money untouched until somebody looks."""
    FAILED = "failed"
    """The handler failed and all retries are used up."""


class WebhookEvent(SQLModel, table=True):
    """One event, once, whatever number of times it was delivered."""

    __tablename__ = "webhook_events"
    __table_args__ = (
        # Also the queue: what is due is read in its order, however long it has become.
        Index("events_by_status", "status", "next_attempt_at"),
        Index("events_by_object", "object_id"),
        Index("events_waiting_for_a_payment", "correlation_id", sqlite_where=text("status = 'unmatched'")),
        # Most events belong to nobody, and none does yet when it is stored.
        Index("events_by_company", "company_id", sqlite_where=text("company_id IS NOT NULL")),
        Index("events_by_topup", "topup_id", sqlite_where=text("topup_id IS NOT NULL")),
        # In the order of the list: a filter reads nothing but this, from the newest on. What is stored goes to its end.
        Index(
            "events_to_filter",
            *("id", "event_type", "status", "company_id", "source", "amount_cents", "received_at"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True)
    """The inbox number: ascending, without gaps between what is kept."""
    event_id: str = Field(unique=True)
    provider: str = "stripe"
    event_type: str
    status: EventStatus = Field(sa_column=choice("status", EventStatus))
    reason: str | None = None
    """Why it ended so, in a sentence."""
    company_id: int | None = Field(default=None, foreign_key="companies.id")
    topup_id: int | None = Field(default=None, foreign_key="balance_topups.id")
    object_id: str | None = None
    correlation_id: str | None = None
    """The payment it belongs to: the `pi_…` where one is named, else the `ch_…`, `cs_…`, or `topup:<id>`."""
    amount_cents: int | None = None
    currency: str | None = None
    livemode: bool = False
    api_version: str | None = None
    source: str
    """Of the first accepted delivery: sandbox, stripe_cli, endpoint, replay, trigger, backfill, poll."""
    payload: bytes = Field(sa_column=Column("payload", LargeBinary, nullable=False))
    """The raw bytes as they came."""
    headers: dict[str, str] = Field(default_factory=dict, sa_column=Column("headers", JSON, nullable=False))
    retry_count: int = 0
    next_attempt_at: datetime | None = Field(default=None, sa_column=when("next_attempt_at", nullable=True))
    error_message: str | None = None
    stripe_created_at: datetime | None = Field(default=None, sa_column=when("stripe_created_at", nullable=True))
    received_at: datetime = Field(sa_column=when("received_at"))
    processed_at: datetime | None = Field(default=None, sa_column=when("processed_at", nullable=True))


class Verdict(StrEnum):
    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"


class WebhookDelivery(SQLModel, table=True):
    """One HTTP request to the webhook, also a rejected one."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (Index("deliveries_by_verdict", "verdict", "id"), {"sqlite_autoincrement": True})

    id: int | None = Field(default=None, primary_key=True)
    webhook_event_id: int | None = Field(default=None, foreign_key="webhook_events.id", index=True)
    event_id: str | None = None
    """The `evt_…` of the body, where one could be read, even when the delivery was rejected."""
    source: str
    verdict: Verdict = Field(sa_column=choice("verdict", Verdict))
    reason_code: str
    """`ok`, `duplicate`, `duplicate_differs`, `signature_missing`, `timestamp_too_old`, `body_not_json`, …"""
    reason: str
    remedy: str | None = None
    secret_label: str | None = None
    """Which of the known secrets matched."""
    http_status: int
    response_body: str
    headers: dict[str, str] = Field(default_factory=dict, sa_column=Column("headers", JSON, nullable=False))
    body: bytes | None = Field(default=None, sa_column=Column("body", LargeBinary, nullable=True))
    """Null when the bytes are those of its event."""
    body_bytes: int
    latency_us: int
    """From the first byte read to the answer being ready."""
    remote: str | None = None
    user_agent: str | None = None
    received_at: datetime = Field(sa_column=when("received_at"))


class WebhookExplanation(SQLModel, table=True):
    """Why a rejected delivery was rejected, told by evidence when it arrived."""

    __tablename__ = "webhook_explanations"

    delivery_id: int = Field(primary_key=True, foreign_key="webhook_deliveries.id", ondelete="CASCADE")
    cause: str
    """`header_missing`, `secret_retired`, `body_reencoded`, …"""
    certain: bool
    """False: the likeliest of what is left."""
    sentence: str
    evidence: list[str] = Field(default_factory=list, sa_column=Column("evidence", JSON, nullable=False))
    remedy: str | None = None
    secret_label: str | None = None


class WebhookAttempt(SQLModel, table=True):
    """One attempt to process an event."""

    __tablename__ = "webhook_attempts"

    id: int | None = Field(default=None, primary_key=True)
    webhook_event_id: int = Field(foreign_key="webhook_events.id", ondelete="CASCADE", index=True)
    number: int
    outcome: str
    """applied, duplicate, ignored, unmatched, quarantined, retry, failed"""
    reason: str | None = None
    started_at: datetime = Field(sa_column=when("started_at"))
    duration_us: int
    next_attempt_at: datetime | None = Field(default=None, sa_column=when("next_attempt_at", nullable=True))


class EventCursor(SQLModel, table=True):
    """How far the events of one Stripe are known completely: what came through later is asked for."""

    __tablename__ = "event_cursors"

    stripe_api: str = Field(primary_key=True)
    complete_until: datetime = Field(sa_column=when("complete_until"))
    """Every event made before this, and after the first look, is in the inbox."""
    first_event_id: str | None = None
    """The newest event of before the first look: it and what is older was never ours."""
    first_created_at: datetime = Field(sa_column=when("first_created_at"))
