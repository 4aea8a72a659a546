"""What developers did: every operation that changes something, as it was asked and as it ended."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec

from relay.api.operation import Operation, Page, Role, View

DONE = "done"
"""The outcome of an operation that was carried out; every other outcome is the code of the refusal."""


class PerformedView(View, frozen=True, kw_only=True):
    """One operation, carried out or refused."""

    at: datetime
    """When it began: what it caused is not older."""
    ended_at: datetime
    """When it was answered: what it did itself, and did not only cause, is not younger."""
    name: str
    input: dict[str, Any]
    """Its fields as they were sent, with defaults."""
    outcome: str
    """done, or the code of the refusal"""
    ids: dict[str, int | str]
    """What the answer named: its `id`, and every field that ends in `_id`."""


class ListOperations(Operation[Page[PerformedView]], frozen=True, kw_only=True):
    """List the operations that changed something or were refused, newest first."""

    name = "operations.list"
    role = Role.SUPPORT
    since: datetime | None = None
    """Only those that began then or later."""
    limit: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 50
