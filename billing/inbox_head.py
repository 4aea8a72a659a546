"""The head of an event, read from the raw bytes: what is shown and indexed before anything is decided about it.

Unknown fields are skipped and odd values dropped; the bytes themselves are kept, so nothing is lost by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

_INTEGER_MAX = 2**53
"""Larger numbers are not amounts; SQLite stores 64 bits, JavaScript 53."""
_SECONDS_MAX = 2**33
"""The year 2242: a `created` above it is no time."""
_TEXT_MAX = 255
"""Stripe's ids and type names stay far below."""


class EventHead(msgspec.Struct, frozen=True, gc=False):
    """The outside of an event. `amount_cents` and `currency` are those of its object, where it has any."""

    event_id: str
    type: str
    created_at: datetime | None
    livemode: bool
    api_version: str | None
    object_id: str | None
    object_type: str | None
    amount_cents: int | None
    currency: str | None


@dataclass(frozen=True, slots=True)
class NotAnEvent:
    """Why a body is not an event of Stripe's. `reason_code`: `body_not_json`, `thin_event`, `body_not_an_event`."""

    reason_code: str
    reason: str
    remedy: str


class _Object(msgspec.Struct):
    id: Any = None
    object: Any = None
    amount_total: Any = None
    amount: Any = None
    currency: Any = None


class _Data(msgspec.Struct):
    object: _Object


class _Event(msgspec.Struct):
    id: str
    type: str
    data: _Data
    object: str = "event"
    created: Any = None
    livemode: bool = False
    api_version: str | None = None


class _Thin(msgspec.Struct):
    object: str = ""


_decode = msgspec.json.Decoder(_Event).decode
_decode_thin = msgspec.json.Decoder(_Thin).decode


def read_head(body: bytes) -> EventHead | NotAnEvent:
    """Read what the inbox indexes. Never raises, whatever the bytes."""
    try:
        event = _decode(body)
    except msgspec.ValidationError as error:
        return _why_not(body, str(error))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return _not_json(error)
    if event.object != "event" or not event.id.startswith("evt_") or not event.type or len(event.id) > _TEXT_MAX:
        return _why_not(body, f"its object is {event.object[:40]!r} and its id {event.id[:40]!r}")
    subject = event.data.object
    amount = subject.amount if subject.amount_total is None else subject.amount_total
    return EventHead(
        event_id=event.id,
        type=event.type[:_TEXT_MAX],
        created_at=_time(event.created),
        livemode=event.livemode,
        api_version=event.api_version,
        object_id=_text(subject.id),
        object_type=_text(subject.object),
        amount_cents=amount if type(amount) is int and abs(amount) < _INTEGER_MAX else None,
        currency=_text(subject.currency),
    )


def _not_json(error: Exception) -> NotAnEvent:
    return NotAnEvent("body_not_json", f"the body is not JSON: {error}", "Send the raw body of the event, unchanged.")


def _why_not(body: bytes, detail: str) -> NotAnEvent:
    try:
        kind = _decode_thin(body).object
    except msgspec.ValidationError:
        kind = ""
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        # A wrong field is found before a missing end.
        return _not_json(error)
    if kind == "v2.core.event":
        return NotAnEvent(
            "thin_event",
            "this is a thin event, which carries no snapshot of its object",
            "Subscribe to snapshot events: `stripe listen --all-snapshot`.",
        )
    return NotAnEvent(
        "body_not_an_event",
        f"the body is JSON, but not an event of Stripe's: {detail}",
        'An event has object "event", an id evt_…, a type, and data.object.',
    )


def _text(value: Any) -> str | None:
    return value[:_TEXT_MAX] if isinstance(value, str) else None


def _time(value: Any) -> datetime | None:
    if type(value) is int and 0 <= value < _SECONDS_MAX:
        return datetime.fromtimestamp(value, UTC)
    return None
