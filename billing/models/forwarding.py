"""Passing deliveries on: the targets, what each of them was sent, and what it answered.

A target's queue is its place in the inbox: `position` is the last delivery that it is done with or that has a row in
`forwards`; everything accepted after it waits. So a queue costs nothing, survives a restart, and loses nothing.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, Column, Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from billing.models.columns import choice, when


class TargetState(StrEnum):
    ON = "on"
    PAUSED = "paused"
    """Somebody wanted it so; what arrives waits."""
    DISABLED = "disabled"
    """It took nothing for too long; what arrives waits until somebody resumes it."""


class ForwardState(StrEnum):
    WAITING = "waiting"
    """Not taken yet; there is a next try."""
    DELIVERED = "delivered"
    """Answered with 2xx."""
    REFUSED = "refused"
    """Answered with 3xx or 4xx, which would not change by itself."""
    FAILED = "failed"
    """All tries of its schedule are used up."""


class ForwardTarget(SQLModel, table=True):
    """An application that gets a copy of each delivery that it wants."""

    __tablename__ = "forward_targets"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    url: str
    event_types: list[str] = Field(sa_column=Column("event_types", JSON, nullable=False))
    """Patterns; `*` stands for anything."""
    origin: str = "added"
    """`added` by an operation, or `option`: named by --forward-to."""
    secret_hint: str | None = None
    """Its own signing secret, masked; null = Stripe's signature is passed on as it came."""
    retry_delays: list[float] = Field(sa_column=Column("retry_delays", JSON, nullable=False))
    """Seconds before the second, third, … try."""
    allow_remote: bool = False
    """It may be on another machine."""
    state: TargetState = Field(sa_column=choice("state", TargetState))
    state_reason: str | None = None
    position: int = 0
    """Number of the last delivery that was dealt with."""
    failures: int = 0
    """Deliveries in a row that it did not take in the end."""
    missed: int = 0
    """Deliveries that it never got: the inbox did not keep them for so long, or somebody skipped them."""
    last_try_at: datetime | None = Field(default=None, sa_column=when("last_try_at", nullable=True))
    last_status: int | None = None
    last_latency_us: int | None = None
    last_error: str | None = None
    created_at: datetime = Field(sa_column=when("created_at"))


class Forward(SQLModel, table=True):
    """One delivery on its way to one target."""

    __tablename__ = "forwards"
    __table_args__ = (
        UniqueConstraint("target_id", "delivery_id", name="each_delivery_goes_to_a_target_once"),
        Index("forwards_waiting", "target_id", "delivery_id", sqlite_where=text("state = 'waiting'")),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True)
    target_id: int = Field(foreign_key="forward_targets.id", ondelete="CASCADE")
    delivery_id: int = Field(foreign_key="webhook_deliveries.id", ondelete="CASCADE", index=True)
    event_id: str | None = None
    event_type: str
    state: ForwardState = Field(sa_column=choice("state", ForwardState))
    tries: int = 0
    tries_left: int = 0
    """That its schedule still has."""
    next_try_at: datetime | None = Field(default=None, sa_column=when("next_try_at", nullable=True))
    http_status: int | None = None
    latency_us: int | None = None
    reason: str | None = None
    created_at: datetime = Field(sa_column=when("created_at"))
    updated_at: datetime = Field(sa_column=when("updated_at", index=True))


class ForwardTry(SQLModel, table=True):
    """One HTTP request to a target."""

    __tablename__ = "forward_tries"

    id: int | None = Field(default=None, primary_key=True)
    forward_id: int = Field(foreign_key="forwards.id", ondelete="CASCADE", index=True)
    number: int
    started_at: datetime = Field(sa_column=when("started_at"))
    latency_us: int
    http_status: int | None = None
    error: str | None = None
    """Why there was no answer."""
    answer_headers: dict[str, str] = Field(
        default_factory=dict, sa_column=Column("answer_headers", JSON, nullable=False)
    )
    answer_body: bytes = Field(default=b"", sa_column=Column("answer_body", LargeBinary, nullable=False))
    """Its beginning."""
    answer_cut: bool = False
    """There was more of the body."""
