"""Events as they arrived, what was done with them, and sending them again."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from relay.api.companies import DecisionView
from relay.api.forwards import ForwardView
from relay.api.ledger import LedgerView
from relay.api.operation import Operation, Page, Role, View
from relay.api.payments import TopupView
from relay.api.webhook import SignatureExplanation


class EventView(View, frozen=True, kw_only=True):
    """One line of the event list."""

    id: int
    """The inbox number."""
    event_id: str
    type: str
    status: str
    """pending, held, completed, ignored, unmatched, quarantined, failed"""
    reason: str | None
    company_id: int | None
    company_slug: str | None
    amount_cents: int | None
    currency: str | None
    object_id: str | None
    source: str
    received_at: datetime
    processed_at: datetime | None
    retry_count: int
    next_attempt_at: datetime | None
    correlation_id: str | None = None
    """The payment that it belongs to, where one is named."""
    mark: str | None = None
    note: str | None = None
    """What somebody wrote on it."""


class DeliveryView(View, frozen=True, kw_only=True):
    """One HTTP request to the webhook."""

    id: int
    inbox_id: int | None
    event_id: str | None
    source: str
    verdict: str
    """accepted, duplicate, rejected"""
    reason_code: str
    reason: str
    remedy: str | None
    secret_label: str | None
    http_status: int
    latency_us: int
    body_bytes: int
    received_at: datetime


class DeliveryDetail(View, frozen=True, kw_only=True):
    delivery: DeliveryView
    headers: dict[str, str]
    body: str
    response_body: str
    raw: bytes = b""
    """The body as it came, byte by byte; in JSON as base64."""
    explanation: SignatureExplanation | None = None
    """Of a rejected one: why, told by evidence when it arrived."""
    first_delivery: int | None = None
    """Of a duplicate: the delivery that was accepted."""
    resendable: bool = False
    """Whether `deliveries.resend` may send its bytes again with a fresh signature."""


class AttemptView(View, frozen=True, kw_only=True):
    number: int
    outcome: str
    reason: str | None
    started_at: datetime
    duration_us: int
    next_attempt_at: datetime | None


class EventDetail(View, frozen=True, kw_only=True):
    event: EventView
    payload: str
    """The raw body as it came."""
    headers: dict[str, str]
    deliveries: tuple[DeliveryView, ...]
    attempts: tuple[AttemptView, ...]
    topup: TopupView | None
    ledger: tuple[LedgerView, ...]
    """What this event wrote, with balances before and after."""
    decisions: tuple[DecisionView, ...]
    forwards: tuple[ForwardView, ...] = ()
    """Its deliveries on their way to applications of the user's, oldest first."""


class EventPage(View, frozen=True, kw_only=True):
    """A window of the event list by inbox number, newest first."""

    rows: tuple[EventView, ...]
    first_id: int
    """The oldest inbox number that exists, 0 when there is none."""
    last_id: int
    """The newest."""
    total: int
    """How many match the filter, with a filter those below `before` and above `after`."""
    more: bool = False
    """There are more than `total`: they are counted up to a bound."""
    unsearched: int = 0
    """Bodies that were not searched, because the full-text index is still being made."""


class ListEvents(Operation[EventPage], frozen=True, kw_only=True):
    """List events, newest first; `before` continues after the last row of the page before."""

    name = "events.list"
    role = Role.SUPPORT
    before: int | None = None
    """Only inbox numbers below this."""
    after: int | None = None
    """Only inbox numbers above this."""
    filter: str | None = None
    """In the filter language (`relay.filtering`); holds beside the three fields below."""
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100
    status: str | None = None
    type: str | None = None
    """An event type; a trailing `*` matches the rest."""
    company: str | None = None


class ShowEvent(Operation[EventDetail], frozen=True, kw_only=True):
    """Show one event: payload, headers, verdict, deliveries, attempts, and what it caused."""

    name = "events.show"
    role = Role.SUPPORT
    event: str
    """`evt_…` or an inbox number."""


class ReplayResult(View, frozen=True, kw_only=True):
    event_id: str
    status_before: str
    status_after: str
    reason: str | None
    ledger_ids: tuple[int, ...]
    """Ledger rows that this replay added; empty when everything had been booked before."""


class ReplayEvents(Operation[Page[ReplayResult]], frozen=True, kw_only=True):
    """Deliver events once more, freshly signed, through the same door, and process them again."""

    name = "events.replay"
    events: tuple[str, ...] = ()
    failed: bool = False
    """All that failed or await their next attempt, are unmatched or quarantined."""
    filter: str | None = None
    """All that it lets through (`relay.filtering`)."""


class TriggerEvent(Operation[DeliveryView], frozen=True, kw_only=True):
    """Send an event of this type from the templates, signed, to the webhook."""

    name = "events.trigger"
    type: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    company: str | None = None
    amount_cents: int | None = None


class EventTypeView(View, frozen=True, kw_only=True):
    type: str
    object: str
    effect: str
    retry: str
    """When it is tried again by itself."""
    handled: bool


class ListEventTypes(Operation[Page[EventTypeView]], frozen=True, kw_only=True):
    """List the event types that can be triggered, with what billing does on each."""

    name = "events.types"
    role = Role.SUPPORT


class ListDeliveries(Operation[Page[DeliveryView]], frozen=True, kw_only=True):
    """List deliveries, newest first."""

    name = "deliveries.list"
    role = Role.SUPPORT
    verdict: str | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=500)] = 50


class ShowDelivery(Operation[DeliveryDetail], frozen=True, kw_only=True):
    """Show one delivery with headers, body and answer."""

    name = "deliveries.show"
    role = Role.SUPPORT
    delivery: int


class ResendDelivery(Operation[DeliveryView], frozen=True, kw_only=True):
    """Send the bytes of a rejected delivery again, freshly signed, where they are Stripe's own beyond doubt."""

    name = "deliveries.resend"
    delivery: int


class FailureView(View, frozen=True, kw_only=True):
    """Something that went wrong and what can be done about it."""

    kind: str
    """event, delivery, topup, call"""
    id: int
    reference: str
    """What people call it: `evt_…`, `topup_12`, `call_7`, `delivery_31`."""
    title: str
    company_slug: str | None
    reason: str
    remedy: str | None
    occurred_at: datetime
    next_attempt_at: datetime | None
    replayable: bool
    """True for events: `events.replay` takes `reference`."""


class ListFailures(Operation[Page[FailureView]], frozen=True, kw_only=True):
    """List what failed and still needs attention: events, rejected deliveries, top-ups, unpaid calls."""

    name = "failures.list"
    role = Role.SUPPORT
    limit: Annotated[int, msgspec.Meta(ge=1, le=500)] = 100
