"""Whether an event that is at hand would be listed, as far as its line in the list says so."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from relay.api.events import EventView
from relay.filtering.language import NOBODY, All, Amount, Any_, Filter, Named, Not, Note, Received, Text


def matches(wanted: Filter, event: EventView) -> bool | None:
    """True, false, or None: only the server knows, which has the body."""
    match wanted:
        case Named(field="id", patterns=patterns) if any(fits(one, event.correlation_id or "") for one in patterns):
            return None  # the server compares with the payment of its top-up
        case Named(field=field, patterns=patterns):
            return any(fits(pattern, name) for pattern in patterns for name in _names(field, event))
        case Amount(low=low, high=high):
            return _within(event.amount_cents, low, high)
        case Received(low=begin, high=end):
            return (begin is None or event.received_at >= begin) and (end is None or event.received_at < end)
        case Note(part=part):
            return part.casefold() in (event.note or "").casefold() if event.note else False
        case Not(filter=inner):
            found = matches(inner, event)
            return None if found is None else not found
        case All(filters=filters):
            return _joined((matches(part, event) for part in filters), deciding=False)
        case Any_(filters=filters):
            return _joined((matches(part, event) for part in filters), deciding=True)
        case Text():
            return None


def _joined(answers: Iterable[bool | None], *, deciding: bool) -> bool | None:
    """One `deciding` answer settles it; otherwise what nobody knows stays unknown."""
    known: bool | None = not deciding
    for answer in answers:
        if answer is deciding:
            return deciding
        known = None if answer is None else known
    return known


def _within(number: int | None, low: int | None, high: int | None) -> bool:
    return number is not None and (low is None or number >= low) and (high is None or number <= high)


def _names(field: str, event: EventView) -> tuple[str, ...]:
    """What the event is called in this respect."""
    match field:
        case "company":
            return (event.company_slug or "", str(event.company_id)) if event.company_id is not None else (NOBODY,)
        case "id":
            return tuple(filter(None, (event.event_id, str(event.id), event.object_id)))
        case "mark":
            return (event.mark,) if event.mark is not None else ()
    return (str(getattr(event, field)),)


def fits(pattern: str, name: str) -> bool:
    """Whether a name is that of a pattern, in which `*` stands for anything. Case counts."""
    return name == pattern if "*" not in pattern else _compiled(pattern).fullmatch(name) is not None


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, pattern.split("*"))))
