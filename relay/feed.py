"""The live feed: changes that were committed, in one order, numbered, for every client at once.

Commits announce ids. What was announced is collected for a moment, each row once, loaded as it is now, encoded once,
and the same bytes go to all clients. A client that cannot keep up is dropped and told to reload when it returns.
"""

from __future__ import annotations

import asyncio
import logging
import math
import secrets
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from billing.changes import Changes, Kind
from billing.clock import Clock
from relay.api.feed import FeedItem, FeedKind
from relay.api.operation import View
from relay.background import Background

log = logging.getLogger(__name__)

COLLECT_S = 0.015
"""How long changes gather before they are loaded: one query for many rows, and less than a frame of the console."""
RING_MAX = 10_000
"""Items kept for clients that come back."""
FLUSH_MAX = 2_000
"""Rows loaded and sent at once; the rest follows with the next flush."""
WAITING_MAX = 50_000
"""Distinct rows waiting to be loaded; beyond that everybody reloads instead."""
CLIENT_CHUNKS_MAX = 256
CLIENT_BYTES_MAX = 8 << 20
UNSEEN_S = 60.0
"""After so long without any client, changes are counted but no longer loaded: nobody is about to resume."""

Loaded = tuple[FeedKind, View]
Load = Callable[[Mapping[Kind, Sequence[int]]], Awaitable[Sequence[Loaded]]]

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Chunk:
    """Encoded lines, and the number of the last of them."""

    lines: bytes
    last_seq: int


@dataclass(eq=False)
class Subscription:
    """One client: `hello` first, then chunks until `None`, which means that it was dropped or the feed ended."""

    hello: bytes
    last_seq: int
    on_drop: Callable[[], None] | None = None
    _chunks: deque[Chunk] = field(default_factory=deque)
    _bytes: int = 0
    _ended: bool = False
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def next(self) -> bytes | None:
        while not self._chunks:
            if self._ended:
                return None
            self._news.clear()
            await self._news.wait()
        chunk = self._chunks.popleft()
        self._bytes -= len(chunk.lines)
        self.last_seq = chunk.last_seq
        return chunk.lines

    def offer(self, chunk: Chunk) -> bool:
        """Queue a chunk; False when the client is too far behind to be served any longer."""
        if len(self._chunks) >= CLIENT_CHUNKS_MAX or self._bytes + len(chunk.lines) > CLIENT_BYTES_MAX:
            return False
        self._chunks.append(chunk)
        self._bytes += len(chunk.lines)
        self._news.set()
        return True

    def end(self, *, dropped: bool) -> None:
        self._ended = True
        self._news.set()
        if dropped:
            self._chunks.clear()
            if self.on_drop is not None:
                self.on_drop()


class Feed:
    """Numbers and hands out changes. `changed` is the database's commit listener; `publish` is for everything else."""

    def __init__(self, *, load: Load, clock: Clock) -> None:
        self.epoch = secrets.token_hex(4)
        self.seq = 0
        self._load = load
        self._clock = clock
        self._waiting: dict[tuple[Kind, int], None] = {}
        self._ring: deque[tuple[int, bytes]] = deque(maxlen=RING_MAX)
        self._clients: set[Subscription] = set()
        self._news = asyncio.Event()
        self._background = Background("feed", self._run)
        self._unseen_since: float | None = -math.inf
        self._closed = False

    def start(self) -> None:
        self._background.start()

    async def stop(self) -> None:
        self.end_streams()
        await self._background.stop()

    def end_streams(self) -> None:
        """Tell every client that this is the end; no new ones are taken."""
        self._closed = True
        for client in self._clients:
            client.end(dropped=False)

    @property
    def clients(self) -> int:
        return len(self._clients)

    # In ----------------------------------------------------------------------------------------------------------

    def changed(self, changes: Changes) -> None:
        """Note what a commit touched."""
        for kind, ids in changes.items():
            self._waiting.update(((kind, row_id), None) for row_id in ids)
        self._news.set()

    def publish(self, items: Sequence[Loaded]) -> None:
        """Number, keep and send items that are loaded already."""
        if not items:
            return
        now = self._clock.now()
        lines = []
        for kind, view in items:
            self.seq += 1
            row = msgspec.Raw(_encode(view))
            line = _encode(FeedItem(kind=kind, seq=self.seq, epoch=self.epoch, at=now, row=row)) + b"\n"
            self._ring.append((self.seq, line))
            lines.append(line)
        self._send(Chunk(b"".join(lines), self.seq))

    # Out ---------------------------------------------------------------------------------------------------------

    def subscribe(self, after: str | None) -> Subscription:
        """A new client. `after` is the `EPOCH:SEQ` that it saw last; without one, or with one too old, it reloads."""
        missed = self._since(after)
        resumed = missed is not None
        start = self.seq if missed is None else _position(after)[1]
        client = Subscription(self._line(FeedKind.HELLO, start, resumed=resumed), start)
        if missed:
            client.offer(Chunk(b"".join(missed), self.seq))
        if self._closed:
            client.end(dropped=False)
        self._clients.add(client)
        self._unseen_since = None
        return client

    def unsubscribe(self, client: Subscription) -> None:
        self._clients.discard(client)
        if not self._clients:
            self._unseen_since = asyncio.get_running_loop().time()

    def drop_clients(self) -> None:
        """Cut every stream; clients come back and resume where they can."""
        for client in tuple(self._clients):
            self._clients.discard(client)
            client.end(dropped=True)

    def beat(self, client: Subscription) -> bytes:
        """A line that says that nothing happened."""
        return self._line(FeedKind.BEAT, client.last_seq)

    def _line(self, kind: FeedKind, seq: int, *, resumed: bool | None = None) -> bytes:
        item = FeedItem(kind=kind, seq=seq, epoch=self.epoch, at=self._clock.now(), resumed=resumed)
        return _encode(item) + b"\n"

    def _since(self, after: str | None) -> list[bytes] | None:
        """The lines after a position, or None when some of them are gone."""
        epoch, seq = _position(after)
        oldest_known = self._ring[0][0] - 1 if self._ring else self.seq
        if epoch != self.epoch or not oldest_known <= seq <= self.seq:
            return None
        return [line for number, line in self._ring if number > seq]

    def _send(self, chunk: Chunk) -> None:
        for client in tuple(self._clients):
            if not client.offer(chunk):
                self._clients.discard(client)
                client.end(dropped=True)

    # Between -----------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        while True:
            await self._news.wait()
            await asyncio.sleep(COLLECT_S)
            self._news.clear()
            try:
                await self._flush()
            except Exception:
                log.exception("feed_flush_failed")
                self._start_over()

    async def _flush(self) -> None:
        if self._is_unseen() or len(self._waiting) > WAITING_MAX:
            self._start_over()
            return
        taken = list(self._waiting)[:FLUSH_MAX]
        for key in taken:
            del self._waiting[key]
        if self._waiting:
            self._news.set()
        by_kind: dict[Kind, list[int]] = defaultdict(list)
        for kind, row_id in taken:
            by_kind[kind].append(row_id)
        self.publish(await self._load(by_kind))

    def _is_unseen(self) -> bool:
        """Before the first client, and a while after the last."""
        since = self._unseen_since
        return since is not None and asyncio.get_running_loop().time() - since > UNSEEN_S

    def _start_over(self) -> None:
        """Forget what waits and what could be resumed: whoever comes, and whoever is here, loads everything anew."""
        self._waiting.clear()
        self._ring.clear()
        self.seq += 1
        self.drop_clients()


def _position(after: str | None) -> tuple[str, int]:
    """`EPOCH:SEQ`, or a position that fits nothing."""
    epoch, _, seq = (after or "").partition(":")
    return (epoch, int(seq)) if seq.isascii() and seq.isdigit() and len(seq) < 19 else ("", -1)
