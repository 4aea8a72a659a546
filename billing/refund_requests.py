"""The intention to send money back to a card: a committed row before Stripe is asked, and its answer after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session, select

from billing import audit
from billing.audit import Action
from billing.companies import find_company
from billing.errors import InvalidAmount, KeyUsedOtherwise, NothingToRefund, RefundTooLarge, Refused, UnknownTopup
from billing.gateway import GatewayRefund
from billing.jobs import enqueue
from billing.models import PaymentRefund, Topup, TopupStatus
from billing.money_text import money
from billing.payment_refunds import GONE, RefundFact, book_what_went_back, note_refund
from billing.topup_requests import FIRST_LOOK, KEY_LIFETIME, key_of
from billing.topup_rows import topup_row

REQUESTED = "requested"
REFUND_JOB: Final = "send_refund"


@dataclass(frozen=True, slots=True)
class RefundReceipt:
    """What Stripe answered, and the balance says by now."""

    refund_id: str
    status: str
    amount_cents: int
    topup_id: int


def open_refund(
    session: Session,
    topup_id: int,
    *,
    amount_cents: int | None,
    reason: str | None,
    request_key: str | None,
    new_key: str,
    now: datetime,
    actor: str = "developer",
) -> tuple[Topup, PaymentRefund]:
    """Write the intention; `amount_cents` None = all that is left.

    The request that had this `request_key` before is taken up, and without one any that is unanswered and of the same
    amount. Raises `UnknownTopup`, `NothingToRefund`, `RefundTooLarge`, `InvalidAmount`, `KeyUsedOtherwise`, or
    `Refused` for an unpaid top-up.
    """
    topup = session.get(Topup, topup_id, populate_existing=True)
    if topup is None:
        raise UnknownTopup(topup_id)
    idempotency_key = new_key
    if request_key is not None:
        idempotency_key = key_of(find_company(session, topup.company_id), request_key, what="refund")
        before = _requested_before(session, idempotency_key, topup_id=topup_id, amount_cents=amount_cents)
        if before is not None:
            return topup, before
    if topup.status is not TopupStatus.SUCCEEDED or topup.stripe_payment_intent_id is None:
        raise Refused(
            f"top-up {topup_id} is {topup.status}; only a paid one can be refunded",
            remedy="Cancel it instead, if it is still open.",
        )
    mine = session.exec(select(PaymentRefund).where(PaymentRefund.topup_id == topup_id)).all()
    for row in mine:
        is_same = amount_cents is None or row.amount_cents == amount_cents
        if request_key is None and row.status == REQUESTED and is_same:
            return topup, row
    left_cents = topup.amount_cents - max(topup.refunded_cents, _underway(mine))
    if left_cents <= 0:
        raise NothingToRefund(f"top-up {topup_id} has been refunded in full")
    if amount_cents is not None and amount_cents <= 0:
        raise InvalidAmount("a refund needs an amount above zero")
    if amount_cents is not None and amount_cents > left_cents:
        raise RefundTooLarge(
            f"{money(amount_cents)} is more than what is left of top-up {topup_id}",
            remedy=f"Refund at most {money(left_cents)}.",
        )
    row = PaymentRefund(
        topup_id=topup_id,
        idempotency_key=idempotency_key,
        amount_cents=amount_cents or left_cents,
        status=REQUESTED,
        reason=reason,
        created_at=now,
        updated_at=now,
    )
    session.add(row)
    session.flush()
    key, payload = f"{REFUND_JOB}:{row.id}", {"refund_row_id": row.id}
    enqueue(session, kind=REFUND_JOB, key=key, payload=payload, run_at=now + FIRST_LOOK)
    audit.record(
        session,
        actor=actor,
        action=Action.PAYMENT_REFUND_REQUESTED,
        company_id=topup.company_id,
        target=f"topup_{topup_id}",
        reason=reason,
        before={"refunded_cents": topup.refunded_cents, "requested_cents": 0},
        after={"refunded_cents": topup.refunded_cents, "requested_cents": row.amount_cents},
        now=now,
    )
    return topup, row


def receipt_of(row: PaymentRefund) -> RefundReceipt | None:
    """What became of a request; None while Stripe has not answered it. Raises `Refused` when it would not take it."""
    if row.refund_id is None:
        if row.status in GONE:
            raise Refused(row.failure_reason or f"Stripe refused refund request {row.id}")
        return None
    return RefundReceipt(row.refund_id, row.status, row.amount_cents, row.topup_id)


def _requested_before(
    session: Session, idempotency_key: str, *, topup_id: int, amount_cents: int | None
) -> PaymentRefund | None:
    """The refund that this very request has asked for before. Raises `KeyUsedOtherwise` when it was another one's."""
    found = select(PaymentRefund).where(PaymentRefund.idempotency_key == idempotency_key)
    row = session.exec(found, execution_options={"populate_existing": True}).one_or_none()
    if row is not None and (row.topup_id != topup_id or amount_cents not in (None, row.amount_cents)):
        raise KeyUsedOtherwise(f"a refund of {money(row.amount_cents)} of top-up {row.topup_id}")
    return row


def unanswered_refund(session: Session, row_id: int, *, now: datetime) -> tuple[Topup, PaymentRefund] | None:
    """A request of which nobody knows whether it reached Stripe; None once it is answered. Raises `Refused`."""
    row = session.get_one(PaymentRefund, row_id, populate_existing=True)
    if row.status != REQUESTED or row.refund_id is not None:
        return None
    if now - row.created_at > KEY_LIFETIME:
        raise Refused(
            f"refund request {row_id} of top-up {row.topup_id} was never answered and is too old to be repeated",
            remedy="`devconsole ledger reconcile` says what became of it.",
        )
    return session.get_one(Topup, row.topup_id), row


def record_refund(session: Session, row_id: int, refund: GatewayRefund, *, now: datetime) -> None:
    """Book Stripe's answer, once: its events say the same, and may be faster, or get lost."""
    row = session.get_one(PaymentRefund, row_id)
    topup = topup_row(session, row.topup_id)
    assert topup is not None, f"refund request {row_id} is of no top-up"
    fact = RefundFact(
        refund_id=refund.refund_id,
        amount_cents=refund.amount_cents,
        status=refund.status,
        at=now,
        failure_reason=refund.failure_reason,
        request_row_id=row_id,
    )
    note_refund(session, topup, fact, now=now)
    book_what_went_back(session, topup, webhook_event_id=None, now=now)


def record_refused_refund(session: Session, row_id: int, why: str, *, now: datetime) -> None:
    """Stripe would not take it: the amount is free again."""
    row = session.get_one(PaymentRefund, row_id)
    if row.refund_id is None:
        row.status, row.failure_reason, row.updated_at = GONE[0], why[:200], now
        session.flush()


def _underway(refunds: Sequence[PaymentRefund]) -> int:
    return sum(row.amount_cents for row in refunds if row.status not in GONE)
