"""Companies, balances, automatic top-up settings and decisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, bindparam, case, func, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.dialect import table_of
from billing.models import AutoTopupDecision, BillingRate, Company, LedgerEntry, LedgerType, PrepaidBalance
from billing.money import seconds_covered
from billing.periods import month_start, same_day
from billing.policy import Policy
from billing.rates import Rate, default_rate
from billing.rules.balance_level import balance_level
from relay.api import AutoTopupView, BalanceView, CompanyView, DecisionView
from relay.views.query import fetch

_COMPANIES = table_of(Company)
_BALANCES = table_of(PrepaidBalance)
RATES = table_of(BillingRate)
_LEDGER = table_of(LedgerEntry)
DECISIONS = table_of(AutoTopupDecision)


def current_rate_id(company_id: ColumnElement[Any], *, now: datetime) -> ScalarSelect[Any]:
    """The id of the rate that a call of this company has now: the active one that began last. Null: the default."""
    candidates = RATES.alias("candidates")
    return (
        select(candidates.c.id)
        .where(
            candidates.c.company_id == company_id,
            candidates.c.is_active,
            or_(candidates.c.valid_from.is_(None), candidates.c.valid_from <= now),
            or_(candidates.c.valid_until.is_(None), candidates.c.valid_until >= now),
        )
        .order_by(candidates.c.valid_from.desc().nulls_last(), candidates.c.id.desc())
        .limit(1)
        .correlate(company_id.table)
        .scalar_subquery()
    )


def _month_used(now: datetime, zones: Sequence[str]) -> ColumnElement[int]:
    """Cents of automatic top-ups since the month began, by each company's own calendar."""
    when = _LEDGER.c.created_at.type
    starts = case(
        {zone: bindparam(None, month_start(now, zone), type_=when) for zone in zones},
        value=_COMPANIES.c.timezone,
        else_=bindparam(None, now, type_=when),
    )
    used = (
        select(func.sum(_LEDGER.c.amount))
        .where(
            _LEDGER.c.company_id == _COMPANIES.c.id,
            _LEDGER.c.created_at >= starts,
            _LEDGER.c.type == LedgerType.TOPUP,
            _LEDGER.c.reference_type == "auto_topup",
        )
        .scalar_subquery()
    )
    return func.coalesce(used, 0)


def _balance_rows(now: datetime) -> Select[Any]:
    return (
        select(
            _COMPANIES.c.id.label("company_id"),
            _COMPANIES.c.slug,
            _COMPANIES.c.name,
            _COMPANIES.c.prepaid_billing_enabled,
            RATES.c.rate_per_minute,
            RATES.c.billing_increment,
            RATES.c.minimum_charge,
            _BALANCES.c.balance,
            _BALANCES.c.bonus_balance,
            _BALANCES.c.reserved_balance,
            _BALANCES.c.low_balance_threshold,
            _BALANCES.c.auto_topup_enabled,
            _BALANCES.c.auto_topup_threshold,
            _BALANCES.c.auto_topup_amount,
            _BALANCES.c.stripe_payment_method_id,
            _BALANCES.c.updated_at.label("balance_updated_at"),
        )
        .join_from(_COMPANIES, _BALANCES, _BALANCES.c.company_id == _COMPANIES.c.id)
        .outerjoin(RATES, RATES.c.id == current_rate_id(_COMPANIES.c.id, now=now))
        .where(_COMPANIES.c.deleted_at.is_(None))
        .order_by(_COMPANIES.c.id)
    )


def _company_rows(now: datetime, zones: Sequence[str]) -> Select[Any]:
    return _balance_rows(now).add_columns(
        _COMPANIES.c.email,
        _COMPANIES.c.is_active,
        _COMPANIES.c.stripe_customer_id,
        _COMPANIES.c.created_at,
        _BALANCES.c.payment_method_label,
        _BALANCES.c.last_auto_topup_at,
        _BALANCES.c.auto_topup_daily_count,
        _BALANCES.c.auto_topup_daily_limit,
        _BALANCES.c.auto_topup_monthly_limit,
        _BALANCES.c.auto_topup_failure_count,
        _BALANCES.c.auto_topup_retry_at,
        _BALANCES.c.auto_topup_disabled_reason,
        _COMPANIES.c.timezone,
        _month_used(now, zones).label("month_used"),
    )


async def balances(
    session: AsyncSession, *, now: datetime, policy: Policy, company_ids: Sequence[int] | None = None
) -> list[BalanceView]:
    """The balances of these companies, or of all, by company id."""
    statement = _balance_rows(now)
    if company_ids is not None:
        statement = statement.where(_COMPANIES.c.id.in_(company_ids))
    return [_balance(row, policy) for row in await fetch(session, statement)]


async def companies(
    session: AsyncSession, *, now: datetime, policy: Policy, company_ids: Sequence[int] | None = None
) -> list[CompanyView]:
    """These companies, or all, by id."""
    zones = [row["timezone"] for row in await fetch(session, select(_COMPANIES.c.timezone).distinct())]
    statement = _company_rows(now, zones or ["UTC"])
    if company_ids is not None:
        statement = statement.where(_COMPANIES.c.id.in_(company_ids))
    return [_company(row, now=now, policy=policy) for row in await fetch(session, statement)]


DECISION_ROWS = select(
    DECISIONS.c.id,
    DECISIONS.c.company_id,
    _COMPANIES.c.slug.label("company_slug"),
    DECISIONS.c.decided_at,
    DECISIONS.c.allowed,
    DECISIONS.c.reason,
    DECISIONS.c.explanation,
    DECISIONS.c.triggered_by,
    DECISIONS.c.call_id,
    DECISIONS.c.topup_id,
    DECISIONS.c.effective_total.label("effective_total_cents"),
    DECISIONS.c.threshold.label("threshold_cents"),
    DECISIONS.c.amount.label("amount_cents"),
).join_from(DECISIONS, _COMPANIES, _COMPANIES.c.id == DECISIONS.c.company_id)


async def decisions(
    session: AsyncSession, *conditions: ColumnElement[bool], limit: int | None = None
) -> list[DecisionView]:
    """Decisions, newest first."""
    statement = DECISION_ROWS.where(*conditions).order_by(DECISIONS.c.id.desc()).limit(limit)
    return [DecisionView(**row) for row in await fetch(session, statement)]


def _balance(row: Mapping[str, Any], policy: Policy) -> BalanceView:
    effective_total_cents = row["balance"] + row["bonus_balance"] - row["reserved_balance"]
    rate = _rate(row, policy)
    return BalanceView(
        company_id=row["company_id"],
        company_slug=row["slug"],
        company_name=row["name"],
        balance_cents=row["balance"],
        bonus_cents=row["bonus_balance"],
        reserved_cents=row["reserved_balance"],
        effective_total_cents=effective_total_cents,
        low_balance_threshold_cents=row["low_balance_threshold"],
        level=balance_level(
            effective_total_cents=effective_total_cents,
            threshold_cents=row["low_balance_threshold"],
            one_minute_cents=rate.price_cents(60),
        ),
        remaining_s=seconds_covered(cents=effective_total_cents, rate_e4_per_minute=rate.rate_e4_per_minute),
        auto_topup_armed=policy.auto_topup_enabled and _is_armed(row),
        prepaid_billing_enabled=policy.prepaid_billing_enabled and row["prepaid_billing_enabled"],
        updated_at=row["balance_updated_at"],
    )


def _rate(row: Mapping[str, Any], policy: Policy) -> Rate:
    if row["rate_per_minute"] is None:
        return default_rate(policy)
    return Rate(row["rate_per_minute"], row["billing_increment"], row["minimum_charge"])


def _is_armed(row: Mapping[str, Any]) -> bool:
    settings = (row["auto_topup_threshold"], row["auto_topup_amount"], row["stripe_payment_method_id"])
    return bool(row["auto_topup_enabled"]) and None not in settings


def _company(row: Mapping[str, Any], *, now: datetime, policy: Policy) -> CompanyView:
    return CompanyView(
        id=row["company_id"],
        slug=row["slug"],
        name=row["name"],
        email=row["email"],
        is_active=row["is_active"],
        prepaid_billing_enabled=policy.prepaid_billing_enabled and row["prepaid_billing_enabled"],
        stripe_customer_id=row["stripe_customer_id"],
        rate_e4_per_minute=_rate(row, policy).rate_e4_per_minute,
        balance=_balance(row, policy),
        auto_topup=_auto_topup(row, now=now, policy=policy),
        created_at=row["created_at"],
    )


def _auto_topup(row: Mapping[str, Any], *, now: datetime, policy: Policy) -> AutoTopupView:
    last_success_at: datetime | None = row["last_auto_topup_at"]
    succeeded_today = last_success_at is not None and same_day(last_success_at, now, row["timezone"])
    waits = [row["auto_topup_retry_at"], last_success_at and last_success_at + policy.auto_topup_cooldown]
    return AutoTopupView(
        company_id=row["company_id"],
        company_slug=row["slug"],
        enabled=row["auto_topup_enabled"],
        threshold_cents=row["auto_topup_threshold"],
        amount_cents=row["auto_topup_amount"],
        payment_method=row["stripe_payment_method_id"],
        payment_method_label=row["payment_method_label"],
        daily_limit=row["auto_topup_daily_limit"],
        daily_count=row["auto_topup_daily_count"] if succeeded_today else 0,
        monthly_limit_cents=row["auto_topup_monthly_limit"],
        month_used_cents=row["month_used"],
        failure_count=row["auto_topup_failure_count"],
        disabled_reason=row["auto_topup_disabled_reason"],
        last_success_at=last_success_at,
        next_allowed_at=max((wait for wait in waits if wait is not None and wait > now), default=None),
    )
