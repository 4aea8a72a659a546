"""Two documents side by side: events, deliveries or attempts."""

from __future__ import annotations

from relay.api.operation import Operation, Role, View


class Difference(View, frozen=True, kw_only=True):
    """One place where the two are not the same."""

    path: str
    """Such as `body.data.object.amount`."""
    change: str
    """added, removed or changed, from left to right"""
    left: str | None
    right: str | None
    """Both as JSON."""


class Comparison(View, frozen=True, kw_only=True):
    left: str
    right: str
    """What was compared."""
    differences: tuple[Difference, ...]
    same: int
    """Values that are equal."""


class DiffEvents(Operation[Comparison], frozen=True, kw_only=True):
    """Compare two events, deliveries (delivery_N) or attempts (EVENT#N); of one event alone its last two attempts."""

    name = "events.diff"
    role = Role.SUPPORT
    left: str
    right: str | None = None
