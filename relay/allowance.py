"""How much of something may be used: a bucket that fills at a steady rate up to its size."""

from __future__ import annotations

import time
from collections.abc import Callable


class Allowance:
    """`burst` at once, `per_s` in the long run."""

    def __init__(self, *, per_s: float, burst: float, time_s: Callable[[], float] = time.monotonic) -> None:
        assert per_s > 0
        self._per_s, self._burst, self._time_s = per_s, burst, time_s
        self._left, self._at = burst, time_s()

    def take(self, amount: float = 1.0) -> bool:
        """Use `amount` if it is there."""
        now = self._time_s()
        self._left = min(self._burst, self._left + (now - self._at) * self._per_s)
        self._at = now
        if amount > self._left:
            return False
        self._left -= amount
        return True

    def wait_s(self, amount: float = 1.0) -> float:
        """How long until `amount` will be there, after a `take` that failed."""
        return max(0.0, (amount - self._left) / self._per_s)
