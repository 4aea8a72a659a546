"""Stripe's answers as far as we read them, and what they are to billing. Everything else in them is skipped."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from billing.gateway import Checkout, GatewayRefund, Payment, SavedMethod
from billing.handlers.objects import CardDetails, Cents, Dispute, MethodDetails, NextAction, PaymentError, Ref, id_of
from billing.records import DisputeRecord, PaymentRecord


class Method(msgspec.Struct):
    id: str
    type: str = "card"
    customer: Ref = None
    card: CardDetails | None = None
    sepa_debit: CardDetails | None = None

    @property
    def label(self) -> str | None:
        return MethodDetails(card=self.card, sepa_debit=self.sepa_debit).label


class ChargeAnswer(msgspec.Struct):
    id: str
    amount_refunded: Cents = 0


class Intent(msgspec.Struct):
    id: str
    status: str
    amount: Cents
    currency: str
    created: int = 0
    amount_received: Cents = 0
    latest_charge: ChargeAnswer | str | None = None
    payment_method: Method | str | None = None
    next_action: NextAction | None = None
    last_payment_error: PaymentError | None = None
    metadata: dict[str, str] = msgspec.field(default_factory=dict)


class Session(msgspec.Struct):
    id: str
    status: str
    payment_status: str
    url: str | None = None
    payment_intent: Ref = None
    amount_total: Cents | None = None
    currency: str | None = None
    expires_at: int | None = None
    client_reference_id: str | None = None


class RefundAnswer(msgspec.Struct):
    id: str
    amount: Cents
    status: str | None = None
    reason: str | None = None
    failure_reason: str | None = None
    metadata: dict[str, str] | None = None


class SessionList(msgspec.Struct):
    data: list[Session]


class IntentList(msgspec.Struct):
    data: list[Intent]
    has_more: bool = False


class RefundList(msgspec.Struct):
    data: list[RefundAnswer]


class DisputeList(msgspec.Struct):
    data: list[Dispute]
    has_more: bool = False


def checkout_of(session: Session) -> Checkout:
    return Checkout(
        session_id=session.id,
        url=session.url,
        status=session.status,
        payment_status=session.payment_status,
        payment_intent_id=id_of(session.payment_intent),
        amount_cents=session.amount_total,
        currency=session.currency,
        expires_at=None if session.expires_at is None else datetime.fromtimestamp(session.expires_at, UTC),
    )


def payment_of(intent: Intent) -> Payment:
    method, charge = intent.payment_method, intent.latest_charge
    action = intent.next_action.redirect_to_url if intent.next_action is not None else None
    error = intent.last_payment_error or PaymentError()
    return Payment(
        intent_id=intent.id,
        status=intent.status,
        amount_cents=intent.amount,
        received_cents=intent.amount_received,
        currency=intent.currency,
        charge_id=charge.id if isinstance(charge, ChargeAnswer) else charge,
        payment_method_id=method.id if isinstance(method, Method) else method,
        payment_method_label=method.label if isinstance(method, Method) else None,
        next_action_url=action.url if action is not None else None,
        failure_code=error.code,
        decline_code=error.decline_code,
        failure_message=error.message,
        metadata=intent.metadata,
    )


def saved_method_of(method: Method) -> SavedMethod:
    return SavedMethod(
        payment_method_id=method.id, label=method.label or method.type, customer_id=id_of(method.customer)
    )


def refund_of(refund: RefundAnswer) -> GatewayRefund:
    row_id = (refund.metadata or {}).get("refund_row_id", "")
    return GatewayRefund(
        refund_id=refund.id,
        status=refund.status or "pending",
        amount_cents=refund.amount,
        reason=refund.reason,
        failure_reason=refund.failure_reason,
        request_row_id=int(row_id) if row_id.isascii() and row_id.isdigit() else None,
    )


def record_of(intent: Intent) -> PaymentRecord:
    charge = intent.latest_charge
    return PaymentRecord(
        payment=payment_of(intent),
        created_at=datetime.fromtimestamp(intent.created, UTC),
        refunded_cents=charge.amount_refunded if isinstance(charge, ChargeAnswer) else 0,
    )


def dispute_of(dispute: Dispute) -> DisputeRecord:
    return DisputeRecord(
        dispute_id=dispute.id,
        intent_id=id_of(dispute.payment_intent),
        currency=dispute.currency or "",
        amount_cents=dispute.amount,
        status=dispute.status,
        reason=dispute.reason,
        withdrawn=dispute.was_withdrawn,
        reinstated=dispute.was_reinstated,
    )
