"""Calls with what they cost."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, literal, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.dialect import table_of
from billing.models import Call, CallCharge, Company, RefundStatus
from billing.policy import Policy
from relay.api import CallView
from relay.views.companies import RATES, current_rate_id
from relay.views.query import fetch

CALLS = table_of(Call)
CHARGES = table_of(CallCharge)
_COMPANIES = table_of(Company)

CHARGE_STATUS = func.coalesce(
    CHARGES.c.status.cast(CALLS.c.call_id.type),
    case((CALLS.c.non_billable_reason.is_not(None), literal("not_billable")), else_=literal("none")),
)
"""charged, unpaid, not_billable or none: what the list filters by."""


def call_rows(now: datetime, policy: Policy) -> Select[Any]:
    """All calls; add conditions, order and limit."""
    return (
        select(
            CALLS.c.id,
            CALLS.c.call_id,
            CALLS.c.company_id,
            _COMPANIES.c.slug.label("company_slug"),
            CALLS.c.from_number,
            CALLS.c.to_number,
            CALLS.c.status,
            CHARGE_STATUS.label("charge_status"),
            CALLS.c.duration_sec.label("duration_s"),
            CALLS.c.started_at,
            CALLS.c.ended_at,
            func.coalesce(
                CHARGES.c.rate_per_minute, RATES.c.rate_per_minute, literal(policy.default_rate_e4_per_minute)
            ).label("rate_e4_per_minute"),
            CHARGES.c.amount_charged.label("amount_cents"),
            func.coalesce(CHARGES.c.paid_by_bonus, 0).label("paid_by_bonus_cents"),
            func.coalesce(CHARGES.c.refunded_amount, 0).label("refunded_cents"),
            CHARGES.c.refund_status,
            CHARGES.c.balance_transaction_id.label("ledger_id"),
        )
        .join_from(CALLS, _COMPANIES, _COMPANIES.c.id == CALLS.c.company_id)
        .outerjoin(CHARGES, CHARGES.c.call_id == CALLS.c.id)
        .outerjoin(RATES, RATES.c.id == current_rate_id(CALLS.c.company_id, now=now))
    )


async def calls(
    session: AsyncSession, *conditions: ColumnElement[bool], now: datetime, policy: Policy, limit: int | None = None
) -> list[CallView]:
    """Calls, newest first."""
    statement = call_rows(now, policy).where(*conditions).order_by(CALLS.c.id.desc()).limit(limit)
    return [_call(row) for row in await fetch(session, statement)]


def _call(row: Mapping[str, Any]) -> CallView:
    return CallView(**{**row, "refund_status": row["refund_status"] or RefundStatus.NONE})
