"""Events: list, look at one, list what can be triggered, trigger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.dialect import table_of
from billing.errors import UnknownEvent
from billing.handlers import HANDLERS
from billing.models import EventStatus, SavedFilter
from relay.api import (
    DeliveryView,
    EventDetail,
    EventPage,
    EventTypeView,
    ListEvents,
    ListEventTypes,
    Page,
    ShowEvent,
    TriggerEvent,
)
from relay.backend import Backend
from relay.filtering.language import All, Filter, FilterInvalid, Named
from relay.filtering.parser import parse
from relay.forwarding.rows import FORWARDS
from relay.operations.companies import company_id, company_view
from relay.operations.registry import handles
from relay.search.finder import TOTAL_MAX, Found
from relay.suggestions import did_you_mean
from relay.unknown import FilterRefused, UnknownEventType
from relay.views import companies, events, forwards, ledger, payments
from relay.views.query import chosen, company_id_of, fetch, fetch_one

EVENTS = events.EVENTS
FILTERS = table_of(SavedFilter)
DELIVERIES_SHOWN = 100
"""Of one event; a sender that repeats itself for ever must not make the detail endless."""


@handles(ListEvents)
async def list_events(backend: Backend, request: ListEvents) -> EventPage:
    wanted = await wanted_by(backend, request)
    found = None if wanted == All() else await _find(backend, wanted, request)
    async with backend.db.read() as session:
        if found is None:
            rows = await events.event_window(session, before=request.before, after=request.after, limit=request.limit)
        else:
            rows = await events.events_by_id(session, found.ids[: request.limit])
        (ends,) = await fetch(session, _ENDS)
        total = await backend.event_total.of(session) if found is None else len(found.ids)
    return EventPage(
        rows=tuple(rows),
        first_id=ends["first"],
        last_id=ends["last"],
        total=total,
        more=found is not None and found.more,
        unsearched=0 if found is None else found.unsearched,
    )


_ENDS = select(
    func.coalesce(func.min(EVENTS.c.id), 0).label("first"),
    select(func.coalesce(func.max(EVENTS.c.id), 0)).scalar_subquery().label("last"),
)


async def _find(backend: Backend, wanted: Filter, request: ListEvents) -> Found:
    """Only the first page is counted beyond its rows."""
    at_most = TOTAL_MAX if request.before is None else request.limit
    return await backend.finder.find(wanted, after=request.after, before=request.before, at_most=at_most)


async def wanted_by(backend: Backend, request: ListEvents) -> Filter:
    """What a request asks for, all in one filter. Raises `FilterRefused`, `UnknownChoice` and `UnknownCompany`."""
    parts: list[Filter] = []
    if request.status is not None:
        parts.append(Named("status", (chosen(EventStatus, request.status, what="event status").value,)))
    if request.type is not None:
        parts.append(Named("type", (request.type,)))
    if request.company is not None:
        async with backend.db.read() as session:
            parts.append(Named("company", (str(await company_id_of(session, request.company)),)))
    if request.filter:
        parts.append(await filter_of(backend, request.filter))
    return parts[0] if len(parts) == 1 else All(tuple(parts))


async def filter_of(backend: Backend, text: str) -> Filter:
    """What was typed, with the saved filters that it names. Raises `FilterRefused`."""
    saved = await saved_filters(backend) if "@" in text else {}
    return read_filter(text, now=backend.clock.now(), saved=saved)


async def saved_filters(backend: Backend) -> dict[str, str]:
    """By name."""
    async with backend.db.read() as session:
        return {row["name"]: row["filter"] for row in await fetch(session, select(FILTERS))}


def read_filter(text: str, *, now: datetime, saved: Mapping[str, str]) -> Filter:
    """Raises `FilterRefused`."""
    try:
        return parse(text, now=now, saved=saved)
    except FilterInvalid as invalid:
        raise FilterRefused(f"the filter cannot be read: {invalid}", remedy=invalid.remedy) from None


@handles(ShowEvent)
async def show_event(backend: Backend, request: ShowEvent) -> EventDetail:
    async with backend.db.read() as session:
        found = await fetch_one(
            session,
            select(EVENTS.c.id, EVENTS.c.payload, EVENTS.c.headers, EVENTS.c.topup_id).where(named(request.event)),
        )
        if found is None:
            raise UnknownEvent(request.event)
        id_, topup_id = found["id"], found["topup_id"]
        topups = await payments.topups(session, payments.TOPUPS.c.id == topup_id) if topup_id else []
        return EventDetail(
            event=(await events.events(session, EVENTS.c.id == id_))[0],
            payload=found["payload"].decode("utf-8", "replace"),
            headers=found["headers"],
            deliveries=tuple(
                await events.deliveries(session, events.DELIVERIES.c.webhook_event_id == id_, limit=DELIVERIES_SHOWN)
            ),
            attempts=tuple(await events.attempts(session, id_)),
            topup=topups[0] if topups else None,
            ledger=tuple(reversed(await ledger.ledger_rows(session, ledger.LEDGER.c.webhook_event_id == id_))),
            decisions=tuple(
                await companies.decisions(session, companies.DECISIONS.c.topup_id == topup_id) if topup_id else ()
            ),
            forwards=tuple(reversed(await forwards.forwards(session, _forwards_of(id_), limit=DELIVERIES_SHOWN))),
        )


def _forwards_of(inbox_id: int) -> ColumnElement[bool]:
    its_deliveries = select(events.DELIVERIES.c.id).where(events.DELIVERIES.c.webhook_event_id == inbox_id)
    return FORWARDS.c.delivery_id.in_(its_deliveries)


def named(reference: str) -> ColumnElement[bool]:
    """The event with this `evt_…` or inbox number."""
    if reference.isascii() and reference.isdigit() and len(reference) < 19:
        return EVENTS.c.id == int(reference)
    return EVENTS.c.event_id == reference


async def ids_of(session: AsyncSession, references: Sequence[str]) -> list[int]:
    """The inbox numbers of these events, in their order, each once. Raises `UnknownEvent` for the first unknown one."""
    numbers: dict[int, None] = {}
    for reference in references:
        found = await fetch(session, select(EVENTS.c.id).where(named(reference)))
        if not found:
            raise UnknownEvent(reference)
        numbers[found[0]["id"]] = None
    return list(numbers)


@handles(ListEventTypes)
async def list_event_types(backend: Backend, _request: ListEventTypes) -> Page[EventTypeView]:
    """Handled types first, each group in alphabetical order."""
    rows = [_type_view(name) for name in sorted({*backend.templates.types(), *HANDLERS})]
    rows.sort(key=lambda row: not row.handled)
    return Page(rows=tuple(rows), total=len(rows))


def _type_view(name: str) -> EventTypeView:
    rule = HANDLERS.get(name)
    if rule is None:
        return EventTypeView(type=name, object="", effect="kept and ignored", retry="", handled=False)
    return EventTypeView(type=name, object=rule.object_type, effect=rule.effect, retry=rule.retry.value, handled=True)


@handles(TriggerEvent)
async def trigger_event(backend: Backend, request: TriggerEvent) -> DeliveryView:
    known = backend.templates.types()
    if request.type not in known:
        raise UnknownEventType(request.type, did_you_mean(request.type, known))
    body = backend.templates.build(
        request.type,
        event_id=backend.ids.new("evt_"),
        created=int(backend.clock.now().timestamp()),
        amount_cents=request.amount_cents,
        overrides=await _overrides(backend, request),
    )
    delivery = await backend.loopback.deliver(body, source="trigger")
    async with backend.db.read() as session:
        return (await events.deliveries(session, events.DELIVERIES.c.id == delivery))[0]


async def _overrides(backend: Backend, request: TriggerEvent) -> dict[str, Any]:
    """Make the event speak of a company of ours, as far as Stripe's objects do."""
    if request.company is None:
        return {}
    company = await company_view(backend, await company_id(backend, request.company))
    overrides: dict[str, Any] = {"data.object.metadata.company_id": str(company.id)}
    if company.stripe_customer_id is not None:
        overrides["data.object.customer"] = company.stripe_customer_id
    return overrides
