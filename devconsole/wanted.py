"""What somebody wants to have recorded as a scenario."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What led to one event, or a stretch of the inbox; with neither all that was done.

    Events are named by `evt_…` or by their inbox numbers.
    """

    event: str | None = None
    first: str | None = None
    """The stretch begins with what caused this event."""
    last: str | None = None
    """It ends with the arrival of this one."""
    title: str | None = None
