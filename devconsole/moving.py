"""What the console watches while stories take it from server to server, and home again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, TypeVar

from devconsole.source import Address, OnLost, RemoteSource, until

if TYPE_CHECKING:
    from relay.api import FeedItem, Operation

R = TypeVar("R")


class MovingSource:
    """A source whose server changes: the feed of the next one begins with a `hello` that was not resumed, so that
    everything shown is loaded anew. Without a `home` there is no server until the first move, and everybody waits."""

    def __init__(self, home: RemoteSource | None = None) -> None:
        self._home = self._here = home
        self._moved = asyncio.Event()

    def move(self, address: Address | None) -> None:
        """From now on, this server; None = home."""
        self._here = RemoteSource(lambda: address) if address is not None else self._home
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def call(self, operation: Operation[R]) -> R:
        here = await self._arrived()
        return await here.call(operation)

    async def feed(self, *, after: str | None = None, on_lost: OnLost | None = None) -> AsyncIterator[FeedItem]:
        while True:
            here, moved = await self._arrived(), self._moved
            async for item in until(moved, here.feed(after=after, on_lost=on_lost)):
                yield item
            after = None
            if here is not self._home:
                await here.close()

    async def close(self) -> None:
        for source in {self._here, self._home} - {None}:
            assert source is not None
            await source.close()

    async def _arrived(self) -> RemoteSource:
        while self._here is None:
            await self._moved.wait()
        return self._here
