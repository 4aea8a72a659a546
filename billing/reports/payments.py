"""Payments: which failed and why, what they brought in, and what looks odd."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, case, func, or_
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from billing.models import Company, LedgerEntry, LedgerType, Topup, TopupOrigin, TopupStatus
from billing.policy import Policy
from billing.reports.report import NO, YES, Report, midnight, percent_text, time_text

FAILURE_ALARM_PERCENT: Final = 10
"""More failures than this in an hour are an alarm."""
LARGE_CENTS: Final = 100_000
"""Top-ups above this are looked at."""
RAPID: Final = 5
"""More top-ups of a company than this in 24 hours are looked at."""
RAPID_RESTRICT: Final = 10
"""And more than this ask for a restriction."""
_DAY: Final = timedelta(hours=24)


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
                time_text(topup.updated_at),
            )
            for topup, company in found
        ),
    )


def daily_revenue(session: Session, days: int | None, _policy: Policy, now: datetime) -> Report:
    """What Stripe took in for us, minus what went back to cards, per day with movement, newest first.

    Read from the ledger: a gift, a bonus or a call refund is no revenue and no loss of it.
    """
    days = days or 30
    is_payment = col(LedgerEntry.type) == LedgerType.TOPUP
    is_refund = and_(col(LedgerEntry.type) == LedgerType.REFUND, col(LedgerEntry.reference_type) == "refund")
    day = func.date(LedgerEntry.created_at)
    payments = func.sum(case((is_payment, 1), else_=0))
    gross = func.sum(case((is_payment, LedgerEntry.money_cents), else_=0))
    refunded = func.sum(case((is_refund, -LedgerEntry.money_cents), else_=0))
    found = session.exec(
        select(day, payments, gross, refunded)
        .where(LedgerEntry.created_at >= midnight(now) - timedelta(days=days - 1), is_payment | is_refund)
        .group_by(day)
        .order_by(day.desc())
    ).all()
    return Report(
        "daily-revenue",
        f"Revenue of the last {days} days",
        ("day", "payments", "gross_cents", "refunded_cents", "revenue_cents"),
        tuple((str(date), count, paid, back, paid - back) for date, count, paid, back in found),
    )


def failure_reasons(session: Session, days: int | None, _policy: Policy, now: datetime) -> Report:
    """Why payments failed, by code, the most frequent first."""
    days = days or 30
    failures, companies = func.count(), func.count(func.distinct(col(Topup.company_id)))
    found = session.execute(
        select_columns(
            col(Topup.failure_code),
            col(Topup.decline_code),
            failures,
            companies,
            func.sum(col(Topup.amount_cents)),
            func.min(col(Topup.updated_at)),
            func.max(col(Topup.updated_at)),
        )
        .where(col(Topup.status) == TopupStatus.FAILED, col(Topup.updated_at) >= now - timedelta(days=days))
        .group_by(col(Topup.failure_code), col(Topup.decline_code))
        .order_by(failures.desc(), col(Topup.failure_code), col(Topup.decline_code))
    ).all()
    return Report(
        "failure-reasons",
        f"Why payments failed in the last {days} days",
        ("failure_code", "decline_code", "failures", "companies", "amount_cents", "first_failed_at", "last_failed_at"),
        tuple((*row[:5], time_text(row[5]), time_text(row[6])) for row in found),
    )


def failure_rate(session: Session, days: int | None, _policy: Policy, now: datetime) -> Report:
    """Failed of all that ended, per hour with any, newest first. What is open or cancelled has not ended so."""
    days = days or 1
    hour = func.strftime("%Y-%m-%dT%H:00:00Z", _ended_at())
    succeeded, failed = _count(TopupStatus.SUCCEEDED), _count(TopupStatus.FAILED)
    found = session.exec(
        select(hour, succeeded, failed)
        .where(_has_ended(since=now - timedelta(days=days)))
        .group_by(hour)
        .order_by(hour.desc())
    ).all()
    return Report(
        "failure-rate",
        f"Failure rate per hour of the last {24 * days} hours",
        ("hour", "succeeded", "failed", "failed_percent", "alarm"),
        tuple(
            (str(at), paid, lost, percent_text(lost, paid + lost), _alarm(lost, paid + lost, FAILURE_ALARM_PERCENT))
            for at, paid, lost in found
        ),
    )


def auto_topup_success(session: Session, days: int | None, _policy: Policy, now: datetime) -> Report:
    """How many automatic top-ups succeeded, by week from Monday, newest first."""
    monday = midnight(now) - timedelta(days=now.weekday())
    since = monday - timedelta(weeks=-(-(days or 28) // 7) - 1)
    week = func.date(_ended_at(), "weekday 0", "-6 days")
    succeeded, failed = _count(TopupStatus.SUCCEEDED), _count(TopupStatus.FAILED)
    credited = func.sum(case((col(Topup.status) == TopupStatus.SUCCEEDED, col(Topup.amount_cents)), else_=0))
    found = session.exec(
        select(week, succeeded, failed, credited)
        .where(_has_ended(since=since), Topup.origin == TopupOrigin.AUTO)
        .group_by(week)
        .order_by(week.desc())
    ).all()
    return Report(
        "auto-topup-success",
        "Automatic top-ups by week",
        ("week", "succeeded", "failed", "succeeded_percent", "credited_cents"),
        tuple((str(first), paid, lost, percent_text(paid, paid + lost), sum_) for first, paid, lost, sum_ in found),
    )


def large_topups(session: Session, days: int | None, _policy: Policy, now: datetime) -> Report:
    """Single top-ups above 1,000 EUR, whatever became of them, newest first."""
    days = days or 30
    found = session.exec(
        select(Topup, Company)
        .join(Company, col(Company.id) == col(Topup.company_id))
        .where(Topup.amount_cents > LARGE_CENTS, Topup.created_at >= now - timedelta(days=days))
        .order_by(col(Topup.id).desc())
    ).all()
    return Report(
        "large-topups",
        f"Top-ups above {LARGE_CENTS // 100:,} EUR of the last {days} days",
        ("topup_id", "company", "amount_cents", "status", "origin", "created_at"),
        tuple(
            (
                topup.id,
                company.slug,
                topup.amount_cents,
                topup.status.value,
                topup.origin.value,
                time_text(topup.created_at),
            )
            for topup, company in found
        ),
    )


def rapid_topups(session: Session, days: int | None, _policy: Policy, now: datetime) -> Report:
    """Companies with more than 5 attempts to top up within any 24 hours, the busiest first."""
    days = days or 30
    many = (
        select(Topup.company_id)
        .where(Topup.created_at >= now - timedelta(days=days))
        .group_by(col(Topup.company_id))
        .having(func.count() > RAPID)
    )
    attempts = session.exec(
        select(Company.slug, Topup.created_at, Topup.amount_cents)
        .join(Company, col(Company.id) == col(Topup.company_id))
        .where(col(Topup.company_id).in_(many), Topup.created_at >= now - timedelta(days=days))
        .order_by(col(Company.slug), col(Topup.created_at), col(Topup.id))
    ).all()
    by_company: dict[str, list[tuple[datetime, int]]] = {}
    for slug, at, amount_cents in attempts:
        by_company.setdefault(slug, []).append((at, amount_cents))
    rushes = [(slug, busiest_day(attempts)) for slug, attempts in by_company.items()]
    rushes = sorted(((slug, rush) for slug, rush in rushes if rush.count > RAPID), key=lambda pair: -pair[1].count)
    return Report(
        "rapid-topups",
        f"More than {RAPID} top-ups within 24 hours, in the last {days} days",
        ("company", "topups", "amount_cents", "first_at", "last_at", "restrict"),
        tuple(
            (
                slug,
                rush.count,
                rush.amount_cents,
                time_text(rush.first_at),
                time_text(rush.last_at),
                YES if rush.count > RAPID_RESTRICT else NO,
            )
            for slug, rush in rushes
        ),
    )


@dataclass(frozen=True, slots=True)
class Rush:
    """The most attempts within one span."""

    count: int
    amount_cents: int
    first_at: datetime
    last_at: datetime


def busiest_day(attempts: Sequence[tuple[datetime, int]]) -> Rush:
    """The 24 hours with the most of these attempts (time and cents, in order of time, at least one); the first such."""
    best = range(1)
    start = 0
    for end, (at, _) in enumerate(attempts):
        while at - attempts[start][0] >= _DAY:
            start += 1
        if end + 1 - start > len(best):
            best = range(start, end + 1)
    chosen = [attempts[index] for index in best]
    return Rush(len(chosen), sum(cents for _, cents in chosen), chosen[0][0], chosen[-1][0])


def _ended_at() -> ColumnElement[datetime]:
    return case((col(Topup.status) == TopupStatus.SUCCEEDED, col(Topup.paid_at)), else_=col(Topup.updated_at))


def _has_ended(*, since: datetime) -> ColumnElement[bool]:
    return or_(
        and_(col(Topup.status) == TopupStatus.SUCCEEDED, col(Topup.paid_at) >= since),
        and_(col(Topup.status) == TopupStatus.FAILED, col(Topup.updated_at) >= since),
    )


def _count(status: TopupStatus) -> ColumnElement[int]:
    return func.sum(case((col(Topup.status) == status, 1), else_=0))


def _alarm(part: int, whole: int, limit_percent: int) -> str:
    return YES if part * 100 > whole * limit_percent else NO
