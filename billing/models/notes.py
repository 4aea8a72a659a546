"""What people write down while they look at events."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from billing.models.columns import when


class EventNote(SQLModel, table=True):
    """What somebody wrote on an event; such an event is never pruned."""

    __tablename__ = "event_notes"

    webhook_event_id: int = Field(foreign_key="webhook_events.id", ondelete="CASCADE", primary_key=True)
    mark: str | None = Field(default=None, index=True)
    """One word, such as `bug` or `look`."""
    note: str | None = None
    updated_at: datetime = Field(sa_column=when("updated_at"))


class SavedFilter(SQLModel, table=True):
    """A filter of the event list under a name."""

    __tablename__ = "saved_filters"

    name: str = Field(primary_key=True)
    filter: str
    saved_at: datetime = Field(sa_column=when("saved_at"))
