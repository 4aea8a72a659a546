"""Charging ended calls: price, bonus first, then money; debit, ledger row, charge row and job in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, select

from billing import jobs, reservations
from billing.accounts import Account, account_of
from billing.changes import Kind, announce
from billing.dialect import constant, insert_unless_present, table_of
from billing.ledger import post
from billing.models import CallCharge, ChargeStatus, DecisionTrigger, LedgerType, ReservationStatus
from billing.policy import Policy
from billing.rules.buckets import split_spending

RETRY_MAX = 200
"""Unpaid calls that one retry looks at; the next credit goes on with the rest."""

_CHARGES: Final = table_of(CallCharge)
_ADD_CHARGE: Final = insert_unless_present(_CHARGES, "call_id").returning(_CHARGES.c.id)


@dataclass(frozen=True, slots=True)
class EndedCall:
    """What charging needs to know of a call. 0 seconds: nobody answered."""

    call_id: int
    company_id: int
    duration_s: int
    non_billable_reason: str | None = None


@dataclass(frozen=True, slots=True)
class _Payment:
    bonus_cents: int
    ledger_id: int | None
    """None: the call costs nothing and held nothing, so nothing moved."""


def charge_of(session: Session, call_id: int) -> CallCharge | None:
    """The charge row of a call, paid or not."""
    return session.exec(select(CallCharge).where(CallCharge.call_id == call_id)).one_or_none()


def charge_call(session: Session, call: EndedCall, account: Account, *, now: datetime) -> int | None:
    """Charge a call that has just ended; `account` was read in this transaction. Returns the id of the charge row.

    None: it is free, being unanswered, not billable or of a company without prepaid billing. What the balance does not
    cover becomes an unpaid charge; the balance never goes below zero for a call.
    """
    why_free = _why_free(call, account)
    if why_free is not None:
        reservations.release(session, company_id=call.company_id, call_id=call.call_id, why=why_free, now=now)
        return None
    held_cents = reservations.held_for(session, call.call_id) if account.reserved_cents else 0
    amount_cents = account.rate.price_cents(call.duration_s)
    payment = None
    if amount_cents <= account.effective_total_cents + held_cents:
        payment = _pay(session, call, account, amount_cents=amount_cents, held_cents=held_cents, now=now)
    elif held_cents:
        reservations.release(session, company_id=call.company_id, call_id=call.call_id, why="it is unpaid", now=now)
    row = {
        "call_id": call.call_id,
        "company_id": call.company_id,
        "status": ChargeStatus.UNPAID if payment is None else ChargeStatus.CHARGED,
        "duration_seconds": call.duration_s,
        "rate_per_minute": account.rate.rate_e4_per_minute,
        "amount_charged": amount_cents,
        "paid_by_bonus": 0 if payment is None else payment.bonus_cents,
        "balance_transaction_id": None if payment is None else payment.ledger_id,
        "charged_at": None if payment is None else now,
        "created_at": now,
        "updated_at": now,
    }
    charge_id: int = session.execute(_ADD_CHARGE, row).scalar_one()
    _follow_up(session, call, is_paid=payment is not None, now=now)
    return charge_id


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
        call = EndedCall(charge.call_id, company_id, charge.duration_s)
        payment = _pay(session, call, account, amount_cents=charge.amount_cents, held_cents=0, now=now)
        charge.status = ChargeStatus.CHARGED
        charge.paid_by_bonus_cents = payment.bonus_cents
        charge.balance_transaction_id = payment.ledger_id
        charge.charged_at = charge.updated_at = now
        session.flush()
        _follow_up(session, call, is_paid=True, now=now)
        account = account_of(session, company_id, policy=policy, now=now)
        paid.append(charge)
    return paid


def _why_free(call: EndedCall, account: Account) -> str | None:
    if not account.prepaid_billing_enabled:
        return "prepaid billing is off"
    if call.duration_s == 0:
        return "it was not answered"
    if call.non_billable_reason is not None:
        return f"it is not billable: {call.non_billable_reason}"
    return None


def _pay(
    session: Session, call: EndedCall, account: Account, *, amount_cents: int, held_cents: int, now: datetime
) -> _Payment:
    """Debit the price, bonus first. What was held for the call is used up in the same row."""
    split = split_spending(amount_cents, bonus_available_cents=account.bonus_cents)
    if not amount_cents and not held_cents:
        return _Payment(0, None)
    posting = post(
        session,
        company_id=call.company_id,
        type=LedgerType.CHARGE,
        money_cents=-split.money_cents,
        bonus_cents=-split.bonus_cents,
        reserved_cents=-held_cents,
        posting_key=f"charge:call:{call.call_id}",
        description=f"Call {call.call_id}, {_clock_time(call.duration_s)}",
        reference_type="call",
        reference_id=call.call_id,
        now=now,
    )
    assert posting.is_new, f"call {call.call_id} was debited before, but has no paid charge"
    assert posting.balance_after_cents >= min(0, account.balance_cents), f"call {call.call_id} made a debt"
    if held_cents:
        reservations.finish(session, call_id=call.call_id, status=ReservationStatus.CONVERTED, now=now)
    if held_cents > amount_cents:
        # It held more than it cost, so there is more for the calls that could not be paid.
        jobs.enqueue_retry_unpaid(session, company_id=call.company_id, ledger_id=posting.id, now=now)
    return _Payment(split.bonus_cents, posting.id)


def _follow_up(session: Session, call: EndedCall, *, is_paid: bool, now: datetime) -> None:
    jobs.enqueue_auto_topup_check(
        session,
        company_id=call.company_id,
        triggered_by=DecisionTrigger.CALL if is_paid else DecisionTrigger.UNPAID_CALL,
        call_id=call.call_id,
        now=now,
    )
    announce(session, Kind.CALL, call.call_id)


def _clock_time(seconds: int) -> str:
    minutes, rest_s = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest_s:02d}"
