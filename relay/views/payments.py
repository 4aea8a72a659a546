"""Top-ups."""

from __future__ import annotations

from sqlalchemy import ColumnElement, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.dialect import table_of
from billing.models import Company, Topup
from relay.api import TopupView
from relay.views.query import fetch

TOPUPS = table_of(Topup)
_COMPANIES = table_of(Company)

TOPUP_ROWS = select(
    TOPUPS.c.id,
    TOPUPS.c.company_id,
    _COMPANIES.c.slug.label("company_slug"),
    TOPUPS.c.amount.label("amount_cents"),
    TOPUPS.c.bonus_amount.label("bonus_cents"),
    TOPUPS.c.currency,
    TOPUPS.c.status,
    TOPUPS.c.origin,
    TOPUPS.c.stripe_payment_intent_id.label("payment_intent_id"),
    TOPUPS.c.stripe_checkout_session_id.label("checkout_session_id"),
    TOPUPS.c.stripe_charge_id.label("charge_id"),
    TOPUPS.c.checkout_url,
    TOPUPS.c.payment_method_label,
    TOPUPS.c.failure_code,
    TOPUPS.c.decline_code,
    TOPUPS.c.failure_message,
    TOPUPS.c.refunded_amount.label("refunded_cents"),
    TOPUPS.c.refund_status,
    TOPUPS.c.dispute_status,
    TOPUPS.c.created_at,
    TOPUPS.c.expires_at,
    TOPUPS.c.paid_at,
).join_from(TOPUPS, _COMPANIES, _COMPANIES.c.id == TOPUPS.c.company_id)


async def topups(session: AsyncSession, *conditions: ColumnElement[bool], limit: int | None = None) -> list[TopupView]:
    """Top-ups, newest first."""
    statement = TOPUP_ROWS.where(*conditions).order_by(TOPUPS.c.id.desc()).limit(limit)
    return [TopupView(**row) for row in await fetch(session, statement)]
