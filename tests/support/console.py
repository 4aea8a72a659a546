"""A server that is none: scripted answers, a feed that a test pushes into, and a record of what was asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from devconsole.source import OnLost
from relay.api import (
    CardView,
    CompanyView,
    EventDetail,
    EventPage,
    EventView,
    FailureView,
    FeedItem,
    FeedKind,
    ListAudit,
    ListBalances,
    ListCalls,
    ListCards,
    ListCompanies,
    ListDecisions,
    ListDeliveries,
    ListEvents,
    ListEventTypes,
    ListFailures,
    ListInvoices,
    ListLedger,
    ListNotices,
    ListOperations,
    ListTopups,
    Operation,
    Page,
    Problem,
    ReplayEvents,
    ReplayResult,
    ShowCall,
    ShowCompany,
    ShowEvent,
    ShowLimits,
    ShowStatus,
    ShowTopup,
    ShowUsage,
    StatusView,
    View,
)
from relay.errors import OperationRefused, ServerUnreachable
from relay.filtering.language import Filter
from relay.filtering.matching import matches
from relay.filtering.parser import parse
from tests.support import views

NOW = views.at(30)
"""The frozen time of the console in tests."""

BROKEN = object()
"""In the feed: the connection breaks here."""


UNREACHABLE = ServerUnreachable("http://127.0.0.1:4242", "connection refused")


def refused(message: str, *, code: str = "refused", remedy: str | None = None) -> OperationRefused:
    """What the server answers when it says no."""
    return OperationRefused(Problem(code=code, message=message, remedy=remedy), http_status=409)


class FrozenClock:
    """Always `NOW`, unless a test moves it."""

    def __init__(self, current: datetime = NOW) -> None:
        self.current = current

    def now(self) -> datetime:
        return self.current


def page(rows: Iterable[Any]) -> Page[Any]:
    found = tuple(rows)
    return Page(rows=found, total=len(found))


class FakeSource:
    """Answers from lists that a test fills (newest first); `answers[Operation]` overrides: a view, an exception or a
    function of the operation."""

    def __init__(
        self,
        *,
        companies: Sequence[CompanyView] = (),
        events: Sequence[EventView] = (),
        calls: Sequence[View] = (),
        topups: Sequence[View] = (),
        decisions: Sequence[View] = (),
        failures: Sequence[FailureView] = (),
        cards: Sequence[CardView] = (),
        ledger: Sequence[View] = (),
        invoices: Sequence[View] = (),
        notices: Sequence[View] = (),
        audit: Sequence[View] = (),
        operations: Sequence[View] = (),
        deliveries: Sequence[View] = (),
        status: StatusView | None = None,
    ) -> None:
        self.companies = companies
        self.events = list(events)
        self.failures = failures
        self.status = status or views.status(events_total=len(events), failures=len(failures))
        self.asked: list[Operation[Any]] = []
        self.answers: dict[type[Operation[Any]], Any] = {}
        self.closed = False
        self.details: dict[str, EventDetail] = {}
        """What `events.show` answers, by the event's id; an event that is not here gets a plausible detail."""
        self._rows: dict[type[Operation[Any]], Sequence[View]] = {
            ListCalls: calls,
            ListTopups: topups,
            ListDecisions: decisions,
            ListCards: cards,
            ListLedger: ledger,
            ListInvoices: invoices,
            ListNotices: notices,
            ListAudit: audit,
            ListOperations: operations,
            ListDeliveries: deliveries,
            ListEventTypes: (),
        }
        self._feed: asyncio.Queue[Any] = asyncio.Queue()
        self._seq = 0
        self._back = asyncio.Event()
        self._back.set()

    async def call(self, operation: Operation[Any]) -> Any:
        self.asked.append(operation)
        await asyncio.sleep(0)
        if not self._back.is_set():
            raise UNREACHABLE
        answer = self.answers.get(type(operation), self._answer)
        if isinstance(answer, Exception):
            raise answer
        return answer(operation) if callable(answer) else answer

    def asked_for(self, kind: type[Operation[Any]]) -> list[Any]:
        """The operations of one kind, in order."""
        return [operation for operation in self.asked if isinstance(operation, kind)]

    async def feed(self, *, after: str | None = None, on_lost: OnLost | None = None) -> AsyncIterator[FeedItem]:
        while True:
            await self._back.wait()
            yield self._item(FeedKind.HELLO, None, resumed=False)
            while (item := await self._feed.get()) is not BROKEN:
                yield item
            if on_lost is not None:
                on_lost(UNREACHABLE)

    async def close(self) -> None:
        self.closed = True

    def push(self, *rows: View) -> None:
        """Let these rows arrive on the feed; events also join the list that `events.list` answers from."""
        for row in rows:
            if isinstance(row, EventView):
                self._remember(row)
            self._feed.put_nowait(self._item(KINDS[type(row).__name__], row))

    def break_connection(self) -> None:
        """The feed breaks and nobody answers, until `restore`."""
        self._back.clear()
        self._feed.put_nowait(BROKEN)

    def restore(self) -> None:
        self._back.set()

    def _remember(self, row: EventView) -> None:
        for place, known in enumerate(self.events):
            if known.id <= row.id:
                self.events[place : place + (known.id == row.id)] = [row]
                return
        self.events.append(row)

    def _item(self, kind: FeedKind, row: View | None, resumed: bool | None = None) -> FeedItem:
        self._seq += 1
        raw = msgspec.Raw(msgspec.json.encode(row))
        return FeedItem(kind=kind, seq=self._seq, epoch="e1", at=NOW, resumed=resumed, row=raw)

    def _answer(self, operation: Operation[Any]) -> Any:
        match operation:
            case ShowStatus():
                return self.status
            case ListCompanies():
                return page(self.companies)
            case ListBalances():
                return page(company.balance for company in self.companies)
            case ShowCompany(company=ref):
                return next(company for company in self.companies if ref in (company.slug, str(company.id)))
            case ListEvents(filter=text):
                return self._events_page(operation, parse(text or "", now=NOW))
            case ShowTopup(topup=number):
                return next(row for row in self._rows[ListTopups] if row.id == number)  # type: ignore[attr-defined]
            case ShowCall(call=number):
                return next(row for row in self._rows[ListCalls] if row.id == number)  # type: ignore[attr-defined]
            case ShowLimits(company=ref):
                return views.limits(company_slug=ref)
            case ShowUsage(company=ref):
                return views.usage(company_slug=ref)
            case ShowEvent(event=reference):
                found = [event for event in self.events if reference in (event.event_id, str(event.id))]
                if not found:
                    raise refused(f"There is no event {reference}.", code="unknown_event")
                return self.details.get(found[0].event_id) or views.detail(found[0])
            case ListFailures():
                return page(self.failures)
            case ReplayEvents():
                references = operation.events or tuple(f.reference for f in self.failures if f.replayable)
                return page(_replayed(reference) for reference in references)
            case _ if type(operation) in self._rows:
                company = getattr(operation, "company", None)
                rows = self._rows[type(operation)]
                return page(row for row in rows if company in (None, getattr(row, "company_slug", None)))
            case _:
                raise refused(f"{operation.name} has no answer here.", code="unscripted")

    def _events_page(self, asked: ListEvents, wanted: Filter) -> EventPage:
        # What a filter says of bodies matches nothing here.
        rows = [event for event in self.events if matches(wanted, event)]
        older = rows if asked.before is None else [event for event in rows if event.id < asked.before]
        older = older if asked.after is None else [event for event in older if event.id > asked.after]
        return EventPage(
            rows=tuple(older[: asked.limit]),
            first_id=self.events[-1].id if self.events else 0,
            last_id=self.events[0].id if self.events else 0,
            total=len(rows),
        )


KINDS: dict[str, FeedKind] = {
    "EventView": FeedKind.EVENT,
    "BalanceView": FeedKind.BALANCE,
    "TopupView": FeedKind.TOPUP,
    "CallView": FeedKind.CALL,
    "DecisionView": FeedKind.DECISION,
    "CompanyView": FeedKind.COMPANY,
    "StatusView": FeedKind.STATUS,
    "LedgerView": FeedKind.LEDGER,
    "DeliveryView": FeedKind.DELIVERY,
    "InvoiceView": FeedKind.INVOICE,
    "NoticeView": FeedKind.NOTICE,
    "AuditView": FeedKind.AUDIT,
    "PerformedView": FeedKind.OPERATION,
}


def _replayed(reference: str) -> ReplayResult:
    return ReplayResult(
        event_id=reference, status_before="failed", status_after="completed", reason=None, ledger_ids=(7,)
    )
