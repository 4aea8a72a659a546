"""Invoices, notices and the audit trail; an invoice for each top-up that was credited before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_invoices()
    _create_billing_notices()
    _create_billing_audit()
    _invoice_earlier_topups()
    for table, why in (
        ("invoices", "an invoice is never changed"),
        ("billing_audit", "the audit trail is only added to"),
    ):
        for verb in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER {table}_refuse_{verb} BEFORE {verb.upper()} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{why}'); END"
            )


def _create_invoices() -> None:
    op.create_table(
        "invoices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("topup_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("subtotal", sa.BigInteger(), nullable=False),
        sa.Column("tax_rate", sa.Integer(), nullable=False),
        sa.Column("tax_amount", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("items", sa.JSON(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("company_name", sa.String(), nullable=False),
        sa.Column("company_email", sa.String(), nullable=True),
        sa.Column("company_country", sa.String(), nullable=False),
        sa.Column("company_tax_number", sa.String(), nullable=True),
        sa.Column("company_vat_id", sa.String(), nullable=True),
        sa.Column("invoice_date", sa.DateTime(), nullable=False),
        sa.CheckConstraint("subtotal + tax_amount = total", name="net_and_tax_are_the_gross"),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"]),
        sa.ForeignKeyConstraint(["topup_id"], ["balance_topups.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("topup_id"),
        sa.UniqueConstraint("year", "sequence", name="numbers_are_used_once"),
    )
    op.create_index(op.f("ix_invoices_company_id"), "invoices", ["company_id"], unique=False)


def _create_billing_notices() -> None:
    op.create_table(
        "billing_notices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "low_balance",
                "spending_limit",
                "auto_topup_succeeded",
                "auto_topup_failed",
                "auto_topup_disabled",
                "payment_failed",
                name="kind_noticekind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("level", sa.String(), nullable=True),
        sa.Column(
            "channel",
            sa.Enum(
                "mail", "in_app", name="channel_noticechannel", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("recipient", sa.String(), nullable=True),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("subject", sa.String(), nullable=True),
        sa.Column("body", sa.String(), nullable=True),
        sa.Column(
            "status",
            sa.Enum("queued", "sent", name="status_noticestatus", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("last_ledger_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("sent_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("cause", "channel", name="one_notice_per_cause_and_channel"),
    )
    op.create_index(
        "notices_by_company_and_kind", "billing_notices", ["company_id", "kind", "created_at"], unique=False
    )
    op.create_index(
        "notices_to_send", "billing_notices", ["id"], unique=False, sqlite_where=sa.text("status = 'queued'")
    )


def _create_billing_audit() -> None:
    op.create_table(
        "billing_audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_billing_audit_company_id"), "billing_audit", ["company_id"], unique=False)


def _invoice_earlier_topups() -> None:
    """In the order of the payments. German time is UTC+1 when the year turns, so the year needs no zone database."""
    op.execute(
        """
        INSERT INTO invoices (company_id, topup_id, number, year, sequence, currency, subtotal, tax_rate, tax_amount,
                              total, items, language, company_name, company_email, company_country, company_tax_number,
                              company_vat_id, invoice_date)
        SELECT company_id, topup_id, 'TOP-' || year || '-' || printf('%05d', sequence), year, sequence, currency,
               net, tax_rate, gross - net, gross,
               json_array(json_object('description', CASE language WHEN 'de' THEN 'Guthaben, Aufladung '
                                      ELSE 'Prepaid credit, top-up ' END || topup_id,
                                      'quantity', 1, 'unit_price_cents', net, 'net_cents', net)),
               language, name, email, country, tax_number, vat_id, paid_at
        FROM (SELECT t.company_id, t.id AS topup_id, t.currency, t.amount AS gross, t.paid_at,
                     CAST(strftime('%Y', t.paid_at, '+1 hour') AS INTEGER) AS year,
                     ROW_NUMBER() OVER (PARTITION BY strftime('%Y', t.paid_at, '+1 hour')
                                        ORDER BY t.paid_at, t.id) AS sequence,
                     CASE WHEN c.is_small_business THEN 0 ELSE 1900 END AS tax_rate,
                     CASE WHEN c.is_small_business THEN t.amount ELSE (2 * t.amount * 10000 + 11900) / 23800 END AS net,
                     CASE WHEN c.country IN ('DE', 'AT', 'CH', 'LI') THEN 'de' ELSE 'en' END AS language,
                     c.name, COALESCE(c.billing_contact_email, c.email) AS email, c.country, c.tax_number, c.vat_id
              FROM balance_topups t JOIN companies c ON c.id = t.company_id
              WHERE t.status = 'succeeded' AND t.paid_at IS NOT NULL) paid
        ORDER BY year, sequence
        """
    )
