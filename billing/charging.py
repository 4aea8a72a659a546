"""Charging ended calls: price, bonus first, then money; debit, ledger row, charge row and job in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlmodel import Session, col, select

from billing import jobs, reservations
from billing.accounts import Account, account_of
from billing.changes import Kind, announce
from billing.dialect import constant, insert_unless_present, table_of
from billing.ledger import Posting, post
from billing.models import Call, CallCharge, ChargeStatus, DecisionTrigger, LedgerType, ReservationStatus
from billing.policy import Policy
from billing.rules.buckets import Split, split_spending

RETRY_MAX = 200
"""Unpaid calls that one retry looks at; the next credit goes on with the rest."""

_CHARGES: Final = table_of(CallCharge)
_ADD_CHARGE: Final = insert_unless_present(_CHARGES, "call_id").returning(_CHARGES.c.id)


def charge_of(session: Session, call_id: int) -> CallCharge | None:
    """The charge row of a call, paid or not."""
    return session.exec(select(CallCharge).where(CallCharge.call_id == call_id)).one_or_none()


def charge_ended_call(session: Session, call: Call, *, policy: Policy, now: datetime) -> CallCharge | None:
    """Charge an ended call, once. None: it is free, being unanswered, not billable or of a company without prepaid.

    What the balance does not cover becomes an unpaid charge; the balance never goes below zero for a call.
    """
    assert call.id is not None
    assert call.duration_s is not None, "the call has not ended"
    known = charge_of(session, call.id)
    if known is not None:
        return known
    account = account_of(session, call.company_id, policy=policy, now=now)
    return charge_new_call(session, call, account, now=now)


def charge_new_call(session: Session, call: Call, account: Account, *, now: datetime) -> CallCharge | None:
    """The same for a call without a charge. `account` was read in this transaction."""
    assert call.id is not None
    why_free = _why_free(call, account)
    if why_free is not None:
        reservations.release(session, company_id=call.company_id, call_id=call.id, why=why_free, now=now)
        return None
    assert call.duration_s is not None
    held_cents = reservations.held_for(session, call.id) if account.reserved_cents else 0
    amount_cents = account.rate.price_cents(call.duration_s)
    charge = CallCharge(
        call_id=call.id,
        company_id=call.company_id,
        status=ChargeStatus.CHARGED,
        duration_s=call.duration_s,
        rate_e4_per_minute=account.rate.rate_e4_per_minute,
        amount_cents=amount_cents,
        created_at=now,
        updated_at=now,
    )
    if amount_cents > account.effective_total_cents + held_cents:
        charge.status = ChargeStatus.UNPAID
        reservations.release(session, company_id=call.company_id, call_id=call.id, why="the call is unpaid", now=now)
    else:
        _pay(session, charge, account=account, held_cents=held_cents, now=now)
    charge.id = session.execute(_ADD_CHARGE, _row(charge)).scalar_one()
    _follow_up(session, charge, now=now)
    return charge


def retry_unpaid(session: Session, *, company_id: int, policy: Policy, now: datetime) -> Sequence[CallCharge]:
    """Pay the unpaid calls of a company that its balance covers now, oldest first; returns those paid.

    The price stays that of the day of the call. One that is too dear does not hold up the younger ones.
    """
    account = account_of(session, company_id, policy=policy, now=now)
    if not account.prepaid_billing_enabled:
        return ()
    unpaid = session.exec(
        select(CallCharge)
        .where(CallCharge.company_id == company_id, col(CallCharge.status) == constant(ChargeStatus.UNPAID))
        .order_by(col(CallCharge.id))
        .limit(RETRY_MAX)
    ).all()
    paid: list[CallCharge] = []
    for charge in unpaid:
        if charge.amount_cents > account.effective_total_cents:
            continue
        charge.status = ChargeStatus.CHARGED
        charge.updated_at = now
        _pay(session, charge, account=account, held_cents=0, now=now)
        session.flush()
        _follow_up(session, charge, now=now)
        account = account_of(session, company_id, policy=policy, now=now)
        paid.append(charge)
    return paid


def _why_free(call: Call, account: Account) -> str | None:
    if not account.prepaid_billing_enabled:
        return "prepaid billing is off"
    if not call.duration_s:
        return "the call was not answered"
    if call.non_billable_reason is not None:
        return f"the call is not billable: {call.non_billable_reason}"
    return None


def _pay(session: Session, charge: CallCharge, *, account: Account, held_cents: int, now: datetime) -> None:
    """Debit the account and note on the charge how it was paid. What was held for the call is used up with it."""
    split = split_spending(charge.amount_cents, bonus_available_cents=account.bonus_cents)
    charge.paid_by_bonus_cents = split.bonus_cents
    charge.charged_at = now
    if charge.amount_cents or held_cents:
        charge.balance_transaction_id = _debit(session, charge, split, held_cents=held_cents, now=now).id
    if held_cents:
        reservations.finish(session, call_id=charge.call_id, status=ReservationStatus.CONVERTED, now=now)


def _debit(session: Session, charge: CallCharge, split: Split, *, held_cents: int, now: datetime) -> Posting:
    posting = post(
        session,
        company_id=charge.company_id,
        type=LedgerType.CHARGE,
        money_cents=-split.money_cents,
        bonus_cents=-split.bonus_cents,
        reserved_cents=-held_cents,
        posting_key=f"charge:call:{charge.call_id}",
        description=f"Call {charge.call_id}, {_clock_time(charge.duration_s)}",
        reference_type="call",
        reference_id=charge.call_id,
        now=now,
    )
    assert posting.is_new, f"call {charge.call_id} was debited before, but has no paid charge"
    assert posting.balance_after_cents >= min(0, posting.balance_after_cents + split.money_cents), "a call made a debt"
    return posting


def _follow_up(session: Session, charge: CallCharge, *, now: datetime) -> None:
    is_paid = charge.status is ChargeStatus.CHARGED
    jobs.enqueue_auto_topup_check(
        session,
        company_id=charge.company_id,
        triggered_by=DecisionTrigger.CALL if is_paid else DecisionTrigger.UNPAID_CALL,
        call_id=charge.call_id,
        now=now,
    )
    announce(session, Kind.CALL, charge.call_id, charge.company_id)


def _row(charge: CallCharge) -> dict[str, Any]:
    """The row under its SQL names: one INSERT through Core costs a fifth of one through the unit of work."""
    return {
        "call_id": charge.call_id,
        "company_id": charge.company_id,
        "status": charge.status,
        "duration_seconds": charge.duration_s,
        "rate_per_minute": charge.rate_e4_per_minute,
        "amount_charged": charge.amount_cents,
        "paid_by_bonus": charge.paid_by_bonus_cents,
        "balance_transaction_id": charge.balance_transaction_id,
        "charged_at": charge.charged_at,
        "created_at": charge.created_at,
        "updated_at": charge.updated_at,
    }


def _clock_time(seconds: int) -> str:
    minutes, rest_s = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest_s:02d}"
