"""Who is to be told what: read from committed rows, hence never a part of moving money, and the same after a crash.

A notice is due because of what stands in the tables: a balance below its threshold, a limit used up, a top-up that
failed. Its `cause` is unique, so looking twice tells once. Everything here only reads.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import exists
from sqlmodel import Session, col, select

from billing.accounts import Account, accounts
from billing.auto_topup_state import TOO_MANY_FAILURES
from billing.models import (
    Company,
    LedgerEntry,
    Notice,
    NoticeKind,
    PrepaidBalance,
    SpendingLimit,
    Topup,
    TopupOrigin,
    TopupStatus,
)
from billing.notice_texts import Fact
from billing.policy import Policy
from billing.rules.balance_level import BalanceLevel
from billing.rules.low_balance import is_warning_due
from billing.rules.spending import step_reached
from billing.spending import spending_of

SUGGESTED_CENTS: Final = 10_000
"""What a low-balance notice suggests to pay in."""
NEWS: Final = timedelta(days=7)
"""After a start, top-ups that ended longer ago are no news."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A notice that should be sent. `cause` names the one thing that it is about."""

    company_id: int
    kind: NoticeKind
    cause: str
    level: str | None = None
    facts: Mapping[str, Fact] = field(default_factory=dict)
    last_ledger_id: int | None = None


def find(
    session: Session, *, company_ids: Collection[int], topup_ids: Collection[int], policy: Policy, now: datetime
) -> list[Due]:
    """What is due about these companies and top-ups. Reads only."""
    looked_at = accounts(session, policy=policy, now=now, company_ids=company_ids)
    prepaid = [account for account in looked_at if account.prepaid_billing_enabled]
    found = [
        *_low_balances(session, prepaid, policy=policy, now=now),
        *_spending(session, prepaid, now=now),
        # Causes before effects: the third failure is told before the switch that it turned off.
        *_ended_topups(session, topup_ids, policy=policy, now=now),
        *_switched_off(session, prepaid),
    ]
    return _unknown(session, found)


def candidates(session: Session, *, now: datetime) -> tuple[list[int], list[int]]:
    """All companies, and the top-ups that ended lately: what is looked at after a start."""
    companies = session.exec(select(Company.id).where(col(Company.deleted_at).is_(None))).all()
    topups = session.exec(
        select(Topup.id).where(
            col(Topup.status).in_((TopupStatus.FAILED, TopupStatus.SUCCEEDED)), Topup.updated_at >= now - NEWS
        )
    ).all()
    return [id_ for id_ in companies if id_ is not None], [id_ for id_ in topups if id_ is not None]


def _unknown(session: Session, found: Sequence[Due]) -> list[Due]:
    if not found:
        return []
    known = set(session.exec(select(Notice.cause).where(col(Notice.cause).in_([due.cause for due in found]))))
    return [due for due in found if due.cause not in known]


# Low balances ---------------------------------------------------------------------------------------------------


def _low_balances(session: Session, looked_at: Sequence[Account], *, policy: Policy, now: datetime) -> Iterable[Due]:
    low = [account for account in looked_at if account.level is not BalanceLevel.GOOD]
    if not low:
        return
    warned = _last_warnings(session, [account.company_id for account in low], since=now - policy.warning_gap)
    for account in low:
        newest = session.exec(
            select(LedgerEntry.id)
            .where(LedgerEntry.company_id == account.company_id)
            .order_by(col(LedgerEntry.created_at).desc(), col(LedgerEntry.id).desc())
            .limit(1)
        ).first()
        if newest is None:
            continue  # it never had money: there is nothing to run out of
        last = warned.get((account.company_id, account.level))
        has_recovered = last is not None and _has_recovered(session, account, since=last)
        last_at = None if last is None else last.created_at
        if is_warning_due(account.level, last_at=last_at, has_recovered=has_recovered, gap=policy.warning_gap, now=now):
            yield Due(
                company_id=account.company_id,
                kind=NoticeKind.LOW_BALANCE,
                level=account.level,
                cause=f"low_balance:{account.company_id}:{account.level}:{newest}:{now.isoformat()}",
                facts={
                    "level": account.level.value,
                    "effective_total_cents": account.effective_total_cents,
                    "threshold_cents": account.low_balance_threshold_cents,
                    "suggested_cents": SUGGESTED_CENTS,
                },
                last_ledger_id=newest,
            )


def _last_warnings(
    session: Session, company_ids: Collection[int], *, since: datetime
) -> dict[tuple[int, str | None], Notice]:
    """The newest low-balance notice per company and level that is younger than the gap."""
    rows = session.exec(
        select(Notice)
        .where(
            col(Notice.company_id).in_(company_ids),
            Notice.kind == NoticeKind.LOW_BALANCE,
            Notice.created_at > since,
        )
        .order_by(col(Notice.id))
    )
    return {(notice.company_id, notice.level): notice for notice in rows}


def _has_recovered(session: Session, account: Account, *, since: Notice) -> bool:
    """Whether any booking after the notice left the balance good: it may have come and gone between two looks."""
    left = col(LedgerEntry.balance_after_cents) + col(LedgerEntry.bonus_after_cents)
    rose = exists().where(
        col(LedgerEntry.company_id) == account.company_id,
        col(LedgerEntry.created_at) >= since.created_at,
        col(LedgerEntry.id) > (since.last_ledger_id or 0),
        left - col(LedgerEntry.reserved_after_cents) >= account.low_balance_threshold_cents,
    )
    return bool(session.exec(select(rose)).one())


# Limits, switches, payments -------------------------------------------------------------------------------------


def _spending(session: Session, looked_at: Sequence[Account], *, now: datetime) -> Iterable[Due]:
    by_id = {account.company_id: account for account in looked_at}
    limited = session.exec(
        select(SpendingLimit, Company.timezone)
        .join(Company, col(Company.id) == col(SpendingLimit.company_id))
        .where(col(SpendingLimit.company_id).in_(by_id), SpendingLimit.send_alerts)
    ).all()
    for limits, timezone in limited:
        for spending in spending_of(session, limits.company_id, timezone=timezone, limits=limits, now=now):
            step = step_reached(spending, limits.alert_thresholds)
            if step is None:
                continue
            announced = _announced(session, limits.company_id, spending.period, since=spending.starts_at)
            if step <= announced:
                continue
            yield Due(
                company_id=limits.company_id,
                kind=NoticeKind.SPENDING_LIMIT,
                level=f"{spending.period} {step}",
                cause=f"spending:{limits.company_id}:{spending.period}:{spending.starts_at:%Y%m%dT%H%M}:{step}",
                facts={
                    "period": spending.period.value,
                    "step": step,
                    "spent_cents": spending.spent_cents,
                    "limit_cents": spending.limit_cents,
                    "effect": "refused" if limits.hard_limit else "warned",
                },
            )


def _announced(session: Session, company_id: int, period: str, *, since: datetime) -> int:
    """The highest step that was told in this period, 0 = none."""
    levels = session.exec(
        select(Notice.level).where(
            Notice.company_id == company_id,
            Notice.kind == NoticeKind.SPENDING_LIMIT,
            Notice.created_at >= since,
            col(Notice.level).startswith(f"{period} "),
        )
    )
    return max((int(level.split()[1]) for level in levels if level is not None), default=0)


def _switched_off(session: Session, looked_at: Sequence[Account]) -> Iterable[Due]:
    by_id = {account.company_id: account for account in looked_at}
    off = session.exec(
        select(PrepaidBalance).where(
            col(PrepaidBalance.company_id).in_(by_id),
            PrepaidBalance.auto_topup_disabled_reason == TOO_MANY_FAILURES,
            col(PrepaidBalance.auto_topup_disabled_at).is_not(None),
        )
    )
    for balance in off:
        assert balance.auto_topup_disabled_at is not None
        yield Due(
            company_id=balance.company_id,
            kind=NoticeKind.AUTO_TOPUP_DISABLED,
            cause=f"auto_topup_disabled:{balance.company_id}:{balance.auto_topup_disabled_at.isoformat()}",
            facts={
                "failures": balance.auto_topup_failure_count,
                "total_cents": by_id[balance.company_id].effective_total_cents,
            },
        )


def _ended_topups(session: Session, topup_ids: Collection[int], *, policy: Policy, now: datetime) -> Iterable[Due]:
    ended = session.exec(
        select(Topup).where(
            col(Topup.id).in_(topup_ids), col(Topup.status).in_((TopupStatus.FAILED, TopupStatus.SUCCEEDED))
        )
    ).all()
    telling = [topup for topup in ended if topup.status is TopupStatus.FAILED or topup.origin is TopupOrigin.AUTO]
    owners = {topup.company_id for topup in telling}
    totals = {
        account.company_id: account.effective_total_cents
        for account in accounts(session, policy=policy, now=now, company_ids=owners)
    }
    for topup in telling:
        if topup.company_id not in totals:
            continue
        yield Due(
            company_id=topup.company_id,
            kind=_kind_of(topup),
            cause=f"topup_{topup.status}:{topup.id}",
            facts={
                "topup": topup.id,
                "amount_cents": topup.amount_cents,
                "bonus_cents": topup.bonus_cents,
                "total_cents": totals[topup.company_id],
                "card": topup.payment_method_label,
                "failure": topup.decline_code or topup.failure_code,
            },
        )


def _kind_of(topup: Topup) -> NoticeKind:
    if topup.status is TopupStatus.SUCCEEDED:
        return NoticeKind.AUTO_TOPUP_SUCCEEDED
    return NoticeKind.AUTO_TOPUP_FAILED if topup.origin is TopupOrigin.AUTO else NoticeKind.PAYMENT_FAILED
