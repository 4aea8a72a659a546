"""Telling a story from its first cause downwards: each node is followed by what it brought about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace
from sqlalchemy import ColumnElement
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.clock import Clock
from billing.models import NoticeKind
from billing.policy import Policy
from relay.api import CallView, LedgerView, TraceNode
from relay.forwarding.rows import FORWARDS
from relay.tracing import nodes
from relay.tracing.names import Ref
from relay.tracing.roots import TOPUP_REFERENCES, latest_of
from relay.views import calls, companies, events, forwards, ledger, notices, payments
from relay.views.notices import NOTICES

NODES_MAX = 1_000
"""A sender that repeats one event for ever must not make a story endless."""
AFTER_A_ROW = (NoticeKind.LOW_BALANCE, NoticeKind.SPENDING_LIMIT, NoticeKind.AUTO_TOPUP_DISABLED)
"""Notices that a change of the balance makes due."""


class Teller:
    """Writes the nodes of one trace, depth first."""

    def __init__(self, session: AsyncSession, *, clock: Clock, policy: Policy) -> None:
        self.nodes: list[TraceNode] = []
        self._session, self._clock, self._policy = session, clock, policy

    async def tell(self, ref: Ref, depth: int = 0) -> None:
        """Add `ref` and everything that followed from it."""
        id_ = ref.id
        match ref.kind:
            case "company":
                await self._company(id_, depth)
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
            case "notice":
                await self._notices(NOTICES.c.id == id_, depth)
            case _:
                await self._ledger(depth, ledger.LEDGER.c.id == id_)

    def story(self) -> tuple[TraceNode, ...]:
        """What was told, each step with its distance from the earliest."""
        start = min((node.at for node in self.nodes), default=None)
        if start is None:
            return ()
        return tuple(
            replace(node, since_start_us=round((node.at - start).total_seconds() * 1_000_000)) for node in self.nodes
        )

    async def _company(self, company_id: int, depth: int) -> None:
        """A company with the latest stories of it; it stands at the time of the first of them."""
        (company,) = await companies.companies(
            self._session, now=self._clock.now(), policy=self._policy, company_ids=[company_id]
        )
        before, stories = self.nodes, []
        for ref in await latest_of(self._session, company_id):
            self.nodes = []
            await self.tell(ref, depth + 1)
            stories.append(self.nodes)
        stories = sorted(filter(None, stories), key=lambda story: story[0].at)
        at = min((node.at for story in stories for node in story), default=company.created_at)
        root = nodes.company_node(company, depth, at=at, told=len(stories))
        self.nodes = [*before, root, *(node for story in stories for node in story)][:NODES_MAX]

    async def _call(self, call: CallView, depth: int) -> None:
        self._add(nodes.call_node(call, depth))
        await self._ledger(depth + 1, *_booked("call", call.id))
        await self._decisions(companies.DECISIONS.c.call_id == call.id, depth + 1)

    async def _decisions(self, which: ColumnElement[bool], depth: int) -> None:
        for decision in reversed(await companies.decisions(self._session, which, limit=NODES_MAX)):
            self._add(nodes.decision_node(decision, depth))
            if decision.topup_id is not None:
                await self._topups(payments.TOPUPS.c.id == decision.topup_id, depth + 1)

    async def _topups(self, which: ColumnElement[bool], depth: int) -> None:
        for topup in await payments.topups(self._session, which):
            self._add(nodes.topup_node(topup, depth))
            # What was booked on Stripe's direct answer came before its events.
            by_us = ledger.LEDGER.c.webhook_event_id.is_(None)
            await self._ledger(depth + 1, *_booked(TOPUP_REFERENCES, topup.id), by_us)
            await self._events(events.EVENTS.c.topup_id == topup.id, depth + 1)
            causes = [f"topup_{status}:{topup.id}" for status in ("succeeded", "failed")]
            await self._notices(NOTICES.c.cause.in_(causes), depth + 1)

    async def _events(self, which: ColumnElement[bool], depth: int) -> None:
        for event in reversed(await events.events(self._session, which, limit=NODES_MAX)):
            self._add(nodes.event_node(event, depth))
            await self._deliveries(events.DELIVERIES.c.webhook_event_id == event.id, depth + 1)
            booked = await self._booked_by(event.id)
            for attempt in await events.attempts(self._session, event.id):
                # A transaction has one time: rows of this attempt bear it too.
                mine = [row for row in booked if row.created_at == attempt.started_at]
                booked = [row for row in booked if row not in mine]
                self._add(nodes.attempt_node(attempt, event, depth + 1, booked=len(mine)))
                await self._rows(mine, depth + 2)
            await self._rows(booked, depth + 1)

    async def _deliveries(self, which: ColumnElement[bool], depth: int) -> None:
        for delivery in reversed(await events.deliveries(self._session, which, limit=NODES_MAX)):
            self._add(nodes.delivery_node(delivery, depth))
            self._add(nodes.verification_node(delivery, depth + 1))
            passed_on = await forwards.forwards(self._session, FORWARDS.c.delivery_id == delivery.id)
            for forward in reversed(passed_on):
                self._add(nodes.forward_node(forward, depth + 1))

    async def _booked_by(self, event: int) -> list[LedgerView]:
        rows = await ledger.ledger_rows(self._session, ledger.LEDGER.c.webhook_event_id == event, limit=NODES_MAX)
        return rows[::-1]

    async def _ledger(self, depth: int, *which: ColumnElement[bool]) -> None:
        await self._rows((await ledger.ledger_rows(self._session, *which, limit=NODES_MAX))[::-1], depth)

    async def _rows(self, rows: Sequence[LedgerView], depth: int) -> None:
        """Ledger rows, each with the notices that were due after it."""
        for row in rows:
            self._add(nodes.ledger_node(row, depth))
            due = (NOTICES.c.company_id == row.company_id) & (NOTICES.c.last_ledger_id == row.id)
            await self._notices(due & NOTICES.c.kind.in_(AFTER_A_ROW), depth + 1)

    async def _notices(self, which: ColumnElement[bool], depth: int) -> None:
        for notice in reversed(await notices.notices(self._session, which, limit=NODES_MAX)):
            self._add(nodes.notice_node(notice, depth))

    def _add(self, node: TraceNode) -> None:
        if len(self.nodes) < NODES_MAX:
            self.nodes.append(node)


def _booked(types: str | Iterable[str], id_: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    names = [types] if isinstance(types, str) else list(types)
    return ledger.LEDGER.c.reference_type.in_(names), ledger.LEDGER.c.reference_id == str(id_)
