"""The append-only ledger, calls with charges and reservations, automatic top-up decisions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_balance_transactions()
    _create_calls()
    _create_call_charges()
    _create_balance_reservations()
    _create_auto_topup_decisions()


def _create_balance_transactions() -> None:
    op.create_table(
        "balance_transactions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column(
            "type",
            sa.Enum(
                "topup",
                "charge",
                "refund",
                "adjustment",
                "reservation",
                "release",
                "bonus",
                "withdrawal",
                name="type_ledgertype",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("bonus_amount", sa.BigInteger(), nullable=False),
        sa.Column("reserved_amount", sa.BigInteger(), nullable=False),
        sa.Column("balance_before", sa.BigInteger(), nullable=False),
        sa.Column("balance_after", sa.BigInteger(), nullable=False),
        sa.Column("bonus_after", sa.BigInteger(), nullable=False),
        sa.Column("reserved_after", sa.BigInteger(), nullable=False),
        sa.Column("affects_bonus", sa.Boolean(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("reference_type", sa.String(), nullable=True),
        sa.Column("reference_id", sa.String(), nullable=True),
        sa.Column("posting_key", sa.String(), nullable=False),
        sa.Column("webhook_event_id", sa.Integer(), nullable=True),
        sa.Column("created_by", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("amount <> 0 OR bonus_amount <> 0 OR reserved_amount <> 0", name="something_moves"),
        sa.CheckConstraint("balance_after = balance_before + amount", name="after_is_before_plus_amount"),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["companies.id"],
        ),
        sa.ForeignKeyConstraint(
            ["webhook_event_id"],
            ["webhook_events.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("posting_key"),
    )
    op.create_index(
        op.f("ix_balance_transactions_webhook_event_id"), "balance_transactions", ["webhook_event_id"], unique=False
    )
    op.create_index("ledger_by_company_and_time", "balance_transactions", ["company_id", "created_at"], unique=False)
    op.create_index("ledger_by_reference", "balance_transactions", ["reference_type", "reference_id"], unique=False)
    op.create_index(
        "ledger_topups",
        "balance_transactions",
        ["company_id", "created_at"],
        unique=False,
        sqlite_where=sa.text("type = 'topup'"),
    )

    # The ledger is append-only for everybody who opens the file, not only for this program.
    op.execute(
        "CREATE TRIGGER balance_transactions_refuse_update BEFORE UPDATE ON balance_transactions "
        "BEGIN SELECT RAISE(ABORT, 'ledger rows are never changed: book a correction'); END"
    )
    op.execute(
        "CREATE TRIGGER balance_transactions_refuse_delete BEFORE DELETE ON balance_transactions "
        "BEGIN SELECT RAISE(ABORT, 'ledger rows are never deleted: book a correction'); END"
    )


def _create_calls() -> None:
    op.create_table(
        "calls",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("from_number", sa.String(), nullable=True),
        sa.Column("to_number", sa.String(), nullable=True),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "in_progress",
                "completed",
                name="status_callstatus",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("duration_sec", sa.Integer(), nullable=True),
        sa.Column("disconnection_reason", sa.String(), nullable=True),
        sa.Column("non_billable_reason", sa.String(), nullable=True),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.Column("started_at", sa.DateTime(), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("call_id"),
    )
    op.create_index(op.f("ix_calls_company_id"), "calls", ["company_id"], unique=False)


def _create_call_charges() -> None:
    op.create_table(
        "call_charges",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "charged", "unpaid", name="status_chargestatus", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("duration_seconds", sa.Integer(), nullable=False),
        sa.Column("rate_per_minute", sa.Integer(), nullable=False),
        sa.Column("amount_charged", sa.BigInteger(), nullable=False),
        sa.Column("paid_by_bonus", sa.BigInteger(), nullable=False),
        sa.Column("balance_transaction_id", sa.Integer(), nullable=True),
        sa.Column("charged_at", sa.DateTime(), nullable=True),
        sa.Column("refunded_amount", sa.BigInteger(), nullable=False),
        sa.Column("refunded_bonus", sa.BigInteger(), nullable=False),
        sa.Column(
            "refund_status",
            sa.Enum(
                "none",
                "partial",
                "full",
                name="refund_status_refundstatus",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("refunded_at", sa.DateTime(), nullable=True),
        sa.Column("refund_reason", sa.String(), nullable=True),
        sa.Column("refund_transaction_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("amount_charged >= 0", name="price_is_not_negative"),
        sa.CheckConstraint("paid_by_bonus BETWEEN 0 AND amount_charged", name="bonus_paid_a_part"),
        sa.CheckConstraint("refunded_amount BETWEEN 0 AND amount_charged", name="refund_is_within_the_price"),
        sa.CheckConstraint("refunded_bonus BETWEEN 0 AND paid_by_bonus", name="bonus_gets_back_what_it_paid"),
        sa.ForeignKeyConstraint(
            ["balance_transaction_id"],
            ["balance_transactions.id"],
        ),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["companies.id"],
        ),
        sa.ForeignKeyConstraint(
            ["refund_transaction_id"],
            ["balance_transactions.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("call_id"),
    )
    op.create_index(op.f("ix_call_charges_company_id"), "call_charges", ["company_id"], unique=False)
    op.create_index(
        "unpaid_charges", "call_charges", ["company_id", "id"], unique=False, sqlite_where=sa.text("status = 'unpaid'")
    )


def _create_balance_reservations() -> None:
    op.create_table(
        "balance_reservations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "held",
                "released",
                "converted",
                name="status_reservationstatus",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("amount > 0", name="something_is_held"),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("call_id"),
    )
    op.create_index(
        "held_reservations",
        "balance_reservations",
        ["expires_at"],
        unique=False,
        sqlite_where=sa.text("status = 'held'"),
    )
    op.create_index(op.f("ix_balance_reservations_company_id"), "balance_reservations", ["company_id"], unique=False)


def _create_auto_topup_decisions() -> None:
    op.create_table(
        "auto_topup_decisions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("decided_at", sa.DateTime(), nullable=False),
        sa.Column("allowed", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("explanation", sa.String(), nullable=False),
        sa.Column(
            "triggered_by",
            sa.Enum(
                "call",
                "unpaid_call",
                "manual",
                "settings",
                name="triggered_by_decisiontrigger",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("call_id", sa.Integer(), nullable=True),
        sa.Column("topup_id", sa.Integer(), nullable=True),
        sa.Column("effective_total", sa.BigInteger(), nullable=False),
        sa.Column("threshold", sa.BigInteger(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["call_id"],
            ["calls.id"],
        ),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["topup_id"],
            ["balance_topups.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_auto_topup_decisions_call_id"), "auto_topup_decisions", ["call_id"], unique=False)
    op.create_index(op.f("ix_auto_topup_decisions_company_id"), "auto_topup_decisions", ["company_id"], unique=False)
    op.create_index(op.f("ix_auto_topup_decisions_topup_id"), "auto_topup_decisions", ["topup_id"], unique=False)
