"""The routes, and what runs beside them from start to stop."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import msgspec
from aiohttp import web

from relay import pages, wire
from relay.backend import Backend
from relay.control import BODY_MAX, call_operation, list_operations, openapi_document
from relay.doors import Doorkeeper, Handler, expected, loopback_only
from relay.feed_stream import feed_stream
from relay.lifecycle import running
from relay.receive import only_post, webhook

BACKEND: web.AppKey[Backend] = web.AppKey("backend", Backend)


def create_app(backend: Backend) -> web.Application:
    """Routes over `backend`. Starting the application starts its worker, feed and watchers; stopping stops them."""
    app = web.Application(client_max_size=BODY_MAX)
    app[BACKEND] = backend
    guarded = Doorkeeper(backend.tokens).with_token
    routes: tuple[tuple[str, str, Handler], ...] = (
        ("POST", wire.WEBHOOK_PATH, webhook(backend)),
        ("*", wire.WEBHOOK_PATH, only_post),
        ("GET", wire.HEALTH_PATH, loopback_only(_health)),
        ("GET", wire.CONTROL_PATH, guarded(list_operations)),
        ("POST", wire.CONTROL_PATH + "/{name}", guarded(call_operation(backend))),
        ("GET", wire.FEED_PATH, guarded(feed_stream(backend))),
        ("GET", wire.OPENAPI_PATH, guarded(openapi_document(backend.version))),
        ("GET", pages.PAID_PATH, loopback_only(pages.paid)),
        ("GET", pages.CANCELLED_PATH, loopback_only(pages.cancelled)),
        ("GET", "/", loopback_only(pages.pointer)),
        ("*", "/{rest:.*}", loopback_only(_nothing_here)),
    )
    for method, path, handler in routes:
        app.router.add_route(method, path, handler, expect_handler=expected)
    app.cleanup_ctx.append(_running)
    app.on_shutdown.append(_end_streams)
    return app


async def _health(_request: web.Request) -> web.StreamResponse:
    body = msgspec.json.encode({"ready": True, "pid": os.getpid()})
    return web.Response(body=body, content_type="application/json")


async def _nothing_here(_request: web.Request) -> web.StreamResponse:
    """Everything else, so that no answer is one of aiohttp's own."""
    return web.Response(status=404, text="404: there is nothing at this address\n")


async def _running(app: web.Application) -> AsyncIterator[None]:
    async with running(app[BACKEND]):
        yield


async def _end_streams(app: web.Application) -> None:
    # Feed streams never end by themselves; the server would wait for them.
    app[BACKEND].feed.end_streams()
