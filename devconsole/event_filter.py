"""What the event list is narrowed to, typed as a few words: `failed`, `company:acme-telefon`, `type:charge.*`."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from devconsole.looks import EVENT_LOOKS
from relay.api import EventView, ListEvents

STATUSES = tuple(EVENT_LOOKS)


class FilterInvalid(ValueError):
    """A word of the filter means nothing; the text says what would."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Conditions that all hold; None means any."""

    status: str | None = None
    type: str | None = None
    """An event type; a trailing `*` matches the rest."""
    company: str | None = None

    def __bool__(self) -> bool:
        return self != EventFilter()

    def __str__(self) -> str:
        """As it would be typed."""
        words = (("status", self.status), ("type", self.type), ("company", self.company))
        return " ".join(f"{name}:{value}" for name, value in words if value is not None)

    def request(self, *, before: int | None, limit: int) -> ListEvents:
        return ListEvents(before=before, limit=limit, status=self.status, type=self.type, company=self.company)

    def matches(self, event: EventView) -> bool:
        """Whether the server would list this event."""
        if self.status is not None and event.status != self.status:
            return False
        if self.company is not None and self.company not in (event.company_slug, str(event.company_id)):
            return False
        return self.type is None or _type_matches(self.type, event.type)


def _type_matches(wanted: str, given: str) -> bool:
    return given.startswith(wanted[:-1]) if wanted.endswith("*") else given == wanted


def parse(text: str, *, companies: Collection[str] = ()) -> EventFilter:
    """Read a filter. A bare word is a status, a company's slug, or the beginning of a type. Raises `FilterInvalid`."""
    found: dict[str, str] = {}
    for word in text.split():
        name, value = _condition(word, companies)
        if name in found and found[name] != value:
            raise FilterInvalid(f"Only one {name} at a time: {found[name]} or {value}")
        found[name] = value
    return EventFilter(**found)


def _condition(word: str, companies: Collection[str]) -> tuple[str, str]:
    name, colon, value = word.partition(":")
    if not colon:
        return _bare(word, companies)
    if name not in ("status", "type", "company") or not value:
        raise FilterInvalid(f"{word!r}: write status:…, type:… or company:…")
    if name == "status" and value not in STATUSES:
        raise FilterInvalid(f"{value!r} is no status; one of {', '.join(STATUSES)}")
    return name, value


def _bare(word: str, companies: Collection[str]) -> tuple[str, str]:
    if word in STATUSES:
        return "status", word
    if word in companies:
        return "company", word
    beginnings = [slug for slug in companies if slug.startswith(word)]
    if len(beginnings) == 1:
        return "company", beginnings[0]
    return "type", word if word.endswith("*") else f"{word}*"
