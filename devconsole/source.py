"""Where the console gets everything from: a protocol with two members, so that a script can stand in for a server.

What goes wrong is raised as `relay.errors.RelayError`, never as an exception of a library.
"""

from __future__ import annotations

import asyncio
import contextlib
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


class Moved(NamedTuple):
    """The server is another one now."""

    address: Address
    says: str
    """What happened, in a sentence."""


class RemoteSource:
    """A server that is looked for, or started, only after the first screen was painted.

    `find` blocks until the server is ready, so it runs in a thread; so does the import of the HTTP client, which takes
    longer than everything else up to the first paint. `find_again` is asked, in a thread too, whenever the connection
    broke: None means to wait for the same server. Both raise `Failure`. What is worth saying goes to `tell`.
    """

    def __init__(self, find: Callable[[], Address], find_again: Callable[[], Moved | None] | None = None) -> None:
        self._find, self._find_again = find, find_again
        self._opening: asyncio.Task[ControlClient] | None = None
        self._searching: asyncio.Task[None] | None = None
        self._moved = asyncio.Event()
        self.tell: Callable[[str], None] = lambda _says: None
        self._told = ""

    async def call(self, operation: Operation[R]) -> R:
        client = await self._client()
        return await client.call(operation)

    async def feed(self, *, after: str | None = None, on_lost: OnLost | None = None) -> AsyncIterator[FeedItem]:
        def lost(error: RelayError) -> None:
            if on_lost is not None:
                on_lost(error)
            if self._find_again is not None and (self._searching is None or self._searching.done()):
                self._searching = asyncio.create_task(self._search(self._find_again))

        while True:
            client, moved = await self._client(), self._moved
            async for item in until(moved, client.feed(after=after, on_lost=lost)):
                yield item
            after = None

    async def close(self) -> None:
        if self._searching is not None:
            self._searching.cancel()
        if self._opening is not None and self._opening.done() and not self._opening.exception():
            await self._opening.result().close()

    async def _client(self) -> ControlClient:
        if self._opening is None:
            self._opening = asyncio.create_task(self._open())
        return await asyncio.shield(self._opening)

    async def _search(self, find_again: Callable[[], Moved | None]) -> None:
        """Go where the server is now, if that is elsewhere; the next attempt to connect that fails asks again."""
        from devconsole.output import Failure

        try:
            found = await asyncio.to_thread(find_again)
        except Failure as failure:
            self._tell_once(". ".join(filter(None, (str(failure), failure.remedy))))
            return
        if found is None:
            return
        before = await self._client()
        after = type(before)(found.address.url, found.address.token)
        self._opening = asyncio.create_task(_at_once(after))
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()
        self._tell_once(found.says, again=True)
        await before.close()

    def _tell_once(self, says: str, *, again: bool = False) -> None:
        """What keeps being true is not said with each attempt."""
        if again or says != self._told:
            self.tell(says)
        self._told = says

    async def _open(self) -> ControlClient:
        address, client_type = await asyncio.gather(asyncio.to_thread(self._find), asyncio.to_thread(_client_type))
        collector.spare()  # the first screen stands and everything that stays is imported
        return client_type(address.url, address.token)


def _client_type() -> type[ControlClient]:
    from relay.client import ControlClient  # here, in a thread: aiohttp takes longer to import than the first paint

    return ControlClient


async def _at_once(client: ControlClient) -> ControlClient:
    return client


async def until(moved: asyncio.Event, items: AsyncIterator[FeedItem]) -> AsyncIterator[FeedItem]:
    """What comes before the move."""
    gone = asyncio.ensure_future(moved.wait())
    coming = asyncio.ensure_future(_next(items))
    try:
        while True:
            await asyncio.wait({coming, gone}, return_when=asyncio.FIRST_COMPLETED)
            if gone.done():
                return
            item, coming = coming.result(), asyncio.ensure_future(_next(items))
            yield item
    finally:
        for waiting in (gone, coming):
            waiting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await waiting


async def _next(items: AsyncIterator[FeedItem]) -> FeedItem:
    return await anext(items)
