"""Sending events again, as they were or edited, and trying first what it would do."""

from __future__ import annotations

from typing import Annotated

import msgspec

from relay.api.ledger import Breach
from relay.api.operation import Operation, View

BODY_MAX = 1 << 20
"""Bytes; the webhook takes no more."""


class SentEvent(View, frozen=True, kw_only=True):
    event_id: str
    original: str | None
    """The event that the body was known as: it stays as it came, an edited body goes out under an id of its own."""
    delivery: int
    status: str
    reason: str | None
    ledger_ids: tuple[int, ...]
    """Ledger rows that it added."""


class SendEvent(Operation[SentEvent], frozen=True, kw_only=True):
    """Send a body, signed, through the webhook; one that changes a known event goes out under a new event id."""

    name = "events.send"
    body: Annotated[str, msgspec.Meta(max_length=BODY_MAX)]


class FieldChange(View, frozen=True, kw_only=True):
    """`before` is null for a row that is new, `after` for one that is gone."""

    name: str
    before: str | int | float | None
    after: str | int | float | None


class RowChange(View, frozen=True, kw_only=True):
    table: str
    id: int
    change: str
    """added, changed, removed"""
    fields: tuple[FieldChange, ...]


class EventRehearsal(View, frozen=True, kw_only=True):
    """What processing one event again would bring about."""

    event_id: str
    verdict: str
    """fixed, regressed, same; new for an event that was never tried"""
    status_before: str | None
    reason_before: str | None
    """Of the last attempt."""
    status_after: str
    reason_after: str | None
    changes: tuple[RowChange, ...]
    """Rows of the books and of what belongs to them; the inbox's own notes of the attempt are left out."""


class Rehearsal(View, frozen=True, kw_only=True):
    events: tuple[EventRehearsal, ...]
    total: int
    """How many were selected altogether."""
    ledger_ok: bool
    breaches: tuple[Breach, ...]
    """What the proof of the ledger would find afterwards."""
    copied_bytes: int
    duration_ms: int


class RehearseEvents(Operation[Rehearsal], frozen=True, kw_only=True):
    """Replay against a copy of the database and show what would change; nothing is sent, Stripe is not asked."""

    name = "events.rehearse"
    events: tuple[str, ...] = ()
    failed: bool = False
    filter: str | None = None
    body: Annotated[str, msgspec.Meta(max_length=BODY_MAX)] | None = None
    """Instead of stored events: what `events.send` would send."""
