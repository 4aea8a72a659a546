"""A small ledger in which everything happened once: the ground that proofs and reports are tested on."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session

from billing.bonus import credit_bonus, is_first_topup
from billing.calls import end_call, simulate_call, start_call
from billing.invoices import issue
from billing.ledger import post
from billing.models import (
    BonusRule,
    LedgerType,
    PaymentDispute,
    RefundStatus,
    Topup,
    TopupOrigin,
    TopupStatus,
    WebhookEvent,
)
from billing.models.inbox import EventStatus
from billing.policy import Policy
from billing.services.call_refund import CallRefundReason, refund_call
from billing.topup_rows import topup_row
from tests.support.billing import add_company

POLICY = Policy()


def add_topup(
    session: Session,
    company_id: int,
    *,
    amount_cents: int,
    now: datetime,
    status: TopupStatus = TopupStatus.SUCCEEDED,
    origin: TopupOrigin = TopupOrigin.MANUAL,
    failure_code: str | None = None,
    decline_code: str | None = None,
    webhook_event_id: int | None = None,
) -> int:
    """A top-up in its final state, credited with bonus and invoice if it succeeded; returns its id."""
    topup = Topup(
        company_id=company_id,
        amount_cents=amount_cents,
        status=status,
        origin=origin,
        idempotency_key=f"key-{company_id}-{now.isoformat()}-{amount_cents}-{status}",
        failure_code=failure_code,
        decline_code=decline_code,
        failure_message="Your card was declined." if failure_code else None,
        paid_at=now if status is TopupStatus.SUCCEEDED else None,
        created_at=now,
        updated_at=now,
    )
    session.add(topup)
    session.flush()
    assert topup.id is not None
    if status is TopupStatus.SUCCEEDED:
        is_first = is_first_topup(session, company_id)
        post(
            session,
            company_id=company_id,
            type=LedgerType.TOPUP,
            money_cents=amount_cents,
            posting_key=f"topup:{topup.id}",
            description=f"Top-up {topup.id}",
            reference_type="topup" if origin is TopupOrigin.MANUAL else "auto_topup",
            reference_id=topup.id,
            webhook_event_id=webhook_event_id,
            now=now,
        )
        bonus = credit_bonus(
            session,
            topup_id=topup.id,
            company_id=company_id,
            amount_cents=amount_cents,
            is_first=is_first,
            webhook_event_id=webhook_event_id,
            now=now,
        )
        topup.bonus_cents = bonus.bonus_cents
        session.flush()
        credited = topup_row(session, topup.id)
        assert credited is not None
        issue(session, credited, gross_cents=amount_cents, policy=POLICY, now=now)
    session.flush()
    return topup.id


def refund_topup(session: Session, topup_id: int, *, amount_cents: int, now: datetime) -> None:
    """Money went back to the card."""
    topup = session.get_one(Topup, topup_id)
    topup.refunded_cents += amount_cents
    topup.refund_status = RefundStatus.FULL if topup.refunded_cents == topup.amount_cents else RefundStatus.PARTIAL
    post(
        session,
        company_id=topup.company_id,
        type=LedgerType.REFUND,
        money_cents=-amount_cents,
        posting_key=f"payment_refund:{topup_id}:{topup.refunded_cents}",
        description=f"Refund of top-up {topup_id}",
        reference_type="refund",
        reference_id=topup_id,
        now=now,
    )


def tell(session: Session, *, now: datetime) -> None:
    """Company 1 does everything: calls 1 (charged, part refunded), 2 (runs), 3 (too dear), top-up 1 (bonus, part
    refunded, disputed), top-up 2 (failed). Company 2 has one call, 4. Event 1 caused the first top-up."""
    session.add(BonusRule(name="10 %", min_cents=10_000, bonus_basis_points=1_000, created_at=now, updated_at=now))
    session.add(
        WebhookEvent(
            event_id="evt_1",
            event_type="checkout.session.completed",
            status=EventStatus.COMPLETED,
            source="sandbox",
            payload=b"{}",
            received_at=now,
        )
    )
    session.flush()
    first = add_company(session, now=now, slug="first", balance_cents=1_000, bonus_cents=50)
    second = add_company(session, now=now, slug="second", balance_cents=500)
    charged = _simulate(session, first, 157, "call_a", now)
    start_call(
        session,
        company_id=first,
        provider_call_id="call_b",
        from_number=None,
        to_number=None,
        policy=POLICY,
        now=now,
    )
    _simulate(session, first, 6_000, "call_c", now)
    _simulate(session, second, 60, "call_d", now)
    refund_call(
        session,
        call_id=charged,
        amount_cents=80,
        reason=CallRefundReason.QUALITY_ISSUE,
        notes=None,
        actor="ada",
        policy=POLICY,
        now=now,
    )
    topup = add_topup(session, first, amount_cents=10_000, now=now, webhook_event_id=1)
    refund_topup(session, topup, amount_cents=2_500, now=now)
    add_topup(session, first, amount_cents=5_000, now=now, status=TopupStatus.FAILED, failure_code="card_declined")
    _dispute(session, first, topup, 7_500, now)
    session.flush()


def _simulate(session: Session, company_id: int, duration_s: int, provider_call_id: str, now: datetime) -> int:
    call = simulate_call(
        session,
        company_id=company_id,
        provider_call_id=provider_call_id,
        duration_s=duration_s,
        from_number=None,
        to_number=None,
        policy=POLICY,
        now=now,
    )
    assert call.id is not None
    return call.id


def _dispute(session: Session, company_id: int, topup_id: int, amount_cents: int, now: datetime) -> None:
    session.add(
        PaymentDispute(
            topup_id=topup_id,
            dispute_id="dp_1",
            amount_cents=amount_cents,
            status="needs_response",
            booked_cents=amount_cents,
            funds_withdrawn=True,
            created_at=now,
            updated_at=now,
        )
    )
    post(
        session,
        company_id=company_id,
        type=LedgerType.ADJUSTMENT,
        money_cents=-amount_cents,
        posting_key="dispute:dp_1",
        description="Dispute",
        reference_type="dispute",
        reference_id="dp_1",
        now=now,
    )


def end_running_call(session: Session, *, now: datetime) -> None:
    """The call that `tell` left running ends after a minute."""
    end_call(session, call_id=2, duration_s=60, policy=POLICY, now=now + timedelta(minutes=1))
