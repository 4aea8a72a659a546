"""Connections that ask nothing: closed after a while, bounded in number, and never in the way of one that works."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
import uvloop
from aiohttp import web

from devconsole.ports import bind, url_of
from relay.serving import serving
from relay.wire import WEBHOOK_PATH
from tests.support.events import event
from tests.support.relay import RunningRelay, running_relay

IDLE_S = 0.3
LONG_S = 10.0
"""Much more than it takes, much less than anybody would wait for a connection that hangs."""
CUSTOMER = {"id": "cus_1", "object": "customer"}

Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter


async def connected(url: str) -> tuple[Reader, Writer]:
    host, port = url.removeprefix("http://").split(":")
    return await asyncio.open_connection(host, int(port))


async def closed_by_server(reader: Reader) -> bytes:
    """What still came before the server closed the connection."""
    async with asyncio.timeout(LONG_S):
        return await reader.read()


@pytest.fixture
async def impatient(empty_database: Path, tmp_path: Path) -> AsyncIterator[RunningRelay]:
    async with running_relay(empty_database, tmp_path / "home", idle_s=IDLE_S) as running:
        yield running


async def test_a_connection_that_sends_nothing_is_closed(impatient: RunningRelay) -> None:
    reader, writer = await connected(impatient.url)
    assert await closed_by_server(reader) == b""
    writer.close()


async def test_a_head_that_comes_byte_by_byte_is_not_waited_for(impatient: RunningRelay) -> None:
    reader, writer = await connected(impatient.url)
    closing = asyncio.ensure_future(closed_by_server(reader))
    for byte in f"POST {WEBHOOK_PATH} HTTP/1.1\r\nHost: x\r\nX-Slow: {'z' * 4_000}".encode():
        writer.write(bytes([byte]))
        done, _ = await asyncio.wait({closing}, timeout=IDLE_S / 10)
        if done:
            break
    assert closing.done(), "each byte must not buy more time"
    assert await closing == b""
    writer.close()


async def test_a_connection_that_is_used_stays_open(impatient: RunningRelay) -> None:
    body = event("customer.created", CUSTOMER)
    head = "".join(f"{name}: {value}\r\n" for name, value in impatient.signed(body).items())
    request = f"POST {WEBHOOK_PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n{head}\r\n".encode() + body
    reader, writer = await connected(impatient.url)
    loop = asyncio.get_running_loop()
    until = loop.time() + 3 * IDLE_S
    answered = 0
    while loop.time() < until:
        writer.write(request)
        assert b" 200 " in await reader.readline()
        length = 0
        while (line := await reader.readline()).strip():
            length = int(line.split(b":")[1]) if line.lower().startswith(b"content-length") else length
        await reader.readexactly(length)
        answered += 1
    assert answered > 3
    writer.close()


@asynccontextmanager
async def served(
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]], *, connections_max: int | None = None
) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_get("/", handler)
    with bind(0, "--port") as bound:
        async with serving(app, bound, backlog=16, shutdown_s=1.0, idle_s=IDLE_S, connections_max=connections_max):
            yield url_of(bound)


async def test_an_answer_that_takes_longer_than_an_idle_connection_lives_is_waited_for() -> None:
    idle_ended = asyncio.Event()

    async def slow(_request: web.Request) -> web.StreamResponse:
        await idle_ended.wait()
        return web.Response(text="done")

    async with served(slow) as url, aiohttp.ClientSession() as http:
        answer = asyncio.ensure_future(http.get(url))
        reader, writer = await connected(url)
        await closed_by_server(reader)
        writer.close()
        idle_ended.set()
        response = await answer
        assert await response.text() == "done"


@pytest.mark.parametrize("loop_factory", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_beyond_the_bound_whoever_comes_is_told_to_come_back_and_later_may(
    loop_factory: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    """On both event loops that the server may run on: their transports are not alike."""
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(beyond_the_bound())


async def beyond_the_bound() -> None:
    async def hello(_request: web.Request) -> web.StreamResponse:
        return web.Response(text="hello")

    async with served(hello, connections_max=2) as url, aiohttp.ClientSession() as http:
        host, port = url.removeprefix("http://").split(":")
        idle = [socket.create_connection((host, int(port))) for _ in range(2)]
        async with http.get(url) as response:
            assert (response.status, response.headers["Retry-After"]) == (503, "1")
            assert (await response.json())["code"] == "busy"
        async with asyncio.timeout(LONG_S):
            while True:  # the two that ask nothing are closed, and make room
                async with http.get(url) as response:
                    if response.status == 200:
                        break
        for one in idle:
            one.close()
