"""Money that went back to the card: what Stripe says of refunds and disputes is noted, and its effect booked.

Facts may come in any order, also before the payment itself. They are noted at once, and what they amount to is booked
as the difference to what the ledger has for them; before the top-up is credited there is nothing to take back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, exists, func
from sqlmodel import Session, col, select

from billing.bonus import REFERENCE_TYPE as BONUS_REFERENCE
from billing.bonus import claw_back_bonus
from billing.jobs import enqueue_retry_unpaid
from billing.ledger import Posting, post
from billing.models import (
    LedgerEntry,
    LedgerType,
    PaymentDispute,
    PaymentRefund,
    RefundStatus,
    TopupStatus,
)
from billing.money_text import euros, money
from billing.prepared import Prepared
from billing.rules.refunded import ChargeSnapshot, KnownRefund, disputed_cents, refunded_cents
from billing.topup_rows import TopupRow, change

GONE = ("failed", "canceled")
"""Refund states in which the money did not go back."""
_REFUND_RANK = {"requested": 0, "pending": 1, "requires_action": 1, "succeeded": 2, "failed": 3, "canceled": 3}
_DISPUTE_RANK = {
    "warning_needs_response": 0,
    "warning_under_review": 1,
    "needs_response": 2,
    "under_review": 3,
    "warning_closed": 4,
    "prevented": 4,
    "lost": 4,
    "won": 4,
}
"""An inquiry may become a dispute; an answered one is under review; closed is final."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundFact:
    """What Stripe says of a refund, in an event or an answer. `at` is Stripe's time of it."""

    refund_id: str
    amount_cents: int
    status: str
    at: datetime
    reason: str | None = None
    failure_reason: str | None = None
    request_row_id: int | None = None
    """The row of our own request, from the refund's metadata."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeFact:
    """What Stripe says of a dispute, in an event or an answer. `is_record`: it was read at Stripe just now."""

    dispute_id: str
    amount_cents: int
    status: str
    withdrawn: bool
    reinstated: bool
    reason: str | None = None
    is_record: bool = False


def note_refund(session: Session, topup: TopupRow, fact: RefundFact, *, now: datetime) -> None:
    """Remember a refund; a state that was overtaken does not come back."""
    row = session.exec(select(PaymentRefund).where(PaymentRefund.refund_id == fact.refund_id)).one_or_none()
    if row is None and fact.request_row_id is not None:
        # Of Stripe's answer to our own request and its event, the first one names the row.
        row = session.get(PaymentRefund, fact.request_row_id)
        if row is not None and (row.topup_id != topup.id or row.refund_id is not None):
            row = None
    if row is None:
        row = PaymentRefund(topup_id=topup.id, amount_cents=0, status="requested", created_at=now, updated_at=now)
        session.add(row)
    row.refund_id = fact.refund_id
    row.amount_cents = fact.amount_cents
    row.reason = row.reason or fact.reason
    if _REFUND_RANK.get(fact.status, 1) >= _REFUND_RANK.get(row.status, 1):
        row.status = fact.status
        row.failure_reason = fact.failure_reason or row.failure_reason
    if fact.status in GONE:
        row.failed_at = fact.at if row.failed_at is None else min(row.failed_at, fact.at)
    row.updated_at = now
    session.flush()


def note_snapshot(session: Session, topup: TopupRow, snapshot: ChargeSnapshot, *, now: datetime) -> TopupRow:
    """Remember what a charge said was refunded in sum; returns the top-up with it."""
    pair = [snapshot.created_s, snapshot.refunded_cents]
    if pair in topup.refund_snapshots:
        return topup
    snapshots = sorted([*topup.refund_snapshots, pair])
    change(session, topup, now=now, refund_snapshots=snapshots)
    return replace(topup, refund_snapshots=snapshots)


def note_dispute(session: Session, topup: TopupRow, fact: DisputeFact, *, now: datetime) -> None:
    """Remember a dispute. A state that was overtaken does not come back; that money moved is never forgotten."""
    row = session.exec(select(PaymentDispute).where(PaymentDispute.dispute_id == fact.dispute_id)).one_or_none()
    if row is None:
        row = PaymentDispute(
            topup_id=topup.id,
            dispute_id=fact.dispute_id,
            amount_cents=fact.amount_cents,
            status=fact.status,
            created_at=now,
            updated_at=now,
        )
        session.add(row)
    if _DISPUTE_RANK.get(fact.status, 3) > _DISPUTE_RANK.get(row.status, 0):
        row.status = fact.status
    if fact.is_record:
        row.amount_cents = fact.amount_cents
    row.reason = row.reason or fact.reason
    row.funds_withdrawn = row.funds_withdrawn or fact.withdrawn
    row.funds_reinstated = row.funds_reinstated or fact.reinstated
    row.updated_at = now
    session.flush()
    change(session, topup, now=now, dispute_status=row.status)


def book_what_went_back(
    session: Session, topup: TopupRow, *, webhook_event_id: int | None, now: datetime
) -> str | None:
    """Book the difference between what Stripe took back and what the ledger has of it; says what moved, or None.

    The balance may become negative: the money was spent, and is gone nevertheless.
    """
    if topup.status is not TopupStatus.SUCCEEDED or not _anything_went_back(session, topup):
        return None
    said = [
        _book_refunds(session, topup, webhook_event_id=webhook_event_id, now=now),
        *_book_disputes(session, topup, webhook_event_id=webhook_event_id, now=now),
    ]
    return "; ".join(filter(None, said)) or None


def _anything_went_back(session: Session, topup: TopupRow) -> bool:
    if topup.refund_snapshots:
        return True
    return bool(_ANYTHING.one(session, {"b_topup_id": topup.id})[0])


def _book_refunds(session: Session, topup: TopupRow, *, webhook_event_id: int | None, now: datetime) -> str | None:
    rows = session.exec(
        select(PaymentRefund).where(PaymentRefund.topup_id == topup.id, col(PaymentRefund.refund_id).is_not(None))
    ).all()
    known = [
        KnownRefund(row.amount_cents, None if row.failed_at is None else int(row.failed_at.timestamp())) for row in rows
    ]
    snapshots = [ChargeSnapshot(created_s, refunded) for created_s, refunded in topup.refund_snapshots]
    target_cents = min(refunded_cents(known, snapshots), topup.amount_cents)
    delta_cents = target_cents - topup.refunded_cents
    if delta_cents == 0:
        return None
    posting = post(
        session,
        company_id=topup.company_id,
        type=LedgerType.REFUND,
        money_cents=-delta_cents,
        posting_key=f"payment_refund:{topup.id}:{_step(session, 'refund', topup.id)}",
        description=f"Refund of top-up {topup.id}" if delta_cents > 0 else f"Failed refund of top-up {topup.id}",
        reference_type="refund",
        reference_id=topup.id,
        webhook_event_id=webhook_event_id,
        now=now,
    )
    is_full = target_cents == topup.amount_cents
    status = RefundStatus.FULL if is_full else RefundStatus.PARTIAL if target_cents else RefundStatus.NONE
    change(session, topup, now=now, refunded_amount=target_cents, refund_status=status)
    if delta_cents < 0:
        enqueue_retry_unpaid(session, company_id=topup.company_id, ledger_id=posting.id, now=now)
    parts = [_moved(topup, -delta_cents, posting)]
    if is_full:
        taken = claw_back_bonus(
            session, topup_id=topup.id, company_id=topup.company_id, webhook_event_id=webhook_event_id, now=now
        )
        if taken:
            parts.append(f"unused bonus of {money(taken, topup.currency)} taken back")
    elif topup.refund_status is RefundStatus.FULL:
        given = _restore_bonus(session, topup, webhook_event_id=webhook_event_id, now=now)
        if given:
            parts.append(f"bonus of {money(given, topup.currency)} given back")
    return "; ".join(parts)


def _restore_bonus(session: Session, topup: TopupRow, *, webhook_event_id: int | None, now: datetime) -> int:
    """The refund failed: what was taken back of the bonus is the company's again."""
    left = session.exec(
        select(func.coalesce(func.sum(LedgerEntry.bonus_cents), 0)).where(
            LedgerEntry.reference_type == BONUS_REFERENCE, LedgerEntry.reference_id == str(topup.id)
        )
    ).one()
    missing_cents = topup.bonus_cents - left
    if missing_cents <= 0:
        return 0
    post(
        session,
        company_id=topup.company_id,
        type=LedgerType.BONUS,
        bonus_cents=missing_cents,
        posting_key=f"topup_bonus_restored:{topup.id}:{_step(session, BONUS_REFERENCE, topup.id)}",
        description=f"Bonus of top-up {topup.id} again: its refund failed",
        reference_type=BONUS_REFERENCE,
        reference_id=topup.id,
        webhook_event_id=webhook_event_id,
        now=now,
    )
    return missing_cents


def _book_disputes(session: Session, topup: TopupRow, *, webhook_event_id: int | None, now: datetime) -> list[str]:
    said = []
    for row in session.exec(select(PaymentDispute).where(PaymentDispute.topup_id == topup.id)).all():
        target_cents = disputed_cents(
            row.amount_cents, row.status, withdrawn=row.funds_withdrawn, reinstated=row.funds_reinstated
        )
        delta_cents = target_cents - row.booked_cents
        if delta_cents == 0:
            continue
        posting = post(
            session,
            company_id=topup.company_id,
            type=LedgerType.ADJUSTMENT,
            money_cents=-delta_cents,
            posting_key=f"dispute:{row.dispute_id}:{_step(session, 'dispute', row.dispute_id)}",
            description=f"Dispute of top-up {topup.id} {'opened' if delta_cents > 0 else 'decided for us'}",
            reference_type="dispute",
            reference_id=row.dispute_id,
            webhook_event_id=webhook_event_id,
            now=now,
        )
        if delta_cents < 0:
            enqueue_retry_unpaid(session, company_id=topup.company_id, ledger_id=posting.id, now=now)
        row.booked_cents = target_cents
        row.updated_at = now
        session.flush()
        said.append(_moved(topup, -delta_cents, posting))
    return said


def _step(session: Session, reference_type: str, reference_id: int | str) -> int:
    """How many rows were booked for it before: money may go and come back several times, each time is a step."""
    return session.exec(
        select(func.count()).where(
            LedgerEntry.reference_type == reference_type, LedgerEntry.reference_id == str(reference_id)
        )
    ).one()


def _moved(topup: TopupRow, money_cents: int, posting: Posting) -> str:
    verb = "took" if money_cents < 0 else "gave back"
    preposition = "from" if money_cents < 0 else "to"
    before_cents = posting.balance_after_cents - money_cents
    said = (
        f"{verb} {money(abs(money_cents), topup.currency)} {preposition} {topup.company_slug}; "
        f"balance {euros(before_cents)} → {euros(posting.balance_after_cents)}"
    )
    return f"{said}, which is negative: it had been used already" if posting.balance_after_cents < 0 else said


_ANYTHING: Final = Prepared(
    select(
        (
            exists().where(col(PaymentRefund.topup_id) == bindparam("b_topup_id"))
            | exists().where(col(PaymentDispute.topup_id) == bindparam("b_topup_id"))
        ).label("anything")
    )
)
