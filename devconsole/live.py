"""Keeps the store in step with the server: first load, live feed, reconnecting, and bursts that become one update."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from devconsole.folding import FirstLoad, Store
from devconsole.source import Source
from devconsole.store import RECENT, Connection, Update
from relay.api import (
    FeedItem,
    FeedKind,
    ListCalls,
    ListCompanies,
    ListDecisions,
    ListEvents,
    ListTopups,
    ShowStatus,
)
from relay.errors import RelayError

TICK_S = 1 / 30
"""Between two updates at least: what comes faster is folded into one."""
LOAD_AGAIN_S = 1.0
"""Between two attempts to load everything, where the first failed."""
BACKLOG_MAX = 20_000
"""Feed items that may wait for a tick; more than that is cheaper to load anew."""


class Follower:
    """Folds the feed into the store and tells `publish` of each change, at most every `TICK_S`."""

    def __init__(self, source: Source, store: Store, publish: Callable[[Update], None]) -> None:
        self._source, self._store, self._publish = source, store, publish
        self._waiting: list[FeedItem] = []
        self._tick: asyncio.TimerHandle | None = None
        self._flushed_at = 0.0
        self._load_again_at = 0.0
        self._missed = True
        """Something was, or may have been, missed: the next hello loads everything."""

    async def follow(self) -> None:
        """Run for ever. Raises `RelayError` when the server refuses this client for good, or cannot be started."""
        async for item in self._source.feed(on_lost=self._lost):
            if item.kind is FeedKind.HELLO:
                await self._hello(item)
            elif self._missed:
                await self._load_again()
            elif item.kind is not FeedKind.BEAT:
                await self._arrived(item)

    async def _hello(self, hello: FeedItem) -> None:
        if self._missed or not hello.resumed:
            await self._load()
        if not self._missed:
            self._publish(self._store.connected(Connection.LIVE))

    async def _load_again(self) -> None:
        """The load failed but the stream lives: try with what comes next, a beat at the latest."""
        loop = asyncio.get_running_loop()
        if loop.time() < self._load_again_at:
            return
        self._load_again_at = loop.time() + LOAD_AGAIN_S
        await self._load()
        if not self._missed:
            self._publish(self._store.connected(Connection.LIVE))

    async def _arrived(self, item: FeedItem) -> None:
        self._waiting.append(item)
        if len(self._waiting) > BACKLOG_MAX:
            await self._load()
        elif self._tick is None:
            # The first after a pause is shown at once, what follows it within the tick together.
            loop = asyncio.get_running_loop()
            self._tick = loop.call_later(max(0.0, self._flushed_at + TICK_S - loop.time()), self._flush)

    def _flush(self) -> None:
        self._tick = None
        self._flushed_at = asyncio.get_running_loop().time()
        waiting, self._waiting = self._waiting, []
        if waiting:
            self._publish(self._store.apply(waiting))

    def _lost(self, error: RelayError) -> None:  # noqa: ARG002 - the screen says that it is lost, the log why
        self._flush()
        self._publish(self._store.connected(Connection.RECONNECTING))

    async def _load(self) -> None:
        """Ask for everything that is shown."""
        self._waiting.clear()
        self._missed = True
        call = self._source.call
        try:
            status, companies, events, calls, topups, decisions = await asyncio.gather(
                call(ShowStatus()),
                call(ListCompanies()),
                call(ListEvents(limit=RECENT)),
                call(ListCalls(limit=RECENT)),
                call(ListTopups(limit=RECENT)),
                call(ListDecisions(limit=RECENT)),
            )
        except RelayError as error:
            self._lost(error)
            return
        self._missed = False
        first = FirstLoad(
            status=status,
            companies=companies.rows,
            events=events.rows,
            calls=calls.rows,
            topups=topups.rows,
            decisions=decisions.rows,
        )
        self._publish(self._store.load(first))
