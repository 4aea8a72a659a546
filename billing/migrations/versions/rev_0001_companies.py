"""Companies, their balances, prices, bonus rules and limits; the queue of jobs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_companies()
    _create_prepaid_balances()
    _create_billing_rates()
    _create_billing_bonus_rules()
    _create_billing_spending_limits()
    _create_jobs()


def _create_companies() -> None:
    op.create_table(
        "companies",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("billing_contact_email", sa.String(), nullable=True),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("prepaid_billing_enabled", sa.Boolean(), nullable=False),
        sa.Column("stripe_customer_id", sa.String(), nullable=True),
        sa.Column("is_small_business", sa.Boolean(), nullable=False),
        sa.Column("tax_number", sa.String(), nullable=True),
        sa.Column("vat_id", sa.String(), nullable=True),
        sa.Column("alerts_enabled", sa.Boolean(), nullable=False),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("stripe_customer_id"),
    )
    op.create_index(op.f("ix_companies_slug"), "companies", ["slug"], unique=True)


def _create_prepaid_balances() -> None:
    op.create_table(
        "prepaid_balances",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.Column("bonus_balance", sa.BigInteger(), nullable=False),
        sa.Column("reserved_balance", sa.BigInteger(), nullable=False),
        sa.Column("low_balance_threshold", sa.BigInteger(), nullable=False),
        sa.Column("last_warning_sent_at", sa.DateTime(), nullable=True),
        sa.Column("auto_topup_enabled", sa.Boolean(), nullable=False),
        sa.Column("auto_topup_threshold", sa.BigInteger(), nullable=True),
        sa.Column("auto_topup_amount", sa.BigInteger(), nullable=True),
        sa.Column("stripe_payment_method_id", sa.String(), nullable=True),
        sa.Column("payment_method_label", sa.String(), nullable=True),
        sa.Column("last_auto_topup_at", sa.DateTime(), nullable=True),
        sa.Column("auto_topup_daily_count", sa.Integer(), nullable=False),
        sa.Column("auto_topup_daily_limit", sa.Integer(), nullable=False),
        sa.Column("auto_topup_monthly_limit", sa.BigInteger(), nullable=False),
        sa.Column("auto_topup_failure_count", sa.Integer(), nullable=False),
        sa.Column("auto_topup_retry_at", sa.DateTime(), nullable=True),
        sa.Column("auto_topup_disabled_reason", sa.String(), nullable=True),
        sa.Column("auto_topup_disabled_at", sa.DateTime(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("bonus_balance >= 0", name="bonus_is_not_negative"),
        sa.CheckConstraint("reserved_balance >= 0", name="reserved_is_not_negative"),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("company_id"),
    )


def _create_billing_rates() -> None:
    op.create_table(
        "billing_rates",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("rate_per_minute", sa.Integer(), nullable=False),
        sa.Column("billing_increment", sa.Integer(), nullable=False),
        sa.Column("minimum_charge", sa.BigInteger(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("valid_from", sa.DateTime(), nullable=True),
        sa.Column("valid_until", sa.DateTime(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_billing_rates_company_id"), "billing_rates", ["company_id"], unique=False)


def _create_billing_bonus_rules() -> None:
    op.create_table(
        "billing_bonus_rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("min_amount", sa.BigInteger(), nullable=False),
        sa.Column("max_amount", sa.BigInteger(), nullable=True),
        sa.Column("bonus_percentage", sa.Integer(), nullable=False),
        sa.Column("max_bonus_amount", sa.BigInteger(), nullable=True),
        sa.Column("is_first_time_only", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.DateTime(), nullable=True),
        sa.Column("valid_until", sa.DateTime(), nullable=True),
        sa.Column("times_used", sa.Integer(), nullable=False),
        sa.Column("total_bonus_given", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_billing_bonus_rules_company_id"), "billing_bonus_rules", ["company_id"], unique=False)


def _create_billing_spending_limits() -> None:
    op.create_table(
        "billing_spending_limits",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("daily_limit", sa.BigInteger(), nullable=True),
        sa.Column("weekly_limit", sa.BigInteger(), nullable=True),
        sa.Column("monthly_limit", sa.BigInteger(), nullable=True),
        sa.Column("alert_thresholds", sa.JSON(), nullable=False),
        sa.Column("send_alerts", sa.Boolean(), nullable=False),
        sa.Column("hard_limit", sa.Boolean(), nullable=False),
        sa.Column("last_alert_sent_at", sa.DateTime(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("company_id"),
    )


def _create_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "pending",
                "done",
                "failed",
                name="status_jobstatus",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("run_at", sa.DateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("finished_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("jobs_to_run", "jobs", ["run_at"], unique=False, sqlite_where=sa.text("status = 'pending'"))
    op.create_index("one_pending_job_per_key", "jobs", ["key"], unique=True, sqlite_where=sa.text("status = 'pending'"))
