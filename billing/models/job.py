"""Work that must happen after a commit: durable, at least once, one pending job per key."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Column, Index, text
from sqlmodel import Field, SQLModel

from billing.models.columns import choice, when


class JobStatus(StrEnum):
    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"


class Job(SQLModel, table=True):
    """One piece of work. `key` is unique among the pending ones."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index("one_pending_job_per_key", "key", unique=True, sqlite_where=text("status = 'pending'")),
        Index("jobs_to_run", "run_at", sqlite_where=text("status = 'pending'")),
    )

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    key: str
    payload: dict[str, Any] = Field(default_factory=dict, sa_column=Column("payload", JSON, nullable=False))
    status: JobStatus = Field(sa_column=choice("status", JobStatus, default=JobStatus.PENDING))
    run_at: datetime = Field(sa_column=when("run_at"))
    attempts: int = 0
    last_error: str | None = None
    created_at: datetime = Field(sa_column=when("created_at"))
    finished_at: datetime | None = Field(default=None, sa_column=when("finished_at", nullable=True))
