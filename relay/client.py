"""The control API and the live feed for programs with an event loop: the screens, and longer scripts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Self, TypeVar

import aiohttp
import msgspec

from relay import wire
from relay.api.feed import FeedItem
from relay.api.operation import Operation
from relay.errors import AnswerUnreadable, RelayError, ServerUnreachable

R = TypeVar("R")

FEED_SILENCE_S = 15.0
"""The server sends something at least every five seconds; three missed beats are a dead connection."""
RECONNECT_DELAYS_S = (0.1, 0.2, 0.5, 1.0, 2.0)
"""Between attempts to get the feed back; the last one repeats."""
FEED_LINE_MAX = 1 << 22


class ControlClient:
    """Operations and feed of one server. Use it as an async context manager, or `close` it."""

    def __init__(self, url: str, token: str, *, timeout_s: float = 120.0) -> None:
        self.url = url.rstrip("/")
        self._token = token
        self._timeout_s = timeout_s
        self._opened: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        if self._opened is not None:
            await self._opened.close()
            self._opened = None

    async def call(self, operation: Operation[R]) -> R:
        """Send one operation. Raises `ServerUnreachable`, `OperationRefused` or `AnswerUnreadable`."""
        try:
            async with self._session().post(
                self.url + wire.path_of(operation),
                data=wire.body_of(operation),
                timeout=aiohttp.ClientTimeout(total=self._timeout_s),
            ) as response:
                body = await response.read()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise ServerUnreachable(self.url, str(error) or type(error).__name__) from error
        return wire.read_answer(operation, self.url, response.status, body)

    async def feed(
        self, *, after: str | None = None, on_lost: Callable[[RelayError], None] | None = None
    ) -> AsyncIterator[FeedItem]:
        """Follow the live feed for ever, from `after` ("EPOCH:SEQ" of the last item known), reconnecting by itself.

        Each connection begins with a `hello`: `resumed` true means that nothing was missed, false that everything
        shown has to be loaded anew. `on_lost` is told why whenever the connection broke or could not be made.
        Raises `OperationRefused` when the server does not accept the token.
        """
        failures = 0
        while True:
            try:
                async for item in self._connection(after):
                    failures = 0
                    after = f"{item.epoch}:{item.seq}"
                    yield item
                raise ServerUnreachable(self.url, "the server ended the feed")
            except (ServerUnreachable, AnswerUnreadable) as error:
                if on_lost is not None:
                    on_lost(error)
            await asyncio.sleep(RECONNECT_DELAYS_S[min(failures, len(RECONNECT_DELAYS_S) - 1)])
            failures += 1

    async def _connection(self, after: str | None) -> AsyncIterator[FeedItem]:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=5.0, sock_read=FEED_SILENCE_S)
        try:
            async with self._session().get(
                self.url + wire.FEED_PATH, params={"after": after} if after else None, timeout=timeout
            ) as response:
                if response.status != 200:
                    raise wire.refusal(self.url, response.status, await response.read())
                async for line in response.content:
                    yield _item(self.url, line)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise ServerUnreachable(self.url, str(error) or type(error).__name__) from error

    def _session(self) -> aiohttp.ClientSession:
        # Made on first use: aiohttp wants a running loop, and a client may be built before there is one.
        if self._opened is None:
            self._opened = aiohttp.ClientSession(headers=wire.headers(self._token), read_bufsize=FEED_LINE_MAX)
        return self._opened


_decode_item = msgspec.json.Decoder(FeedItem).decode


def _item(url: str, line: bytes) -> FeedItem:
    try:
        return _decode_item(line)
    except msgspec.DecodeError as error:
        raise AnswerUnreadable(url, 200, str(error)) from error
