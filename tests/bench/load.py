"""A load generator that is not the bottleneck: raw HTTP/1.1 over asyncio, requests built beforehand."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from typing import Any

import msgspec

from billing.signature import sign

HEAD = (
    "POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
    "Stripe-Signature: {signature}\r\nContent-Length: {length}\r\n\r\n"
)


@dataclass
class Result:
    """What came back: seconds from first to last, status codes, and the latency of each answer."""

    duration_s: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    latencies_s: list[float] = field(default_factory=list)

    @property
    def ok_per_second(self) -> float:
        return self.statuses[200] / self.duration_s

    def percentile_ms(self, percent: float) -> float:
        ordered = sorted(self.latencies_s)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] * 1000


def signed_requests(
    *, bodies: Sequence[bytes], secret: str, port: int, path: str = "/api/stripe/webhook"
) -> list[bytes]:
    """Complete HTTP requests, signed now: use them within the tolerance of 300 s."""
    now = int(time.time())
    requests = []
    for body in bodies:
        head = HEAD.format(path=path, port=port, signature=sign(body, secret, now), length=len(body))
        requests.append(head.encode() + body)
    return requests


class _Connection(asyncio.Protocol):
    """One keep-alive connection that sends its next request when the answer to the last is complete."""

    def __init__(self, feed: Iterator[bytes], result: Result, done: asyncio.Future[None]) -> None:
        self._feed, self._result, self._done = feed, result, done
        self._buffer = b""
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport  # uvloop's is no `asyncio.Transport`
        self._send_next()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head_end = self._buffer.find(b"\r\n\r\n")
        if head_end < 0:
            return
        head = self._buffer[:head_end].lower()
        length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
        if len(self._buffer) < head_end + 4 + length:
            return
        self._result.statuses[int(self._buffer[9:12])] += 1
        self._result.latencies_s.append(time.perf_counter() - self._sent_at)
        self._buffer = b""
        self._send_next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(exc or ConnectionError("the server closed the connection"))

    def _send_next(self) -> None:
        request = next(self._feed, None)
        if request is None:
            if not self._done.done():
                self._done.set_result(None)
            self._transport.close()
            return
        self._sent_at = time.perf_counter()
        self._transport.write(request)


async def closed_loop(*, port: int, requests: Sequence[bytes], connections: int) -> Result:
    """As fast as the server answers: each connection sends the next request after its last answer."""
    loop = asyncio.get_running_loop()
    result, feed = Result(), iter(requests)
    futures = [loop.create_future() for _ in range(connections)]
    start = time.perf_counter()
    for future in futures:
        await loop.create_connection(lambda f=future: _Connection(feed, result, f), "127.0.0.1", port)
    await asyncio.gather(*futures)
    result.duration_s = time.perf_counter() - start
    return result


async def open_loop(*, port: int, requests: Sequence[bytes], per_second: int, connections: int = 32) -> Result:
    """At a fixed rate, whatever the server does: latency counts from the moment a request was due."""
    loop = asyncio.get_running_loop()
    result = Result()
    queue: asyncio.Queue[bytes | None] = asyncio.Queue()

    async def sender() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while (request := await queue.get()) is not None:
            sent = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            result.statuses[int(head[9:12])] += 1
            result.latencies_s.append(time.perf_counter() - sent)
        writer.close()

    senders = [asyncio.create_task(sender()) for _ in range(connections)]
    start = loop.time()
    for number, request in enumerate(requests):
        due = start + number / per_second
        if (wait := due - loop.time()) > 0:
            await asyncio.sleep(wait)
        queue.put_nowait(request)
    for _ in senders:
        queue.put_nowait(None)
    await asyncio.gather(*senders)
    result.duration_s = loop.time() - start
    return result


def event_bodies(template: bytes, count: int, *, prefix: str) -> list[bytes]:
    """`count` events like `template`, each with an id of its own, without indentation: about 2 KB."""
    event = msgspec.json.decode(template)
    bodies = []
    for number in range(count):
        event["id"] = f"evt_{prefix}{number:012d}"
        bodies.append(msgspec.json.encode(event))
    return bodies


def take(requests: Sequence[bytes], count: int) -> list[bytes]:
    """The first `count`, starting over where there are fewer."""
    return list(islice(cycle(requests), count))
