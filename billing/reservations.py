"""What is held for calls in progress: one row per call, converted by its charge, released, or swept."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import select, update
from sqlmodel import Session, col
from sqlmodel import select as select_model

from billing import jobs
from billing.accounts import Account
from billing.dialect import constant, table_of
from billing.ledger import post
from billing.models import LedgerType, Reservation, ReservationStatus
from billing.policy import Policy

SWEEP_MAX = 500
"""Reservations that one sweep releases at most, so that it never holds the writer for long."""

_RESERVATIONS: Final = table_of(Reservation)


def hold(
    session: Session,
    account: Account,
    *,
    call_id: int,
    policy: Policy,
    now: datetime,
    allowance_cents: int | None = None,
) -> int:
    """Reserve the price of the policy's minutes, or all that is left if it is less; returns the cents held.

    `allowance_cents` is what a hard spending limit leaves, None = no limit.
    """
    wanted_cents = account.rate.price_cents(60 * policy.reservation_minutes)
    amount_cents = min(wanted_cents, account.effective_total_cents)
    if allowance_cents is not None:
        amount_cents = min(amount_cents, allowance_cents)
    if amount_cents <= 0:
        return 0
    session.add(
        Reservation(
            company_id=account.company_id,
            call_id=call_id,
            amount_cents=amount_cents,
            status=ReservationStatus.HELD,
            expires_at=now + policy.reservation_lifetime,
            created_at=now,
            updated_at=now,
        )
    )
    post(
        session,
        company_id=account.company_id,
        type=LedgerType.RESERVATION,
        reserved_cents=amount_cents,
        posting_key=f"reservation:call:{call_id}",
        description=f"Held for call {call_id}",
        reference_type="call",
        reference_id=call_id,
        now=now,
    )
    return amount_cents


def held_for(session: Session, call_id: int) -> int:
    """The cents still held for a call."""
    held = session.execute(
        select(_RESERVATIONS.c.amount).where(
            _RESERVATIONS.c.call_id == call_id, _RESERVATIONS.c.status == ReservationStatus.HELD
        )
    ).one_or_none()
    return 0 if held is None else held.amount


def finish(session: Session, *, call_id: int, status: ReservationStatus, now: datetime) -> None:
    """Mark a held reservation as released or converted. Booking its cents is the caller's part."""
    session.execute(
        update(_RESERVATIONS)
        .where(_RESERVATIONS.c.call_id == call_id, _RESERVATIONS.c.status == ReservationStatus.HELD)
        .values(status=status, updated_at=now)
    )


def release(session: Session, *, company_id: int, call_id: int, why: str, now: datetime) -> int:
    """Give back what a call held, if it still holds anything; returns the cents.

    Calls that could not be paid are tried again, since there is more to pay them with.
    """
    held_cents = held_for(session, call_id)
    if not held_cents:
        return 0
    posting = post(
        session,
        company_id=company_id,
        type=LedgerType.RELEASE,
        reserved_cents=-held_cents,
        posting_key=f"release:call:{call_id}",
        description=f"Released from call {call_id}: {why}",
        reference_type="call",
        reference_id=call_id,
        now=now,
    )
    finish(session, call_id=call_id, status=ReservationStatus.RELEASED, now=now)
    jobs.enqueue_retry_unpaid(session, company_id=company_id, ledger_id=posting.id, now=now)
    return held_cents


def sweep(session: Session, *, now: datetime) -> int:
    """Release what is held beyond its time, oldest first; returns how many."""
    expired = session.exec(
        select_model(Reservation)
        .where(col(Reservation.status) == constant(ReservationStatus.HELD), Reservation.expires_at <= now)
        .order_by(col(Reservation.expires_at))
        .limit(SWEEP_MAX)
    ).all()
    for reservation in expired:
        release(
            session, company_id=reservation.company_id, call_id=reservation.call_id, why="the call never ended", now=now
        )
    return len(expired)
