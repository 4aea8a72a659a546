"""Why deliveries were rejected, with evidence; how far the events of a Stripe are known."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "webhook_explanations",
        sa.Column("delivery_id", sa.Integer(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("certain", sa.Boolean(), nullable=False),
        sa.Column("sentence", sa.String(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("remedy", sa.String(), nullable=True),
        sa.Column("secret_label", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["delivery_id"], ["webhook_deliveries.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("delivery_id"),
    )
    op.create_table(
        "event_cursors",
        sa.Column("stripe_api", sa.String(), nullable=False),
        sa.Column("complete_until", sa.DateTime(), nullable=False),
        sa.Column("first_event_id", sa.String(), nullable=True),
        sa.Column("first_created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("stripe_api"),
    )
