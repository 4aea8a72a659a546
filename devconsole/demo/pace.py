"""How fast a demo goes, and who may change that while it plays: pause, on, faster, slower, from the start."""

from __future__ import annotations

import asyncio

FACTOR = 1.5
"""Faster and slower by so much at each press."""
SLOWEST_S, FASTEST_S = 60.0, 0.5


class StartAgain(Exception):
    """Somebody wants to see the story from its beginning."""


class Pace:
    """The seconds that a caption stands, and the wait for them. Used from one event loop alone."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        """0: no waiting at all."""
        self.is_paused = False
        self._goes_on = False
        self._starts_again = False
        self._changed = asyncio.Event()

    async def wait(self, share: float = 1.0) -> None:
        """Let `share` of a caption's time pass; a pause stops the clock. Raises `StartAgain`."""
        clock = asyncio.get_running_loop().time
        self._goes_on = False
        while True:
            if self._starts_again:
                self._starts_again = False
                raise StartAgain
            if self._goes_on or ((share <= 0 or not self.seconds) and not self.is_paused):
                return
            self._changed.clear()
            began, seconds = clock(), self.seconds
            running = None if self.is_paused else share * seconds
            try:
                async with asyncio.timeout(running):
                    await self._changed.wait()
            except TimeoutError:
                share = 0.0
            else:
                share -= 0.0 if running is None else (clock() - began) / seconds

    def pause_or_resume(self) -> None:
        self.is_paused = not self.is_paused
        self._changed.set()

    def go_on(self) -> None:
        """End the wait that is under way; a paused demo does one thing and waits again."""
        self._goes_on = True
        self._changed.set()

    def faster(self) -> None:
        self._set(max(FASTEST_S, self.seconds / FACTOR))

    def slower(self) -> None:
        self._set(min(SLOWEST_S, (self.seconds or FASTEST_S) * FACTOR))

    def start_again(self) -> None:
        self._starts_again = True
        self._changed.set()

    def _set(self, seconds: float) -> None:
        self.seconds = seconds
        self._changed.set()
