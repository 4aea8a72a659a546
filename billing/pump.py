"""One bounded loop: do a step, sleep until the next one is due or until somebody wakes it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from billing.errors import DatabaseClosed

log = logging.getLogger(__name__)

SLEEP_MAX_S = 30.0
"""It looks again after this time at the latest, so that a clock that was set does not matter."""
AFTER_ERROR_S = 1.0


class Pump:
    """Calls `step` again and again. `step` returns the seconds until it is due again: 0 = at once, None = unknown."""

    def __init__(self, name: str, step: Callable[[], Awaitable[float | None]]) -> None:
        self._name = name
        self._step = step
        self._woken = asyncio.Event()
        self._asleep = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._woken.set()
        self._task = asyncio.create_task(self._run(), name=self._name)

    async def stop(self) -> None:
        """Stop between two steps, or in the middle of one: a step that was cut off is done again after a start."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None
        self._asleep.set()

    def wake(self) -> None:
        """There may be something to do."""
        self._asleep.clear()
        self._woken.set()

    @property
    def is_asleep(self) -> bool:
        return self._asleep.is_set()

    async def asleep(self) -> None:
        """Return when it sleeps, with nothing left to do."""
        await self._asleep.wait()

    async def _run(self) -> None:
        while True:
            self._woken.clear()
            try:
                delay_s = await self._step()
            except DatabaseClosed:
                return
            except Exception:
                log.exception("%s failed; it goes on", self._name)
                delay_s = AFTER_ERROR_S
            if delay_s == 0:
                continue
            await self._sleep(SLEEP_MAX_S if delay_s is None else min(delay_s, SLEEP_MAX_S))

    async def _sleep(self, delay_s: float) -> None:
        if not self._woken.is_set():
            self._asleep.set()
        try:
            async with asyncio.timeout(delay_s):
                await self._woken.wait()
        except TimeoutError:
            pass
        self._asleep.clear()
