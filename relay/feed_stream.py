"""The live feed over HTTP: one JSON document a line, for as long as the client reads."""

from __future__ import annotations

import asyncio

from aiohttp import web

from relay.backend import Backend
from relay.doors import Handler, problem

BEAT_S = 5.0
CLIENTS_MAX = 64


def feed_stream(backend: Backend) -> Handler:
    """The handler of `GET /api/feed?after=EPOCH:SEQ`."""
    feed = backend.feed

    async def stream(request: web.Request) -> web.StreamResponse:
        if feed.clients >= CLIENTS_MAX:
            return problem(503, "too_many_clients", f"{CLIENTS_MAX} clients follow the feed already", "Close one.")
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson", "Cache-Control": "no-store"})
        await response.prepare(request)
        client = feed.subscribe(request.query.get("after"))
        # A client that does not read keeps `write` waiting for ever; only cutting the connection ends that.
        client.on_drop = lambda: request.transport.abort() if request.transport else None
        try:
            await response.write(client.hello)
            while True:
                try:
                    async with asyncio.timeout(BEAT_S):
                        lines = await client.next()
                except TimeoutError:
                    lines = feed.beat(client)
                if lines is None:
                    return response
                await response.write(lines)
        except ConnectionError:
            return response
        finally:
            feed.unsubscribe(client)

    return stream
