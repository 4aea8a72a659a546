"""The clock: the machine's, or a virtual one that is moved on request."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from relay.api.companies import CompanyRef
from relay.api.operation import Operation, Role, View

ADVANCE_MAX_S = 400 * 86_400
"""Further at once is a slip of the finger, and time does not run back."""


MOMENTS = ("next due", "next auto top-up allowed", "next day", "next month")
"""What `until` understands beside a time. The last two by the calendar of invoices."""


class ClockView(View, frozen=True, kw_only=True):
    now: datetime
    virtual: bool
    """False: the clock of the machine, which cannot be moved."""
    seed: int | None
    """What the ids of a virtual server are made from."""
    next_due_at: datetime | None
    """When something will happen by itself: a webhook tried again, a job, a payment that settles."""


class ShowClock(Operation[ClockView], frozen=True, kw_only=True):
    """Show what time it is for the server, and when something will happen by itself."""

    name = "clock.show"
    role = Role.SUPPORT


class AdvanceClock(Operation[ClockView], frozen=True, kw_only=True):
    """Move a virtual clock; what becomes due on the way happens at its moment, before the answer."""

    name = "clock.advance"
    seconds: Annotated[float, msgspec.Meta(ge=0, le=ADVANCE_MAX_S)] = 0
    """0: carry out what is due by now, and wait for it."""
    until: str | None = None
    """A time, or `next due`, `next auto top-up allowed` (of `company`), `next day`, `next month`."""
    company: CompanyRef | None = None
