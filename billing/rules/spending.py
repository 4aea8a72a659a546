"""What a spending limit says: how much is left, and which alert step is reached."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from billing.periods import Period


@dataclass(frozen=True, slots=True)
class Spending:
    """What one company spent in its present day, week or month. Times are UTC, amounts cents, bonus included."""

    period: Period
    starts_at: datetime
    ends_at: datetime
    spent_cents: int
    limit_cents: int | None
    """None: no limit for this period."""

    @property
    def remaining_cents(self) -> int | None:
        """Negative when more was spent than allowed: an ended call is charged whatever the limit says."""
        return None if self.limit_cents is None else self.limit_cents - self.spent_cents

    @property
    def percent(self) -> int | None:
        """Of the limit, rounded down: 100 means that it is reached."""
        return None if self.limit_cents is None else self.spent_cents * 100 // self.limit_cents


def scarcest(spending: Iterable[Spending]) -> Spending | None:
    """The period with the least left; None when no period has a limit."""
    limited = [(each.remaining_cents, each) for each in spending]
    return min(
        ((left, each) for left, each in limited if left is not None), key=lambda pair: pair[0], default=(0, None)
    )[1]


def step_reached(spending: Spending, steps: Sequence[int]) -> int | None:
    """The highest of these percentages that is reached, None = none."""
    percent = spending.percent
    return None if percent is None else max((step for step in steps if step <= percent), default=None)
