"""Calls: admitting, starting and ending them."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session

from billing import reservations, spending
from billing.accounts import Account, account_of
from billing.changes import Kind, announce
from billing.charging import EndedCall, charge_call, charge_of
from billing.dialect import insert_unless_present, table_of
from billing.errors import InsufficientCredit, UnknownCall
from billing.models import Call, CallCharge, CallStatus
from billing.money_text import money
from billing.policy import Policy

_CALLS: Final = table_of(Call)
_ADD_CALL: Final = insert_unless_present(_CALLS, "call_id").returning(_CALLS.c.id)


def start_call(
    session: Session,
    *,
    company_id: int,
    provider_call_id: str,
    from_number: str | None,
    to_number: str | None,
    policy: Policy,
    now: datetime,
) -> Call:
    """Admit a call and hold money for its first minutes.

    Raises `InsufficientCredit` when the effective total does not pay for one minute, `SpendingLimitReached` when a
    hard limit does not, and `UnknownCompany`.
    """
    account = account_of(session, company_id, policy=policy, now=now)
    allowance_cents = None
    if account.prepaid_billing_enabled:
        _check_admission(account)
        allowance_cents = spending.check_limit(session, account, needed_cents=account.one_minute_cents, now=now)
    call = _add(
        session,
        Call(
            company_id=company_id,
            call_id=provider_call_id,
            from_number=from_number,
            to_number=to_number,
            status=CallStatus.IN_PROGRESS,
            started_at=now,
            created_at=now,
            updated_at=now,
        ),
    )
    assert call.id is not None
    if account.prepaid_billing_enabled:
        reservations.hold(session, account, call_id=call.id, allowance_cents=allowance_cents, policy=policy, now=now)
    return call


def end_call(
    session: Session, *, call_id: int, duration_s: int | None, policy: Policy, now: datetime
) -> CallCharge | None:
    """End a call and charge it. Without a duration, every started second since its start counts.

    Ending it again changes nothing and gives the same charge. Raises `UnknownCall`.
    """
    call = session.get(Call, call_id)
    if call is None:
        raise UnknownCall(call_id)
    if call.status is CallStatus.COMPLETED:
        return charge_of(session, call_id)
    if duration_s is None:
        duration_s = max(0, math.ceil((now - call.started_at).total_seconds()))
    assert duration_s >= 0, duration_s
    call.status = CallStatus.COMPLETED
    call.duration_s = duration_s
    call.ended_at = now
    call.updated_at = now
    session.flush()
    announce(session, Kind.CALL, call_id)
    account = account_of(session, call.company_id, policy=policy, now=now)
    charge_call(session, EndedCall(call_id, call.company_id, duration_s, call.non_billable_reason), account, now=now)
    return charge_of(session, call_id)


def simulate_call(
    session: Session,
    *,
    company_id: int,
    provider_call_id: str,
    duration_s: int,
    from_number: str | None,
    to_number: str | None,
    policy: Policy,
    now: datetime,
) -> Call:
    """Write a call that ends at `now` after `duration_s`, and charge it. 0 s: it was not answered.

    It is not asked whether the balance admits it, as the telephone network did not ask either: what is not covered
    becomes an unpaid charge. Raises `UnknownCompany`.
    """
    assert duration_s >= 0, duration_s
    account = account_of(session, company_id, policy=policy, now=now)
    call = _add(
        session,
        Call(
            company_id=company_id,
            call_id=provider_call_id,
            from_number=from_number,
            to_number=to_number,
            status=CallStatus.COMPLETED,
            duration_s=duration_s,
            started_at=now - timedelta(seconds=duration_s),
            ended_at=now,
            created_at=now,
            updated_at=now,
        ),
    )
    assert call.id is not None
    charge_call(session, EndedCall(call.id, company_id, duration_s), account, now=now)
    return call


def _check_admission(account: Account) -> None:
    needed_cents = account.one_minute_cents
    if account.effective_total_cents < needed_cents:
        raise InsufficientCredit(
            f"{account.name} has {money(account.effective_total_cents)} left, a minute costs {money(needed_cents)}",
            effective_total_cents=account.effective_total_cents,
            needed_cents=needed_cents,
        )


def _add(session: Session, call: Call) -> Call:
    """Insert through Core, so that a thousand calls a second do not pay for the unit of work."""
    call.id = session.execute(
        _ADD_CALL,
        {
            "company_id": call.company_id,
            "call_id": call.call_id,
            "from_number": call.from_number,
            "to_number": call.to_number,
            "direction": call.direction,
            "status": call.status,
            "duration_sec": call.duration_s,
            "metadata": call.meta,
            "started_at": call.started_at,
            "ended_at": call.ended_at,
            "created_at": call.created_at,
            "updated_at": call.updated_at,
        },
    ).scalar_one()
    assert call.id is not None
    announce(session, Kind.CALL, call.id)
    return call
