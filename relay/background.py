"""One piece of work that runs beside everything else, from a start to a stop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any


class Background:
    """Holds the task, so that it is neither forgotten nor started twice. `name` shows in logs and debuggers."""

    def __init__(self, name: str, work: Callable[..., Coroutine[Any, Any, None]]) -> None:
        self._name, self._work = name, work
        self._task: asyncio.Task[None] | None = None

    def start(self, *given: Any) -> None:
        """`given` is handed to the work."""
        assert self._task is None, "started twice"
        self._task = asyncio.create_task(self._work(*given), name=self._name)

    async def stop(self) -> None:
        """Cut it off where it waits; raises what had ended it before. Nothing happens when it does not run."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
