"""One virtual time with two faces: billing and relay ask for an aware `datetime`, the sandbox for unix seconds."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

START = datetime(2030, 1, 7, 9, 0, tzinfo=UTC)
"""A Monday morning. It lies ahead, so that whoever verifies a signature by the clock of the machine finds it fresh."""


class VirtualTime:
    """Stands still until `move` or `wake` is called, or until somebody who waits for an answer lets time pass."""

    def __init__(self, start: datetime = START) -> None:
        self._now_s = start.timestamp()
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._passes = True

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self._now_s, UTC)

    @property
    def now_s(self) -> float:
        return self._now_s

    def move(self, moment_s: float) -> None:
        """Set the time ahead, and wake everyone whose moment has come, in the order of their moments."""
        self._now_s = max(self._now_s, moment_s)
        while self._sleepers and self._sleepers[0][0] <= self._now_s:
            _, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                woken.set_result(None)

    def next_sleeper(self) -> float | None:
        """The moment that the next sleeper waits for; None when nobody sleeps."""
        return min((moment for moment, _, woken in self._sleepers if not woken.done()), default=None)

    @contextmanager
    def standing(self) -> Iterator[None]:
        """For the length of the block whoever sleeps waits until the time is moved. Otherwise time passes by sleeping:
        somebody waits for a slow answer, and nothing else can happen meanwhile."""
        self._passes = False
        try:
            yield
        finally:
            self._passes = True

    async def sleep_until(self, moment_s: float) -> None:
        if moment_s <= self._now_s:
            return
        if self._passes:
            self._now_s = moment_s
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (moment_s, next(self._order), woken))
        await woken


class BillingClock:
    """The face that billing and relay see."""

    def __init__(self, time: VirtualTime) -> None:
        self._time = time

    def now(self) -> datetime:
        return self._time.now


class SandboxClock:
    """The face that the sandbox sees."""

    def __init__(self, time: VirtualTime) -> None:
        self._time = time

    def now(self) -> float:
        return self._time.now_s

    async def sleep_until(self, moment: float) -> None:
        await self._time.sleep_until(moment)

    def advance(self, seconds: float) -> None:  # noqa: ARG002 - the protocol's signature
        """Refused: billing would not hear of it."""
        raise ValueError("this sandbox shares its clock with the relay; move it with `devconsole clock advance`")
