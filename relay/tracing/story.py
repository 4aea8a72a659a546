"""Telling a story from its first cause downwards: each node is followed by what it brought about."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ColumnElement
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.clock import Clock
from billing.money_text import money
from billing.policy import Policy
from relay.api import (
    AttemptView,
    CallView,
    DecisionView,
    DeliveryView,
    EventView,
    ForwardView,
    LedgerView,
    TopupView,
    TraceNode,
)
from relay.forwarding.rows import FORWARDS
from relay.tracing.roots import TOPUP_REFERENCES, Ref
from relay.views import calls, companies, events, forwards, ledger, payments

NODES_MAX = 1_000
"""A sender that repeats one event for ever must not make a story endless."""


class Teller:
    """Writes the nodes of one trace, depth first."""

    def __init__(self, session: AsyncSession, *, clock: Clock, policy: Policy) -> None:
        self.nodes: list[TraceNode] = []
        self._session, self._clock, self._policy = session, clock, policy

    async def tell(self, ref: Ref, depth: int = 0) -> None:
        """Add `ref` and everything that followed from it."""
        id_ = ref.id
        match ref.kind:
            case "call":
                found = await calls.calls(
                    self._session, calls.CALLS.c.id == id_, now=self._clock.now(), policy=self._policy
                )
                for call in found:
                    await self._call(call, depth)
            case "decision":
                await self._decisions(companies.DECISIONS.c.id == id_, depth)
            case "topup":
                await self._topups(payments.TOPUPS.c.id == id_, depth)
            case "event":
                await self._events(events.EVENTS.c.id == id_, depth)
            case "delivery":
                await self._deliveries(events.DELIVERIES.c.id == id_, depth)
            case _:
                await self._ledger(depth, ledger.LEDGER.c.id == id_)

    async def _call(self, call: CallView, depth: int) -> None:
        self._add(_call_node(call, depth))
        await self._ledger(depth + 1, *_booked("call", call.id))
        await self._decisions(companies.DECISIONS.c.call_id == call.id, depth + 1)

    async def _decisions(self, which: ColumnElement[bool], depth: int) -> None:
        for decision in reversed(await companies.decisions(self._session, which, limit=NODES_MAX)):
            self._add(_decision_node(decision, depth))
            if decision.topup_id is not None:
                await self._topups(payments.TOPUPS.c.id == decision.topup_id, depth + 1)

    async def _topups(self, which: ColumnElement[bool], depth: int) -> None:
        for topup in await payments.topups(self._session, which):
            self._add(_topup_node(topup, depth))
            # What was booked on Stripe's direct answer came before its events.
            by_us = ledger.LEDGER.c.webhook_event_id.is_(None)
            await self._ledger(depth + 1, *_booked(TOPUP_REFERENCES, topup.id), by_us)
            await self._events(events.EVENTS.c.topup_id == topup.id, depth + 1)

    async def _events(self, which: ColumnElement[bool], depth: int) -> None:
        for event in reversed(await events.events(self._session, which, limit=NODES_MAX)):
            self._add(_event_node(event, depth))
            await self._deliveries(events.DELIVERIES.c.webhook_event_id == event.id, depth + 1)
            for attempt in await events.attempts(self._session, event.id):
                self._add(_attempt_node(attempt, event, depth + 1))
            await self._ledger(depth + 1, ledger.LEDGER.c.webhook_event_id == event.id)

    async def _deliveries(self, which: ColumnElement[bool], depth: int) -> None:
        for delivery in reversed(await events.deliveries(self._session, which, limit=NODES_MAX)):
            self._add(_delivery_node(delivery, depth))
            passed_on = await forwards.forwards(self._session, FORWARDS.c.delivery_id == delivery.id)
            for forward in reversed(passed_on):
                self._add(_forward_node(forward, depth + 1))

    async def _ledger(self, depth: int, *which: ColumnElement[bool]) -> None:
        for row in reversed(await ledger.ledger_rows(self._session, *which, limit=NODES_MAX)):
            self._add(_ledger_node(row, depth))

    def _add(self, node: TraceNode) -> None:
        if len(self.nodes) < NODES_MAX:
            self.nodes.append(node)


def _booked(types: str | Iterable[str], id_: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    names = [types] if isinstance(types, str) else list(types)
    return ledger.LEDGER.c.reference_type.in_(names), ledger.LEDGER.c.reference_id == str(id_)


def _call_node(call: CallView, depth: int) -> TraceNode:
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
    )


def _decision_node(decision: DecisionView, depth: int) -> TraceNode:
    return TraceNode(
        depth=depth,
        kind="decision",
        reference=f"decision_{decision.id}",
        title=f"automatic top-up {'due' if decision.allowed else 'not due'}: {decision.reason}",
        detail=decision.explanation,
        at=decision.decided_at,
        status="allowed" if decision.allowed else "skipped",
    )


def _topup_node(topup: TopupView, depth: int) -> TraceNode:
    ids = (topup.checkout_session_id, topup.payment_intent_id, topup.charge_id, topup.failure_message)
    return TraceNode(
        depth=depth,
        kind="topup",
        reference=f"topup_{topup.id}",
        title=f"top-up of {money(topup.amount_cents, topup.currency)} for {topup.company_slug} ({topup.origin})",
        detail=", ".join(part for part in ids if part),
        at=topup.created_at,
        status=topup.status,
    )


def _event_node(event: EventView, depth: int) -> TraceNode:
    return TraceNode(
        depth=depth,
        kind="event",
        reference=event.event_id,
        title=event.type,
        detail=event.reason or "",
        at=event.received_at,
        status=event.status,
    )


def _delivery_node(delivery: DeliveryView, depth: int) -> TraceNode:
    return TraceNode(
        depth=depth,
        kind="delivery",
        reference=f"delivery_{delivery.id}",
        title=f"{delivery.verdict}, answered {delivery.http_status} after {delivery.latency_us / 1000:.1f} ms",
        detail=f"from {delivery.source}: {delivery.reason}",
        at=delivery.received_at,
        status=delivery.verdict,
    )


def _forward_node(forward: ForwardView, depth: int) -> TraceNode:
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
    )


def _attempt_node(attempt: AttemptView, event: EventView, depth: int) -> TraceNode:
    return TraceNode(
        depth=depth,
        kind="attempt",
        reference=f"{event.event_id}#{attempt.number}",
        title=f"attempt {attempt.number}: {attempt.outcome}",
        detail=attempt.reason or "",
        at=attempt.started_at,
        status=attempt.outcome,
    )


def _ledger_node(row: LedgerView, depth: int) -> TraceNode:
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
    )
