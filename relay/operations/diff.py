"""Comparing two events, two deliveries, or two attempts at one event, value by value."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from relay.api import Comparison, DeliveryDetail, Difference, DiffEvents, EventDetail, ShowDelivery, ShowEvent
from relay.backend import Backend
from relay.operations.deliveries import show_delivery
from relay.operations.events import show_event
from relay.operations.registry import handles
from relay.unknown import NothingToCompare

_ATTEMPT = re.compile(r"(?P<event>[^#]+)#(?P<number>[0-9]{1,9})")
_DELIVERY = re.compile(r"delivery_(?P<id>[0-9]{1,18})")
DIFFERENCES_MAX = 5_000


@handles(DiffEvents)
async def diff_events(backend: Backend, request: DiffEvents) -> Comparison:
    left, right = request.left.strip(), (request.right or "").strip()
    if not right:
        detail = await show_event(backend, ShowEvent(event=left))
        numbers = [attempt.number for attempt in detail.attempts]
        if len(numbers) < 2:
            raise NothingToCompare(f"{detail.event.event_id} was tried {'once' if numbers else 'never'}")
        left, right = (f"{detail.event.event_id}#{number}" for number in numbers[-2:])
    return compared(left, await _document(backend, left), right, await _document(backend, right))


def compared(left_name: str, left: Any, right_name: str, right: Any) -> Comparison:
    """Every value by its path; what both have in the order of the left, then what only the right has."""
    first, second = dict(_values(left)), dict(_values(right))
    found = [_difference(path, first, second) for path in dict.fromkeys((*first, *second))]
    differences = [one for one in found if one is not None]
    return Comparison(
        left=left_name,
        right=right_name,
        differences=tuple(differences[:DIFFERENCES_MAX]),
        same=len(found) - len(differences),
    )


def _difference(path: str, left: Mapping[str, str], right: Mapping[str, str]) -> Difference | None:
    before, after = left.get(path), right.get(path)
    if before == after:
        return None
    change = "added" if before is None else "removed" if after is None else "changed"
    return Difference(path=path, change=change, left=before, right=after)


def _values(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """The leaves of a document with their paths, as JSON."""
    if isinstance(value, dict) and value:
        for key, child in value.items():
            yield from _values(child, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and value:
        for index, child in enumerate(value):
            yield from _values(child, f"{path}[{index}]")
    else:
        yield path, json.dumps(value, ensure_ascii=False)


async def _document(backend: Backend, reference: str) -> dict[str, Any]:
    if (delivery := _DELIVERY.fullmatch(reference)) is not None:
        return _of_delivery(await show_delivery(backend, ShowDelivery(delivery=int(delivery["id"]))))
    attempt = _ATTEMPT.fullmatch(reference)
    detail = await show_event(backend, ShowEvent(event=attempt["event"] if attempt else reference))
    return _of_event(detail) if attempt is None else _of_attempt(detail, int(attempt["number"]))


def _of_event(detail: EventDetail) -> dict[str, Any]:
    event = detail.event
    return {
        "outcome": {
            "status": event.status,
            "reason": event.reason,
            "company": event.company_slug,
            "attempts": len(detail.attempts),
            "ledger": [f"{row.type}: {row.description}" for row in detail.ledger],
        },
        "headers": detail.headers,
        "body": _parsed(detail.payload),
    }


def _of_attempt(detail: EventDetail, number: int) -> dict[str, Any]:
    found = next((attempt for attempt in detail.attempts if attempt.number == number), None)
    if found is None:
        raise NothingToCompare(f"{detail.event.event_id} has no attempt {number}")
    return {
        "outcome": found.outcome,
        "reason": found.reason,
        "started_at": found.started_at.isoformat(),
        "took_ms": found.duration_us / 1000,
        "next_attempt_at": found.next_attempt_at and found.next_attempt_at.isoformat(),
    }


def _of_delivery(detail: DeliveryDetail) -> dict[str, Any]:
    delivery = detail.delivery
    return {
        "verdict": delivery.verdict,
        "reason": delivery.reason,
        "source": delivery.source,
        "signed_with": delivery.secret_label,
        "took_ms": delivery.latency_us / 1000,
        "answer": {"status": delivery.http_status, "body": _parsed(detail.response_body)},
        "headers": detail.headers,
        # Where bodies say the same in other bytes, or their bytes are no text.
        "body_sha256": hashlib.sha256(detail.raw).hexdigest()[:16],
        "body": _parsed(detail.body),
    }


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text.splitlines()
