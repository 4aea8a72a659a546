"""What people write down while they look at events: marks, notes, and filters under a name."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from relay.api.events import EventView
from relay.api.operation import Operation, Page, Role, View

MARK_MAX, NOTE_MAX, NAME_MAX = 40, 2_000, 40
SAVED_MAX = 200
"""Filters that are kept."""


class MarkEvent(Operation[EventView], frozen=True, kw_only=True):
    """Put a mark and a note on an event, change them, or take them away; a marked event is never pruned."""

    name = "events.mark"
    role = Role.MANAGEMENT
    event: str
    """`evt_…` or an inbox number."""
    mark: Annotated[str, msgspec.Meta(max_length=MARK_MAX)] | msgspec.UnsetType | None = msgspec.UNSET
    """One word such as `bug`; null takes it away; left out, it stays as it is."""
    note: Annotated[str, msgspec.Meta(max_length=NOTE_MAX)] | msgspec.UnsetType | None = msgspec.UNSET


class SavedFilterView(View, frozen=True, kw_only=True):
    name: str
    """Filters may name it: `@name`."""
    filter: str
    saved_at: datetime


class ListFilters(Operation[Page[SavedFilterView]], frozen=True, kw_only=True):
    """List the saved filters, in alphabetical order."""

    name = "filters.list"
    role = Role.SUPPORT


class SaveFilter(Operation[SavedFilterView], frozen=True, kw_only=True):
    """Save a filter of the event list under a name; an earlier one with this name is replaced."""

    name = "filters.save"
    as_: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")] = msgspec.field(name="as")
    filter: str


class DeleteFilter(Operation[SavedFilterView], frozen=True, kw_only=True):
    """Delete a saved filter."""

    name = "filters.delete"
    saved: str
    """Its name."""
