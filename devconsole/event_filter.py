"""What the event list is narrowed to: a filter as it was typed, and what it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from relay.api import EventView, ListEvents
from relay.filtering.language import All, Filter, FilterInvalid
from relay.filtering.matching import matches

__all__ = ["FAILED", "EventFilter", "FilterInvalid", "read"]

FAILED = "failed"


@dataclass(frozen=True, slots=True)
class EventFilter:
    """The server reads `text` itself; `wanted` tells what arrives apart without asking it."""

    text: str = ""
    wanted: Filter = field(default=All(), compare=False)

    def __bool__(self) -> bool:
        return bool(self.text)

    def __str__(self) -> str:
        return self.text

    def request(self, *, before: int | None, limit: int, after: int | None = None) -> ListEvents:
        return ListEvents(before=before, after=after, limit=limit, filter=self.text or None)

    def matches(self, event: EventView) -> bool | None:
        """Whether the server would list this event; None when only the server can tell."""
        return matches(self.wanted, event)


def read(text: str, *, now: datetime, saved: Mapping[str, str] | None = None) -> EventFilter:
    """Read a filter, with the saved ones that it may name. Raises `FilterInvalid`."""
    from relay.filtering.parser import parse  # here: nobody pays for a parser who never filters

    text = " ".join(text.split())
    return EventFilter(text, parse(text, now=now, saved=saved))
