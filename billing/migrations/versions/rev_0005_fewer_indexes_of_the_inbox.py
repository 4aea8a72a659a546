"""One index for an event's status and its place in the queue, and none that nobody reads.

SQLite used to pick the plain index on the status for the queue too, and sorted all of it for each batch.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("events_to_process", "webhook_events")
    op.drop_index("events_by_status", "webhook_events")
    op.create_index("events_by_status", "webhook_events", ["status", "next_attempt_at"], unique=False)
    op.drop_index("ix_webhook_deliveries_received_at", "webhook_deliveries")
    for old, new, column in (
        ("ix_webhook_events_company_id", "events_by_company", "company_id"),
        ("ix_webhook_events_topup_id", "events_by_topup", "topup_id"),
    ):
        op.drop_index(old, "webhook_events")
        only_set = sa.text(f"{column} IS NOT NULL")
        op.create_index(new, "webhook_events", [column], unique=False, sqlite_where=only_set)
