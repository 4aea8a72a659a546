"""How the service itself does: refunds of calls, and how long webhooks take."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import case, func
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from billing.models import CallCharge, ChargeStatus, WebhookAttempt, WebhookEvent
from billing.policy import Policy
from billing.reports.report import NO, YES, Cell, Report, percent_text

REFUND_ALARM_PERCENT: Final = 2
"""More refunded calls than this, of those charged, are an alarm."""
SLOW_US: Final = 1_000_000
"""Processing that takes longer is slow."""


def refund_rate(session: Session, days: int | None, _policy: Policy, now: datetime) -> Report:
    """Of the calls charged in the last 30 days, how many were refunded since, in all and by reason."""
    days = days or 30
    since = now - timedelta(days=days)
    charged = col(CallCharge.status) == ChargeStatus.CHARGED, col(CallCharge.charged_at) >= since
    is_refunded = col(CallCharge.refunded_cents) > 0
    calls, refunded, refunded_cents = session.exec(
        select(
            func.count(),
            func.coalesce(func.sum(case((is_refunded, 1), else_=0)), 0),
            func.coalesce(func.sum(col(CallCharge.refunded_cents)), 0),
        ).where(*charged)
    ).one()
    by_reason = session.exec(
        select(CallCharge.refund_reason, func.count(), func.sum(col(CallCharge.refunded_cents)))
        .where(*charged, is_refunded)
        .group_by(col(CallCharge.refund_reason))
        .order_by(func.count().desc(), col(CallCharge.refund_reason))
    ).all()
    rows: list[tuple[Cell, ...]] = []
    if calls:
        alarm = YES if refunded * 100 > calls * REFUND_ALARM_PERCENT else NO
        rows.append(("all", refunded, refunded_cents, calls, percent_text(refunded, calls), alarm))
        rows.extend(
            (reason, count, cents, calls, percent_text(count, calls), None) for reason, count, cents in by_reason
        )
    return Report(
        "refund-rate",
        f"Refunded of the calls charged in the last {days} days",
        ("reason", "refunded_calls", "refunded_cents", "charged_calls", "refunded_percent", "alarm"),
        tuple(rows),
    )


def webhook_times(session: Session, days: int | None, _policy: Policy, now: datetime) -> Report:
    """How long attempts to process an event took, by its type, the slowest type first."""
    days = days or 1
    slowest = func.max(col(WebhookAttempt.duration_us))
    found = session.execute(
        select_columns(
            col(WebhookEvent.event_type),
            func.count(),
            func.sum(col(WebhookAttempt.duration_us)),
            slowest,
            func.sum(case((col(WebhookAttempt.duration_us) > SLOW_US, 1), else_=0)),
            func.sum(case((col(WebhookAttempt.outcome).in_(("retry", "failed")), 1), else_=0)),
        )
        .join(WebhookEvent, col(WebhookEvent.id) == col(WebhookAttempt.webhook_event_id))
        .where(col(WebhookAttempt.started_at) >= now - timedelta(days=days))
        .group_by(col(WebhookEvent.event_type))
        .order_by(slowest.desc(), col(WebhookEvent.event_type))
    ).all()
    return Report(
        "webhook-times",
        f"Processing of webhooks in the last {24 * days} hours, in microseconds",
        ("event_type", "attempts", "average_us", "slowest_us", "slow", "not_done"),
        tuple(
            (kind, attempts, round(total_us / attempts), slowest_us, slow, not_done)
            for kind, attempts, total_us, slowest_us, slow, not_done in found
        ),
    )
