"""What companies use: calls, time and money, by company, by day and by number; and what they may want to top up."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, func, select
from sqlmodel import Session

from billing.accounts import accounts
from billing.dialect import table_of
from billing.models import Call, CallCharge, ChargeStatus, Company
from billing.money import round_half_up
from billing.policy import Policy
from billing.reports.report import Report, midnight

USUAL_DAYS: Final = 30
HISTORY_DAYS: Final = 90
"""A third of what was used in this time is a month's usage."""
FIRST_TOPUPS_EUR: Final = (50, 100, 200, 500)
"""Suggested where nothing was used yet."""
NUMBERS_MAX: Final = 100
_STEP_CENTS: Final = 1_000

_CHARGES = table_of(CallCharge)
_PHONED = table_of(Call)
_COMPANIES = table_of(Company)
_CALLS = func.count()
_SECONDS = func.sum(_CHARGES.c.duration_seconds)
_CENTS = func.sum(_CHARGES.c.amount_charged - _CHARGES.c.refunded_amount)


def usage(session: Session, days: int | None, policy: Policy, now: datetime) -> Report:
    """Calls that were paid for in the last 30 days (or `days`, today included), refunds off; who uses most first."""
    period = days or USUAL_DAYS
    used = {row[0]: row for row in session.execute(_by_company(_since(now, period)))}
    history = {row[0]: row for row in session.execute(_by_company(_history_since(now)))}
    rows = []
    for account in accounts(session, policy=policy, now=now):
        _id, calls, seconds, cents = used.get(account.company_id) or (account.company_id, 0, 0, 0)
        month_cents = round_half_up(history[account.company_id][3], 3) if account.company_id in history else 0
        rows.append(
            (
                account.slug,
                calls,
                seconds,
                cents,
                round_half_up(cents, calls) if calls else None,
                round_half_up(seconds, calls) if calls else None,
                month_cents,
                max(0, account.effective_total_cents) * 30 // month_cents if month_cents else None,
                ", ".join(str(euros) for euros in suggested_eur(month_cents, policy)),
            )
        )
    rows.sort(key=lambda row: (-row[3], row[0]))
    return Report(
        "usage",
        f"Usage of the last {period} days",
        (
            "company",
            "calls",
            "seconds",
            "usage_cents",
            "average_cents",
            "average_s",
            "monthly_usage_cents",
            "days_left",
            "suggested_topups_eur",
        ),
        tuple(rows),
    )


def usage_by_day(session: Session, days: int | None, _policy: Policy, now: datetime) -> Report:
    """The same by day, the newest first."""
    period = days or USUAL_DAYS
    day: ColumnElement[str] = func.date(_CHARGES.c.charged_at)
    found = session.execute(
        select(day, _COMPANIES.c.slug, _CALLS, _SECONDS, _CENTS)
        .join_from(_CHARGES, _COMPANIES, _COMPANIES.c.id == _CHARGES.c.company_id)
        .where(*_paid(_since(now, period)))
        .group_by(day, _COMPANIES.c.slug)
        .order_by(day.desc(), _COMPANIES.c.slug)
    )
    return Report(
        "usage-by-day",
        f"Usage by day, the last {period} days",
        ("day", "company", "calls", "seconds", "usage_cents"),
        tuple(map(tuple, found)),
    )


def top_numbers(session: Session, days: int | None, _policy: Policy, now: datetime) -> Report:
    """The numbers that cost most, at most a hundred. Calls to no known number are left out."""
    period = days or USUAL_DAYS
    found = session.execute(
        select(_COMPANIES.c.slug, _PHONED.c.to_number, _CALLS, _SECONDS, _CENTS)
        .join_from(_CHARGES, _PHONED, _PHONED.c.id == _CHARGES.c.call_id)
        .join(_COMPANIES, _COMPANIES.c.id == _CHARGES.c.company_id)
        .where(*_paid(_since(now, period)), _PHONED.c.to_number.is_not(None))
        .group_by(_COMPANIES.c.slug, _PHONED.c.to_number)
        .order_by(_CENTS.desc(), _COMPANIES.c.slug, _PHONED.c.to_number)
        .limit(NUMBERS_MAX)
    )
    return Report(
        "top-numbers",
        f"Numbers that cost most, the last {period} days",
        ("company", "number", "calls", "seconds", "usage_cents"),
        tuple(map(tuple, found)),
    )


def suggested_eur(month_cents: int, policy: Policy) -> tuple[int, ...]:
    """Half, one, two and three months of usage in whole tens of euros, as far as they can be paid."""
    if not month_cents:
        return FIRST_TOPUPS_EUR
    tens = (round_half_up(month_cents * halves, 2 * _STEP_CENTS) * _STEP_CENTS for halves in (1, 2, 4, 6))
    allowed = (min(max(cents, policy.topup_min_cents), policy.topup_max_cents) // 100 for cents in tens)
    return tuple(dict.fromkeys(allowed))


def _by_company(since: datetime) -> Select[Any]:
    company = _CHARGES.c.company_id
    return select(company, _CALLS, _SECONDS, _CENTS).where(*_paid(since)).group_by(company)


def _paid(since: datetime) -> tuple[ColumnElement[bool], ...]:
    return _CHARGES.c.status == ChargeStatus.CHARGED, _CHARGES.c.charged_at >= since


def _since(now: datetime, days: int) -> datetime:
    return midnight(now) - timedelta(days=days - 1)


def _history_since(now: datetime) -> datetime:
    return now - timedelta(days=HISTORY_DAYS)
