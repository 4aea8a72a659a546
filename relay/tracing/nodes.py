"""One row of a table as one step of a story: what it is called, what it says, when it was and how long it took."""

from __future__ import annotations

from datetime import datetime

from billing.money_text import money
from relay.api import (
    AttemptView,
    CallView,
    CompanyView,
    DecisionView,
    DeliveryView,
    EventView,
    ForwardView,
    LedgerView,
    NoticeView,
    TopupView,
    TraceNode,
)


def company_node(company: CompanyView, depth: int, *, at: datetime, told: int) -> TraceNode:
    """`told`: so many of its latest stories follow."""
    return TraceNode(
        depth=depth,
        kind="company",
        reference=f"company_{company.id}",
        title=f"{company.slug}, balance {money(company.balance.balance_cents)}",
        detail=f"the latest that happened to {company.name}" if told else "nothing has happened yet",
        at=at,
        status=company.balance.level,
        party=company.slug,
    )


def call_node(call: CallView, depth: int) -> TraceNode:
    price = "" if call.amount_cents is None else f", {money(call.amount_cents)}"
    length = "still running" if call.duration_s is None else f"{call.duration_s} s"
    return TraceNode(
        depth=depth,
        kind="call",
        reference=f"call_{call.id}",
        title=f"call of {call.company_slug}",
        detail=length + price,
        at=call.started_at,
        status=call.charge_status,
        took_us=None if call.duration_s is None else call.duration_s * 1_000_000,
        party=call.company_slug,
    )


def decision_node(decision: DecisionView, depth: int) -> TraceNode:
    return TraceNode(
        depth=depth,
        kind="decision",
        reference=f"decision_{decision.id}",
        title=f"automatic top-up {'due' if decision.allowed else 'not due'}: {decision.reason}",
        detail=decision.explanation,
        at=decision.decided_at,
        status="allowed" if decision.allowed else "skipped",
    )


def topup_node(topup: TopupView, depth: int) -> TraceNode:
    ids = (topup.checkout_session_id, topup.payment_intent_id, topup.charge_id, topup.failure_message)
    return TraceNode(
        depth=depth,
        kind="topup",
        reference=f"topup_{topup.id}",
        title=f"top-up of {money(topup.amount_cents, topup.currency)} for {topup.company_slug} ({topup.origin})",
        detail=", ".join(part for part in ids if part),
        at=topup.created_at,
        status=topup.status,
        took_us=_between(topup.created_at, topup.paid_at),
        party=topup.company_slug,
    )


def event_node(event: EventView, depth: int) -> TraceNode:
    return TraceNode(
        depth=depth,
        kind="event",
        reference=event.event_id,
        title=event.type,
        detail=event.reason or "",
        at=event.received_at,
        status=event.status,
        took_us=_between(event.received_at, event.processed_at),
        party=event.source,
    )


def delivery_node(delivery: DeliveryView, depth: int) -> TraceNode:
    return TraceNode(
        depth=depth,
        kind="delivery",
        reference=f"delivery_{delivery.id}",
        title=f"{delivery.verdict}, answered {delivery.http_status} after {delivery.latency_us / 1000:.1f} ms",
        detail=f"from {delivery.source}: {delivery.reason}",
        at=delivery.received_at,
        status=delivery.verdict,
        took_us=delivery.latency_us,
        party=delivery.source,
    )


def verification_node(delivery: DeliveryView, depth: int) -> TraceNode:
    """What the signature proved."""
    proven = delivery.secret_label is not None
    return TraceNode(
        depth=depth,
        kind="verification",
        reference=f"verification_{delivery.id}",
        title=f"signature proven by the secret of {delivery.secret_label}" if proven else "signature not proven",
        detail="" if proven else " ".join(filter(None, (f"{delivery.reason}.", delivery.remedy))),
        at=delivery.received_at,
        status="proven" if proven else delivery.reason_code,
        party=delivery.source,
    )


def forward_node(forward: ForwardView, depth: int) -> TraceNode:
    took = "" if forward.latency_us is None else f" after {forward.latency_us / 1000:.1f} ms"
    came = forward.reason or f"answered {forward.http_status}"
    return TraceNode(
        depth=depth,
        kind="forward",
        reference=f"forward_{forward.id}",
        title=f"to {forward.target_name}: {came}",
        detail=f"try {forward.tries}{took}",
        at=forward.updated_at,
        status=forward.state,
        took_us=forward.latency_us,
        party=forward.target_name,
    )


def attempt_node(attempt: AttemptView, event: EventView, depth: int, *, booked: int) -> TraceNode:
    together = f", in one transaction with {booked} ledger row{'s' if booked > 1 else ''}" if booked else ""
    next_try = "" if attempt.next_attempt_at is None else f"; next try at {attempt.next_attempt_at:%H:%M:%S} UTC"
    return TraceNode(
        depth=depth,
        kind="attempt",
        reference=f"{event.event_id}#{attempt.number}",
        title=f"attempt {attempt.number}: {attempt.outcome}{together}",
        detail=f"{attempt.reason or ''}{next_try}",
        at=attempt.started_at,
        status=attempt.outcome,
        took_us=attempt.duration_us,
    )


def ledger_node(row: LedgerView, depth: int) -> TraceNode:
    moves = (("money", row.money_cents), ("bonus", row.bonus_cents), ("reserved", row.reserved_cents))
    moved = ", ".join(f"{name} {'+' if cents > 0 else ''}{money(cents)}" for name, cents in moves if cents)
    return TraceNode(
        depth=depth,
        kind="ledger",
        reference=f"ledger_{row.id}",
        title=f"{row.type}: {moved}",
        detail=f"{row.description}; balance {money(row.balance_before_cents)} -> {money(row.balance_after_cents)}",
        at=row.created_at,
        status=None,
        party=row.company_slug,
    )


def notice_node(notice: NoticeView, depth: int) -> TraceNode:
    to = f"mail to {notice.recipient}" if notice.recipient else notice.channel.replace("_", "-")
    level = f" ({notice.level})" if notice.level else ""
    return TraceNode(
        depth=depth,
        kind="notice",
        reference=f"notice_{notice.id}",
        title=f"{notice.kind.replace('_', ' ')}{level}: {to}",
        detail=notice.subject or "",
        at=notice.created_at,
        status=notice.status,
        took_us=_between(notice.created_at, notice.sent_at),
        party=notice.company_slug,
    )


def _between(begin: datetime, end: datetime | None) -> int | None:
    return None if end is None else max(0, round((end - begin).total_seconds() * 1_000_000))
