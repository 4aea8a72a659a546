"""The relay's port: how many may be connected at once, and how long one may keep a place without asking anything.

A connection that sends nothing, or a head byte by byte, costs a file descriptor and brings nothing. It is closed
after `IDLE_S`, counted from when it was made or last answered; what comes after the head has bounds of its own.
Beyond `CONNECTIONS_MAX` connections whoever comes is told to come back, so that files can still be opened.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, cast

from aiohttp import web

IDLE_S: Final = 30.0
"""Longer than clients keep a connection that they do not use: aiohttp's give it up after 15 s."""
CONNECTIONS_MAX: Final = 800
DESCRIPTORS_KEPT: Final = 200
"""For the database, logs, forwards and Stripe."""

_BUSY: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Type: application/json\r\n"
)
_WHY: Final = (
    b'{"received":false,"status":"rejected","code":"busy","reason":"too many connections are open",'
    b'"remedy":"Send it again, and close connections that are not used."}'
)


@asynccontextmanager
async def serving(
    app: web.Application,
    bound: socket.socket,
    *,
    backlog: int,
    shutdown_s: float,
    idle_s: float = IDLE_S,
    connections_max: int | None = None,
) -> AsyncIterator[None]:
    """Answer on this socket while the block runs. The journal is the access log: aiohttp's halves the speed."""
    runner = web.AppRunner(
        app, access_log=None, handle_signals=False, shutdown_timeout=shutdown_s, keepalive_timeout=idle_s
    )
    await runner.setup()
    try:
        most = connections_max if connections_max is not None else _affordable()
        await BoundedSite(runner, bound, backlog=backlog, connections_max=most).start()
        yield
    finally:
        await runner.cleanup()


class BoundedSite(web.BaseSite):
    """`aiohttp.web.SockSite` with a bound on the connections that are open at once."""

    def __init__(self, runner: web.AppRunner, bound: socket.socket, *, backlog: int, connections_max: int) -> None:
        super().__init__(runner, backlog=backlog)
        self._bound, self._connections_max = bound, connections_max

    @property
    def name(self) -> str:
        host, port = self._bound.getsockname()[:2]
        return f"http://{host}:{port}"

    async def start(self) -> None:
        await super().start()
        loop = asyncio.get_running_loop()
        server = self._runner.server
        assert server is not None, "the runner was set up"
        self._server = await loop.create_server(
            lambda: _Guest(server, self._connections_max), sock=self._bound, backlog=self._backlog
        )


class _Guest(asyncio.Protocol):
    """Whoever has just come: let in, or told to come back. Only here is known how many are in."""

    def __init__(self, server: web.Server, connections_max: int) -> None:
        self._server, self._connections_max = server, connections_max

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        writable = cast(asyncio.Transport, transport)  # uvloop's are no subclass of it
        if len(self._server.connections) < self._connections_max:
            handler = self._server()
            writable.set_protocol(handler)
            handler.connection_made(writable)
        else:
            writable.write(_BUSY + b"Content-Length: %d\r\n\r\n" % len(_WHY) + _WHY)
            writable.close()


def _affordable() -> int:
    """As many as the system lets this process have open, less what is needed for everything else."""
    if sys.platform == "win32":
        return CONNECTIONS_MAX
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return CONNECTIONS_MAX
    return max(32, min(CONNECTIONS_MAX, soft - DESCRIPTORS_KEPT))
