"""The routes, and what runs beside them from start to stop."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import msgspec
from aiohttp import web

from relay import pages, wire
from relay.backend import Backend
from relay.control import BODY_MAX, call_operation, list_operations, openapi_document
from relay.doors import Doorkeeper, loopback_only
from relay.feed_stream import feed_stream
from relay.lifecycle import running
from relay.receive import only_post, webhook

BACKEND: web.AppKey[Backend] = web.AppKey("backend", Backend)


def create_app(backend: Backend) -> web.Application:
    """Routes over `backend`. Starting the application starts its worker, feed and watchers; stopping stops them."""
    app = web.Application(client_max_size=BODY_MAX)
    app[BACKEND] = backend
    app.router.add_post(wire.WEBHOOK_PATH, webhook(backend))
    app.router.add_route("*", wire.WEBHOOK_PATH, only_post)
    app.router.add_get(wire.HEALTH_PATH, loopback_only(_health))
    guarded = Doorkeeper(backend.tokens).with_token
    app.router.add_get(wire.CONTROL_PATH, guarded(list_operations))
    app.router.add_post(wire.CONTROL_PATH + "/{name}", guarded(call_operation(backend)))
    app.router.add_get(wire.FEED_PATH, guarded(feed_stream(backend)))
    app.router.add_get(wire.OPENAPI_PATH, guarded(openapi_document(backend.version)))
    app.router.add_get(pages.PAID_PATH, loopback_only(pages.paid))
    app.router.add_get(pages.CANCELLED_PATH, loopback_only(pages.cancelled))
    app.router.add_get("/", loopback_only(pages.pointer))
    app.cleanup_ctx.append(_running)
    app.on_shutdown.append(_end_streams)
    return app


async def _health(_request: web.Request) -> web.StreamResponse:
    body = msgspec.json.encode({"ready": True, "pid": os.getpid()})
    return web.Response(body=body, content_type="application/json")


async def _running(app: web.Application) -> AsyncIterator[None]:
    async with running(app[BACKEND]):
        yield


async def _end_streams(app: web.Application) -> None:
    # Feed streams never end by themselves; the server would wait for them.
    app[BACKEND].feed.end_streams()
