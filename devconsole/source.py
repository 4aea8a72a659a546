"""Where the console gets everything from: a protocol with two members, so that a script can stand in for a server.

What goes wrong is raised as `relay.errors.RelayError`, never as an exception of a library.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from devconsole import collector

if TYPE_CHECKING:
    from relay.api import FeedItem, Operation
    from relay.client import ControlClient
    from relay.errors import RelayError

R = TypeVar("R")
OnLost = Callable[["RelayError"], None]


class Source(Protocol):
    """The server, seen from the console."""

    async def call(self, operation: Operation[R]) -> R:
        """Carry out one operation. Raises `RelayError`."""
        ...

    def feed(self, *, after: str | None = None, on_lost: OnLost | None = None) -> AsyncIterator[FeedItem]:
        """Follow the live feed for ever, reconnecting; each connection begins with a `hello`."""
        ...

    async def close(self) -> None: ...


class Address(NamedTuple):
    """Where the server's control API is, and what it asks for."""

    url: str
    token: str


class RemoteSource:
    """A server that is looked for, or started, only after the first screen was painted.

    `find` blocks until the server is ready, so it runs in a thread; so does the import of the HTTP client, which takes
    longer than everything else up to the first paint.
    """

    def __init__(self, find: Callable[[], Address]) -> None:
        self._find = find
        self._opening: asyncio.Task[ControlClient] | None = None

    async def call(self, operation: Operation[R]) -> R:
        client = await self._client()
        return await client.call(operation)

    async def feed(self, *, after: str | None = None, on_lost: OnLost | None = None) -> AsyncIterator[FeedItem]:
        client = await self._client()
        async for item in client.feed(after=after, on_lost=on_lost):
            yield item

    async def close(self) -> None:
        if self._opening is not None and self._opening.done() and not self._opening.exception():
            await self._opening.result().close()

    async def _client(self) -> ControlClient:
        if self._opening is None:
            self._opening = asyncio.create_task(self._open())
        return await asyncio.shield(self._opening)

    async def _open(self) -> ControlClient:
        address, client_type = await asyncio.gather(asyncio.to_thread(self._find), asyncio.to_thread(_client_type))
        collector.spare()  # the first screen stands and everything that stays is imported
        return client_type(address.url, address.token)


def _client_type() -> type[ControlClient]:
    from relay.client import ControlClient  # here, in a thread: aiohttp takes longer to import than the first paint

    return ControlClient
