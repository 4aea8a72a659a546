"""Ledger rows with the Stripe event that caused them."""

from __future__ import annotations

from sqlalchemy import ColumnElement, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.dialect import table_of
from billing.models import Company, LedgerEntry, WebhookEvent
from relay.api import LedgerView
from relay.views.query import fetch

LEDGER = table_of(LedgerEntry)
_COMPANIES = table_of(Company)
_EVENTS = table_of(WebhookEvent)

LEDGER_ROWS = (
    select(
        LEDGER.c.id,
        LEDGER.c.company_id,
        _COMPANIES.c.slug.label("company_slug"),
        LEDGER.c.type,
        LEDGER.c.amount.label("money_cents"),
        LEDGER.c.bonus_amount.label("bonus_cents"),
        LEDGER.c.reserved_amount.label("reserved_cents"),
        LEDGER.c.balance_before.label("balance_before_cents"),
        LEDGER.c.balance_after.label("balance_after_cents"),
        LEDGER.c.bonus_after.label("bonus_after_cents"),
        LEDGER.c.reserved_after.label("reserved_after_cents"),
        LEDGER.c.description,
        LEDGER.c.reference_type,
        LEDGER.c.reference_id,
        _EVENTS.c.event_id,
        LEDGER.c.created_by,
        LEDGER.c.created_at,
    )
    .join_from(LEDGER, _COMPANIES, _COMPANIES.c.id == LEDGER.c.company_id)
    .outerjoin(_EVENTS, _EVENTS.c.id == LEDGER.c.webhook_event_id)
)


async def ledger_rows(
    session: AsyncSession, *conditions: ColumnElement[bool], limit: int | None = None
) -> list[LedgerView]:
    """Ledger rows, newest first."""
    statement = LEDGER_ROWS.where(*conditions).order_by(LEDGER.c.id.desc()).limit(limit)
    return [LedgerView(**row) for row in await fetch(session, statement)]
