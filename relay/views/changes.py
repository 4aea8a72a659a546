"""Changed ids as feed items: the rows as they are now, one query per kind."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from sqlmodel.ext.asyncio.session import AsyncSession

from billing.changes import Kind
from billing.clock import Clock
from billing.db import Database
from billing.policy import Policy
from relay.api.feed import FeedKind
from relay.api.operation import View
from relay.feed import Loaded
from relay.views import audit, calls, companies, events, invoices, ledger, notices, payments


class ChangeLoader:
    """What the feed loads with."""

    def __init__(self, *, db: Database, clock: Clock, policy: Policy) -> None:
        self._db, self._clock, self._policy = db, clock, policy
        self._loaders: Mapping[Kind, Callable[[AsyncSession, Sequence[int]], Awaitable[Sequence[View]]]] = {
            # Causes before effects: that is the order in which the items of one flush are numbered.
            Kind.COMPANY: self._companies,
            Kind.DELIVERY: events.deliveries_by_id,
            Kind.EVENT: events.events_by_id,
            Kind.CALL: self._calls,
            Kind.TOPUP: lambda session, ids: payments.topups(session, payments.TOPUPS.c.id.in_(ids)),
            Kind.LEDGER: lambda session, ids: ledger.ledger_rows(session, ledger.LEDGER.c.id.in_(ids)),
            Kind.DECISION: lambda session, ids: companies.decisions(session, companies.DECISIONS.c.id.in_(ids)),
            Kind.BALANCE: self._balances,
            Kind.INVOICE: lambda session, ids: invoices.invoices(session, invoices.INVOICES.c.id.in_(ids)),
            Kind.NOTICE: lambda session, ids: notices.notices(session, notices.NOTICES.c.id.in_(ids)),
            Kind.AUDIT: lambda session, ids: audit.entries(session, audit.AUDIT.c.id.in_(ids)),
        }

    async def __call__(self, changes: Mapping[Kind, Sequence[int]]) -> Sequence[Loaded]:
        """The changed rows, each kind oldest first. Rows that are gone again are left out."""
        found: list[Loaded] = []
        async with self._db.read() as session:
            for kind, load in self._loaders.items():
                if ids := changes.get(kind):
                    views = await load(session, ids)
                    found.extend((FeedKind(kind.value), view) for view in reversed(views))
        return found

    async def _companies(self, session: AsyncSession, ids: Sequence[int]) -> Sequence[View]:
        return await companies.companies(session, now=self._clock.now(), policy=self._policy, company_ids=ids)

    async def _balances(self, session: AsyncSession, ids: Sequence[int]) -> Sequence[View]:
        return await companies.balances(session, now=self._clock.now(), policy=self._policy, company_ids=ids)

    async def _calls(self, session: AsyncSession, ids: Sequence[int]) -> Sequence[View]:
        return await calls.calls(session, calls.CALLS.c.id.in_(ids), now=self._clock.now(), policy=self._policy)
