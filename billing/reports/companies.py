"""Companies: who runs low, who leaves, and what a month looked like."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, case, func
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from billing.accounts import accounts
from billing.models import Company, LedgerEntry, LedgerType
from billing.policy import Policy
from billing.reports.report import Report, midnight, time_text
from billing.rules.balance_level import BalanceLevel

CHURN_DAYS: Final = 60
CHURN_BELOW_CENTS: Final = 5_000


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


def monthly_summary(session: Session, days: int | None, policy: Policy, now: datetime) -> Report:
    """What each company paid and used, per month with movement; balance and automatic top-up are those of now.

    The present month, or all months that the last `days` touch. Read from the ledger, newest month first.
    """
    first = (midnight(now) - timedelta(days=(days or 1) - 1)).replace(day=1)
    month = func.strftime("%Y-%m", LedgerEntry.created_at)
    kind, about = col(LedgerEntry.type), col(LedgerEntry.reference_type)
    total = col(LedgerEntry.money_cents) + col(LedgerEntry.bonus_cents)
    is_topup, is_call = kind == LedgerType.TOPUP, kind == LedgerType.CHARGE
    is_paid_back = and_(kind == LedgerType.REFUND, about == "refund")
    is_forgiven = and_(kind == LedgerType.REFUND, about == "call")
    figures = session.execute(
        select_columns(
            month,
            col(LedgerEntry.company_id),
            _sum(is_topup, 1),
            _sum(is_topup, total),
            _sum(is_paid_back, -total),
            _sum(kind == LedgerType.BONUS, total),
            _sum(is_call, 1),
            _sum(is_call, -total),
            _sum(is_forgiven, total),
        )
        .where(col(LedgerEntry.created_at) >= first)
        .group_by(month, col(LedgerEntry.company_id))
    ).all()
    by_id = {account.company_id: account for account in accounts(session, policy=policy, now=now)}
    rows = [
        (
            str(row[0]),
            by_id[row[1]].slug,
            *row[2:],
            by_id[row[1]].balance_cents,
            by_id[row[1]].bonus_cents,
            "on" if by_id[row[1]].auto_topup_enabled else "off",
        )
        for row in figures
        if row[1] in by_id
    ]
    rows.sort(key=lambda row: row[1])
    rows.sort(key=lambda row: row[0], reverse=True)
    return Report(
        "monthly-summary",
        f"Companies by month since {first:%Y-%m}",
        (
            "month",
            "company",
            "topups",
            "topups_cents",
            "refunded_cents",
            "bonus_given_cents",
            "calls",
            "usage_cents",
            "calls_refunded_cents",
            "balance_cents",
            "bonus_cents",
            "auto_topup",
        ),
        tuple(rows),
    )


def churn_risk(session: Session, days: int | None, policy: Policy, now: datetime) -> Report:
    """Companies without a top-up for 60 days (or `days`) and with less than 50 EUR left, the longest silent first.

    One that never topped up counts from the day it was created.
    """
    silent_since = now - timedelta(days=days or CHURN_DAYS)
    last_topup = (
        select(LedgerEntry.company_id, func.max(col(LedgerEntry.created_at)).label("at"))
        .where(LedgerEntry.type == LedgerType.TOPUP)
        .group_by(col(LedgerEntry.company_id))
        .subquery()
    )
    found = session.exec(
        select(Company.id, Company.created_at, last_topup.c.at).outerjoin(
            last_topup, last_topup.c.company_id == col(Company.id)
        )
    ).all()
    silent = {id_: (topup_at, topup_at or born_at) for id_, born_at, topup_at in found}
    risky = [
        (account, *silent[account.company_id])
        for account in accounts(session, policy=policy, now=now)
        if account.prepaid_billing_enabled
        and account.effective_total_cents < CHURN_BELOW_CENTS
        and silent[account.company_id][1] < silent_since
    ]
    risky.sort(key=lambda found: (found[2], found[0].company_id))
    return Report(
        "churn-risk",
        f"No top-up for {days or CHURN_DAYS} days and less than {CHURN_BELOW_CENTS // 100} EUR left",
        ("company", "name", "last_topup_at", "days_silent", "effective_total_cents"),
        tuple(
            (
                account.slug,
                account.name,
                None if topup_at is None else time_text(topup_at),
                (now - since).days,
                account.effective_total_cents,
            )
            for account, topup_at, since in risky
        ),
    )


def _sum(condition: ColumnElement[bool], value: int | ColumnElement[int]) -> ColumnElement[int]:
    return func.sum(case((condition, value), else_=0))
