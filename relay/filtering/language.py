"""What a filter says, once it is read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

NAMES = ("type", "status", "company", "source", "id", "mark")
RANGES = ("amount", "received", "age")
TEXTS = ("text", "note")
FIELDS = (*NAMES, *RANGES, *TEXTS)
STATUSES = ("pending", "held", "completed", "ignored", "unmatched", "quarantined", "failed")
"""Of events, as the inbox has them."""
NOBODY = "none"
"""`company:none`: the event belongs to no company of ours."""


class FilterInvalid(ValueError):
    """A filter that cannot be read. `at` counts characters from 0, `remedy` says what would be understood there."""

    def __init__(self, text: str, at: int, message: str, remedy: str) -> None:
        super().__init__(f"{message} (at character {at + 1})")
        self.text, self.at, self.message, self.remedy = text, at, message, remedy

    @property
    def pointer(self) -> str:
        """The filter with a mark under the place that is meant."""
        return f"{self.text}\n{' ' * self.at}^"


@dataclass(frozen=True, slots=True)
class Named:
    """One of these names, `*` standing for anything."""

    field: Literal["type", "status", "company", "source", "id", "mark"]
    patterns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Amount:
    """Cents, both ends included; None is open."""

    low: int | None
    high: int | None


@dataclass(frozen=True, slots=True)
class Received:
    """From `low` on and before `high`; None is open."""

    low: datetime | None
    high: datetime | None


@dataclass(frozen=True, slots=True)
class Text:
    """Words of the body that follow each other; the last may be only a beginning (`open_end`)."""

    words: tuple[str, ...]
    open_end: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """A part of a note."""

    part: str


@dataclass(frozen=True, slots=True)
class Not:
    filter: Filter


@dataclass(frozen=True, slots=True)
class All:
    """Every one holds; none at all is no condition."""

    filters: tuple[Filter, ...] = ()


@dataclass(frozen=True, slots=True)
class Any_:  # noqa: N801 - `Any` is taken
    """At least one holds."""

    filters: tuple[Filter, ...]


Filter: TypeAlias = Named | Amount | Received | Text | Note | Not | All | Any_
