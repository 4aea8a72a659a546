"""Reports as plain tables: columns, and rows of text, whole numbers and nothing. Money is cents, days are UTC."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import and_, case, func
from sqlmodel import Session, col, select

from billing.accounts import accounts
from billing.errors import InvalidAmount, UnknownReport
from billing.models import Company, LedgerEntry, LedgerType, Topup, TopupStatus
from billing.policy import Policy
from billing.rules.balance_level import BalanceLevel

Cell = str | int | None
DAYS_MAX: Final = 366


@dataclass(frozen=True, slots=True)
class Report:
    """One answer. Every row has as many cells as there are `columns`."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def run_report(session: Session, name: str, *, days: int | None, policy: Policy, now: datetime) -> Report:
    """The report of that name over the last `days`, or over its own usual time.

    Reads only; from an async reader: `session.run_sync(run_report, …)`. Raises `UnknownReport`, `InvalidAmount`.
    """
    if name not in REPORTS:
        raise UnknownReport(f"there is no report {name}", remedy=f"Choose one of: {', '.join(REPORTS)}.")
    if days is not None and not 1 <= days <= DAYS_MAX:
        raise InvalidAmount(f"a report over {days} days is not possible", remedy=f"Give 1 to {DAYS_MAX} days.")
    return REPORTS[name](session, days, policy, now)


def failed_payments(session: Session, days: int | None, _policy: Policy, now: datetime) -> Report:
    """Payments that ended as failed, newest first. Cancelled ones did not fail."""
    hours = 24 * (days or 1)
    found = session.exec(
        select(Topup, Company)
        .join(Company, col(Company.id) == col(Topup.company_id))
        .where(Topup.status == TopupStatus.FAILED, Topup.updated_at >= now - timedelta(hours=hours))
        .order_by(col(Topup.updated_at).desc(), col(Topup.id).desc())
    ).all()
    return Report(
        "failed-payments",
        f"Failed payments of the last {hours} hours",
        (
            "topup_id",
            "company",
            "amount_cents",
            "origin",
            "failure_code",
            "decline_code",
            "failure_message",
            "failed_at",
        ),
        tuple(
            (
                topup.id,
                company.slug,
                topup.amount_cents,
                topup.origin.value,
                topup.failure_code,
                topup.decline_code,
                topup.failure_message,
                _time(topup.updated_at),
            )
            for topup, company in found
        ),
    )


def low_balance(session: Session, _days: int | None, policy: Policy, now: datetime) -> Report:
    """Companies that pay in advance and are not well off, the poorest first."""
    low = [
        account
        for account in accounts(session, policy=policy, now=now)
        if account.prepaid_billing_enabled and account.level is not BalanceLevel.GOOD
    ]
    low.sort(key=lambda account: (account.effective_total_cents, account.company_id))
    return Report(
        "low-balance",
        "Companies with a low balance",
        (
            "company",
            "name",
            "level",
            "effective_total_cents",
            "balance_cents",
            "bonus_cents",
            "reserved_cents",
            "threshold_cents",
            "auto_topup",
        ),
        tuple(
            (
                account.slug,
                account.name,
                account.level.value,
                account.effective_total_cents,
                account.balance_cents,
                account.bonus_cents,
                account.reserved_cents,
                account.low_balance_threshold_cents,
                "on" if account.auto_topup_enabled else "off",
            )
            for account in low
        ),
    )


def daily_revenue(session: Session, days: int | None, _policy: Policy, now: datetime) -> Report:
    """What Stripe took in for us, minus what went back to cards, per day with movement, newest first.

    Read from the ledger: a gift, a bonus or a call refund is no revenue and no loss of it.
    """
    days = days or 30
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    is_payment = col(LedgerEntry.type) == LedgerType.TOPUP
    is_refund = and_(col(LedgerEntry.type) == LedgerType.REFUND, col(LedgerEntry.reference_type) == "refund")
    day = func.date(LedgerEntry.created_at)
    payments = func.sum(case((is_payment, 1), else_=0))
    gross = func.sum(case((is_payment, LedgerEntry.money_cents), else_=0))
    refunded = func.sum(case((is_refund, -LedgerEntry.money_cents), else_=0))
    found = session.exec(
        select(day, payments, gross, refunded)
        .where(LedgerEntry.created_at >= midnight - timedelta(days=days - 1), is_payment | is_refund)
        .group_by(day)
        .order_by(day.desc())
    ).all()
    return Report(
        "daily-revenue",
        f"Revenue of the last {days} days",
        ("day", "payments", "gross_cents", "refunded_cents", "revenue_cents"),
        tuple((str(date), count, paid, back, paid - back) for date, count, paid, back in found),
    )


REPORTS: Final[Mapping[str, Callable[[Session, int | None, Policy, datetime], Report]]] = {
    "failed-payments": failed_payments,
    "low-balance": low_balance,
    "daily-revenue": daily_revenue,
}
"""By the name that people type."""


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
