"""Giving back all or part of what a call cost, to where it was taken from."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlmodel import Session, select

from billing import audit, jobs
from billing.audit import Action
from billing.changes import Kind, announce
from billing.charging import charge_of
from billing.clock import Clock
from billing.db import Database
from billing.errors import (
    InvalidAmount,
    InvalidReason,
    KeyUsedOtherwise,
    NotCharged,
    NothingToRefund,
    RefundTooLarge,
    RefundTooLate,
    UnknownCall,
)
from billing.guard import TestModeGuard
from billing.ledger import post
from billing.models import Call, CallCharge, ChargeStatus, LedgerEntry, LedgerType, RefundStatus
from billing.money_text import money
from billing.policy import Policy
from billing.rules.buckets import Split, split_refund

NOTES_MAX = 500


class CallRefundReason(StrEnum):
    """Why a call is refunded."""

    TECHNICAL_ISSUE = "technical_issue"
    QUALITY_ISSUE = "quality_issue"
    WRONG_NUMBER = "wrong_number"
    CUSTOMER_COMPLAINT = "customer_complaint"
    TEST_CALL = "test_call"
    DEMO_CALL = "demo_call"
    OTHER = "other"


class CallRefundService:
    """Refunds of calls: credit on the balance, never money on a card."""

    def __init__(self, *, db: Database, clock: Clock, policy: Policy, guard: TestModeGuard) -> None:
        self._db = db
        self._clock = clock
        self._policy = policy
        self._guard = guard

    async def refund(
        self,
        call_id: int,
        *,
        amount_cents: int | None,
        reason: str,
        actor: str,
        notes: str | None = None,
        request_key: str | None = None,
    ) -> CallCharge:
        """Give back `amount_cents`, or all that is left, to the same pots: money first, then bonus.

        May be repeated until nothing is left; with the `request_key` of an earlier request of this call it is that
        one, and books nothing. Raises `UnknownCall`, `NotCharged`, `NothingToRefund`, `InvalidAmount`,
        `RefundTooLarge`, `RefundTooLate`, `InvalidReason`, `KeyUsedOtherwise`.
        """
        self._guard.check()
        return await self._db.write(
            refund_call,
            call_id=call_id,
            amount_cents=amount_cents,
            reason=_checked_reason(reason, notes=notes, actor=actor),
            notes=notes,
            actor=actor,
            request_key=request_key,
            policy=self._policy,
            now=self._clock.now(),
        )

    async def mark_non_billable(self, call_id: int, *, reason: str, actor: str, notes: str | None = None) -> Call:
        """Say that a call is not to be paid, and give back what was taken for it. Marking it again changes nothing.

        Raises `UnknownCall`, `InvalidReason`, `RefundTooLate`.
        """
        self._guard.check()
        return await self._db.write(
            mark_non_billable,
            call_id=call_id,
            reason=_checked_reason(reason, notes=notes, actor=actor),
            notes=notes,
            actor=actor,
            policy=self._policy,
            now=self._clock.now(),
        )


def refund_call(
    session: Session,
    *,
    call_id: int,
    amount_cents: int | None,
    reason: CallRefundReason,
    notes: str | None,
    actor: str,
    policy: Policy,
    now: datetime,
    request_key: str | None = None,
) -> CallCharge:
    """The transaction of `CallRefundService.refund`."""
    if request_key is not None:
        before = _refunded_before(session, call_id, request_key, amount_cents=amount_cents)
        if before is not None:
            return before
    charge = _refundable_charge(session, call_id, policy=policy, now=now)
    amount_cents = _checked_amount(charge, amount_cents)
    back = split_refund(
        amount_cents,
        paid=Split(charge.amount_cents - charge.paid_by_bonus_cents, charge.paid_by_bonus_cents),
        refunded=Split(charge.refunded_cents - charge.refunded_bonus_cents, charge.refunded_bonus_cents),
    )
    before_cents = charge.refunded_cents
    total_cents = before_cents + amount_cents
    posting = post(
        session,
        company_id=charge.company_id,
        type=LedgerType.REFUND,
        money_cents=back.money_cents,
        bonus_cents=back.bonus_cents,
        # Without a name of the caller's, the sum so far: each step of a cumulative refund is booked once.
        posting_key=_posting_key(call_id, total_cents if request_key is None else f"key:{request_key}"),
        description=f"Refund of call {call_id}: {reason}" + (f" ({notes})" if notes else ""),
        reference_type="call",
        reference_id=call_id,
        created_by=actor,
        now=now,
    )
    assert posting.is_new, f"call {call_id} was refunded up to {total_cents} cents before"
    charge.refunded_cents = total_cents
    charge.refunded_bonus_cents += back.bonus_cents
    charge.refund_status = RefundStatus.FULL if total_cents == charge.amount_cents else RefundStatus.PARTIAL
    charge.refunded_at = now
    charge.refund_reason = reason
    charge.refund_transaction_id = posting.id
    charge.updated_at = now
    session.flush()
    jobs.enqueue_retry_unpaid(session, company_id=charge.company_id, ledger_id=posting.id, now=now)
    audit.record(
        session,
        actor=actor,
        action=Action.CALL_REFUNDED,
        company_id=charge.company_id,
        target=f"call_{call_id}",
        reason=f"{reason}: {notes}" if notes else reason.value,
        before={"refunded_cents": before_cents},
        after={"refunded_cents": total_cents, "ledger_id": posting.id},
        now=now,
    )
    announce(session, Kind.CALL, call_id)
    return charge


def _refunded_before(
    session: Session, call_id: int, request_key: str, *, amount_cents: int | None
) -> CallCharge | None:
    """The charge, if this very request has been booked. Raises `KeyUsedOtherwise` when it was of another amount."""
    booked = session.exec(
        select(LedgerEntry).where(LedgerEntry.posting_key == _posting_key(call_id, f"key:{request_key}"))
    ).one_or_none()
    if booked is None:
        return None
    back_cents = booked.money_cents + booked.bonus_cents
    if amount_cents not in (None, back_cents):
        raise KeyUsedOtherwise(f"a refund of {money(back_cents)} of call {call_id}")
    return charge_of(session, call_id)


def _posting_key(call_id: int, step: int | str) -> str:
    return f"refund:call:{call_id}:{step}"


def mark_non_billable(
    session: Session,
    *,
    call_id: int,
    reason: CallRefundReason,
    notes: str | None,
    actor: str,
    policy: Policy,
    now: datetime,
) -> Call:
    """The transaction of `CallRefundService.mark_non_billable`."""
    call = session.get(Call, call_id)
    if call is None:
        raise UnknownCall(call_id)
    if call.non_billable_reason is not None:
        return call
    charge = charge_of(session, call_id)
    was = "none" if charge is None else charge.status.value
    if charge is not None and charge.status is ChargeStatus.UNPAID:
        session.delete(charge)  # a claim that was never booked: nothing waits to be paid any more
    elif charge is not None and charge.refunded_cents < charge.amount_cents:
        refund_call(
            session,
            call_id=call_id,
            amount_cents=None,
            reason=reason,
            notes=notes,
            actor=actor,
            policy=policy,
            now=now,
        )
    call.non_billable_reason = reason.value
    call.meta = {**call.meta, "non_billable": {"notes": notes, "actor": actor, "at": now.isoformat()}}
    call.updated_at = now
    session.flush()
    audit.record(
        session,
        actor=actor,
        action=Action.CALL_NOT_BILLABLE,
        company_id=call.company_id,
        target=f"call_{call_id}",
        reason=f"{reason}: {notes}" if notes else reason.value,
        before={"charge": was, "non_billable": False},
        after={"charge": "refunded" if was == ChargeStatus.CHARGED else "none", "non_billable": True},
        now=now,
    )
    announce(session, Kind.CALL, call_id)
    return call


def _refundable_charge(session: Session, call_id: int, *, policy: Policy, now: datetime) -> CallCharge:
    if session.get(Call, call_id) is None:
        raise UnknownCall(call_id)
    charge = charge_of(session, call_id)
    if charge is None or charge.status is not ChargeStatus.CHARGED:
        raise NotCharged(
            f"call {call_id} was not charged" + (", its price is still unpaid" if charge else ""),
            remedy="Only what was taken can be given back.",
        )
    if charge.refunded_cents >= charge.amount_cents:
        raise NothingToRefund(f"nothing is left to refund of call {call_id}")
    assert charge.charged_at is not None
    if now > charge.charged_at + policy.call_refund_window:
        raise RefundTooLate(
            f"call {call_id} was charged on {charge.charged_at:%Y-%m-%d}, "
            f"more than {policy.call_refund_window.days} days ago",
            remedy="Book an adjustment if the customer must be compensated.",
        )
    return charge


def _checked_amount(charge: CallCharge, amount_cents: int | None) -> int:
    remaining_cents = charge.amount_cents - charge.refunded_cents
    if amount_cents is None:
        return remaining_cents
    if amount_cents <= 0:
        raise InvalidAmount(f"{money(amount_cents)} cannot be refunded", remedy="Give at least one cent.")
    if amount_cents > remaining_cents:
        raise RefundTooLarge(
            f"{money(amount_cents)} is more than the {money(remaining_cents)} that is left of call {charge.call_id}",
            remedy=f"Refund at most {money(remaining_cents)}.",
        )
    return amount_cents


def _checked_reason(reason: str, *, notes: str | None, actor: str) -> CallRefundReason:
    if not actor.strip():
        raise InvalidReason("a refund needs to know who makes it", remedy="Name the actor.")
    if notes is not None and len(notes) > NOTES_MAX:
        raise InvalidReason(f"the notes have more than {NOTES_MAX} characters", remedy="Say it in fewer words.")
    try:
        return CallRefundReason(reason)
    except ValueError:
        raise InvalidReason(
            f"{reason!r} is not a reason for a refund", remedy=f"Choose one of: {', '.join(CallRefundReason)}."
        ) from None
