"""Loads again after each change that may matter: one load at a time, and a pause between two."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import NoReturn

GAP_S = 0.5


class Refresher:
    """Call `outdated` as often as you like; `run` is for a worker and loads at most once in `gap_s`.

    `load` handles what can go wrong; whoever shows the connection says that it is lost, and after it returned
    everything is outdated.
    """

    def __init__(self, load: Callable[[], Awaitable[None]], *, gap_s: float = GAP_S) -> None:
        self._load, self._gap_s = load, gap_s
        self._outdated = asyncio.Event()

    def outdated(self) -> None:
        self._outdated.set()

    async def run(self) -> NoReturn:
        while True:
            await self._outdated.wait()
            self._outdated.clear()
            await self._load()
            await asyncio.sleep(self._gap_s)
