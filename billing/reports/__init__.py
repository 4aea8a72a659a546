"""Reports by the name that people type. Each reads only, in one session, and answers with a plain table."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlmodel import Session

from billing.errors import InvalidAmount, UnknownReport
from billing.policy import Policy
from billing.reports import companies, operations, payments, usage
from billing.reports.report import Cell, Report, Run

__all__ = ["DAYS_MAX", "REPORTS", "Cell", "Report", "run_report"]

DAYS_MAX: Final = 366

REPORTS: Final[Mapping[str, Run]] = {
    "failed-payments": payments.failed_payments,
    "low-balance": companies.low_balance,
    "daily-revenue": payments.daily_revenue,
    "monthly-summary": companies.monthly_summary,
    "failure-reasons": payments.failure_reasons,
    "failure-rate": payments.failure_rate,
    "auto-topup-success": payments.auto_topup_success,
    "refund-rate": operations.refund_rate,
    "large-topups": payments.large_topups,
    "rapid-topups": payments.rapid_topups,
    "churn-risk": companies.churn_risk,
    "webhook-times": operations.webhook_times,
    "usage": usage.usage,
    "usage-by-day": usage.usage_by_day,
    "top-numbers": usage.top_numbers,
}
"""By the name that people type."""


def run_report(session: Session, name: str, *, days: int | None, policy: Policy, now: datetime) -> Report:
    """The report of that name over the last `days`, or over its own usual time.

    Reads only; from an async reader: `session.run_sync(run_report, …)`. Raises `UnknownReport`, `InvalidAmount`.
    """
    if name not in REPORTS:
        raise UnknownReport(f"there is no report {name}", remedy=f"Choose one of: {', '.join(REPORTS)}.")
    if days is not None and not 1 <= days <= DAYS_MAX:
        raise InvalidAmount(f"a report over {days} days is not possible", remedy=f"Give 1 to {DAYS_MAX} days.")
    return REPORTS[name](session, days, policy, now)
