"""Spending limits: what a company spent is summed from the ledger, so no counter can be wrong or be counted twice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, bindparam, case, func, select
from sqlmodel import Session, col
from sqlmodel import select as select_model

from billing import audit
from billing.accounts import Account
from billing.audit import Action
from billing.changes import Kind, announce
from billing.companies import find_company
from billing.dialect import constant, table_of
from billing.errors import InvalidLimits, SpendingLimitReached
from billing.models import Company, LedgerEntry, LedgerType, SpendingLimit
from billing.money_text import money
from billing.periods import Period, period_end, period_start
from billing.rules.spending import Spending, scarcest

STEPS_MAX: Final = 10
_WORDS: Final = {Period.DAY: "today", Period.WEEK: "this week", Period.MONTH: "this month"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsChange:
    """What is to be changed; None stays as it is, a limit of 0 is taken away."""

    daily_cents: int | None = None
    weekly_cents: int | None = None
    monthly_cents: int | None = None
    alert_steps: tuple[int, ...] | None = None
    send_alerts: bool | None = None
    hard_limit: bool | None = None


def limits_of(session: Session, company_id: int, *, now: datetime) -> SpendingLimit:
    """The limits of a company; a fresh row without limits, not stored, when none were ever set."""
    found = session.exec(select_model(SpendingLimit).where(col(SpendingLimit.company_id) == company_id)).one_or_none()
    return found or SpendingLimit(company_id=company_id, created_at=now, updated_at=now)


def set_limits(session: Session, *, company_id: int, change: LimitsChange, actor: str, now: datetime) -> SpendingLimit:
    """Change the limits of a company. Raises `InvalidLimits`, `UnknownCompany`."""
    find_company(session, company_id)
    limits = limits_of(session, company_id, now=now)
    before = _facts(limits)
    if change.daily_cents is not None:
        limits.daily_limit_cents = _limit(change.daily_cents)
    if change.weekly_cents is not None:
        limits.weekly_limit_cents = _limit(change.weekly_cents)
    if change.monthly_cents is not None:
        limits.monthly_limit_cents = _limit(change.monthly_cents)
    if change.alert_steps is not None:
        limits.alert_thresholds = _steps(change.alert_steps)
    if change.send_alerts is not None:
        limits.send_alerts = change.send_alerts
    if change.hard_limit is not None:
        limits.hard_limit = change.hard_limit
    limits.updated_at = now
    session.add(limits)
    session.flush()
    audit.record(
        session,
        actor=actor,
        action=Action.LIMITS_CHANGED,
        company_id=company_id,
        target=f"company_{company_id}",
        reason=None,
        before=before,
        after=_facts(limits),
        now=now,
    )
    announce(session, Kind.BALANCE, company_id)
    return limits


def spending_of(
    session: Session, company_id: int, *, timezone: str, limits: SpendingLimit, now: datetime
) -> tuple[Spending, ...]:
    """Day, week and month of a company, with what was spent of each: all that its calls cost, bonus included."""
    by_period = (
        (Period.DAY, limits.daily_limit_cents),
        (Period.WEEK, limits.weekly_limit_cents),
        (Period.MONTH, limits.monthly_limit_cents),
    )
    starts = {period: period_start(period, now, timezone) for period in Period}
    spent = session.connection().execute(
        _SPENT,
        {
            "b_company_id": company_id,
            "b_earliest": min(starts.values()),
            **{f"b_{period.name.lower()}": start for period, start in starts.items()},
        },
    )
    row = spent.one()
    return tuple(
        Spending(period, starts[period], period_end(period, now, timezone), _spent(row, period), limit_cents)
        for period, limit_cents in by_period
    )


def check_limit(session: Session, account: Account, *, needed_cents: int, now: datetime) -> int | None:
    """What a company with a hard limit may still spend in cents, less what its running calls hold; None = no limit.

    Asked before a call is admitted. Raises `SpendingLimitReached` when that is less than `needed_cents`.
    """
    row = session.connection().execute(_HARD, {"b_company_id": account.company_id}).one_or_none()
    if row is None:
        return None
    limits = SpendingLimit(
        company_id=account.company_id,
        daily_limit_cents=row.daily_limit,
        weekly_limit_cents=row.weekly_limit,
        monthly_limit_cents=row.monthly_limit,
        created_at=now,
        updated_at=now,
    )
    spending = spending_of(session, account.company_id, timezone=row.timezone, limits=limits, now=now)
    least = scarcest(spending)
    if least is None or least.remaining_cents is None or least.limit_cents is None:
        return None
    left_cents = least.remaining_cents - account.reserved_cents
    if needed_cents > max(0, left_cents):
        held = f", {money(account.reserved_cents)} are held for running calls" if account.reserved_cents else ""
        raise SpendingLimitReached(
            f"{account.name} has spent {money(least.spent_cents)} of its {least.period} limit of "
            f"{money(least.limit_cents)} {_WORDS[least.period]}{held}; {money(max(0, left_cents))} remain, "
            f"a minute costs {money(needed_cents)}",
            period=least.period.value,
            remaining_cents=max(0, left_cents),
            resets_at=least.ends_at,
        )
    return left_cents


def _limit(cents: int) -> int | None:
    if cents < 0:
        raise InvalidLimits(f"a limit of {money(cents)} is not possible", remedy="Give an amount, or none.")
    return cents or None


def _steps(steps: tuple[int, ...]) -> list[int]:
    if len(steps) > STEPS_MAX or any(not 0 < step <= 100 for step in steps):
        raise InvalidLimits(
            f"{', '.join(map(str, steps[:20]))} are not alert steps",
            remedy=f"Give at most {STEPS_MAX} percentages from 1 to 100, such as 50, 80, 100.",
        )
    return sorted(set(steps))


def _facts(limits: SpendingLimit) -> dict[str, audit.Fact]:
    return {
        "daily_limit_cents": limits.daily_limit_cents,
        "weekly_limit_cents": limits.weekly_limit_cents,
        "monthly_limit_cents": limits.monthly_limit_cents,
        "alert_steps": list(limits.alert_thresholds),
        "send_alerts": limits.send_alerts,
        "hard_limit": limits.hard_limit,
    }


def _spent(row: Row[Any], period: Period) -> int:
    cents: int = row._mapping[period.name.lower()]
    return cents


_LEDGER: Final = table_of(LedgerEntry)
_LIMITS: Final = table_of(SpendingLimit)
_COMPANIES: Final = table_of(Company)


def _since(name: str) -> ColumnElement[bool]:
    return _LEDGER.c.created_at >= bindparam(name, type_=_LEDGER.c.created_at.type)


_PRICE: Final = -_LEDGER.c.amount - _LEDGER.c.bonus_amount
_SPENT: Final = select(
    *(
        func.coalesce(func.sum(case((_since(f"b_{period.name.lower()}"), _PRICE), else_=0)), 0).label(
            period.name.lower()
        )
        for period in Period
    )
).where(
    _LEDGER.c.company_id == bindparam("b_company_id"),
    _since("b_earliest"),
    _LEDGER.c.type == constant(LedgerType.CHARGE),
)
_HARD: Final = (
    select(
        _LIMITS.c.daily_limit,
        _LIMITS.c.weekly_limit,
        _LIMITS.c.monthly_limit,
        _COMPANIES.c.timezone,
    )
    .join_from(_LIMITS, _COMPANIES, _COMPANIES.c.id == _LIMITS.c.company_id)
    .where(_LIMITS.c.company_id == bindparam("b_company_id"), _LIMITS.c.hard_limit)
)
