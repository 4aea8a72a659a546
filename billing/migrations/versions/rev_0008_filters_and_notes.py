"""Marks and notes on events, saved filters, and an index that filters of the event list read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "event_notes",
        sa.Column("webhook_event_id", sa.Integer(), nullable=False),
        sa.Column("mark", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["webhook_event_id"], ["webhook_events.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("webhook_event_id"),
    )
    op.create_index(op.f("ix_event_notes_mark"), "event_notes", ["mark"], unique=False)
    op.create_table(
        "saved_filters",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("filter", sa.String(), nullable=False),
        sa.Column("saved_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.drop_index("events_by_type", "webhook_events")
    op.create_index(
        "events_to_filter",
        "webhook_events",
        ["id", "event_type", "status", "company_id", "source", "amount_cents", "received_at"],
        unique=False,
    )
