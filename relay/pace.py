"""How often something that costs time may be repeated."""

from __future__ import annotations

SHARE = 20
"""A repeated look takes at most one part in twenty of the time, however large the database has become."""


def rest_s(took_s: float, *, at_least_s: float) -> float:
    """How long to wait after something that took `took_s`."""
    return max(at_least_s, took_s * SHARE)
