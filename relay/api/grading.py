"""Grading a webhook handler: twelve guarantees, seen from outside."""

from __future__ import annotations

from typing import Annotated

import msgspec

from relay.api.operation import Operation, Role, View


class GuaranteeView(View, frozen=True, kw_only=True):
    """One guarantee, what was seen of it, and how to mend it."""

    name: str
    title: str
    held: bool
    seen: str
    """What was sent and what came back."""
    remedy: str | None
    """How to mend it; null when it held."""


class GradeView(View, frozen=True, kw_only=True):
    url: str
    passed: int
    of: int
    observed: bool
    """Effects were looked at too, not only answers."""
    guarantees: tuple[GuaranteeView, ...]


class GradeForwardTarget(Operation[GradeView], frozen=True, kw_only=True):
    """Send good, forged, doubled and odd events to a target, and say which of twelve guarantees its handler gives."""

    name = "forwards.grade"
    role = Role.DEVELOPER
    target: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    observe: Annotated[str, msgspec.Meta(min_length=1, max_length=2_000)] | None = None
    """An address of the application that answers with one number: what it has booked so far, or how much."""
