"""What an automatic top-up's success or failure does to the settings that decide on the next one."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from billing.changes import Kind, announce
from billing.ledger import balance_of
from billing.periods import same_day
from billing.policy import Policy
from billing.topup_rows import TopupRow

TOO_MANY_FAILURES = "multiple_payment_failures"


def succeeded(session: Session, topup: TopupRow, *, now: datetime) -> None:
    """Start the cooldown, count the success of the day, forget earlier failures."""
    balance = balance_of(session, topup.company_id)
    balance.auto_topup_daily_count = 1 + successes_today(
        last_at=balance.last_auto_topup_at,
        count=balance.auto_topup_daily_count,
        now=now,
        timezone=topup.company_timezone,
    )
    balance.last_auto_topup_at = now
    balance.auto_topup_failure_count = 0
    balance.auto_topup_retry_at = None
    balance.updated_at = now
    session.flush()


def failed(session: Session, topup: TopupRow, *, now: datetime, policy: Policy) -> str:
    """Count the failure and back off; after too many in a row, switch off. Says which, for people."""
    balance = balance_of(session, topup.company_id)
    balance.auto_topup_failure_count += 1
    failures = balance.auto_topup_failure_count
    balance.updated_at = now
    if failures >= policy.auto_topup_failures_max:
        balance.auto_topup_enabled = False
        balance.auto_topup_disabled_reason = TOO_MANY_FAILURES
        balance.auto_topup_disabled_at = now
        balance.auto_topup_retry_at = None
        said = f"automatic top-up of {topup.company_slug} is switched off after {failures} failures in a row"
    else:
        delay = policy.auto_topup_backoff[min(failures, len(policy.auto_topup_backoff)) - 1]
        balance.auto_topup_retry_at = now + delay
        said = f"failure {failures} in a row, not tried again before {balance.auto_topup_retry_at:%H:%M} UTC"
    session.flush()
    announce(session, Kind.BALANCE, topup.company_id)
    return said


def successes_today(*, last_at: datetime | None, count: int, now: datetime, timezone: str) -> int:
    """Automatic top-ups of the present day, as the company's calendar has it."""
    if last_at is None:
        return 0
    return count if same_day(last_at, now, timezone) else 0
