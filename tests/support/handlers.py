"""Two webhook handlers as people write them: one by the book, one as it looks after an afternoon."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import stripe
from aiohttp import web

SECRET = "whsec_of_the_application_0123"


class GoodHandler:
    """Verifies the raw body with the official library, answers first, books each event id once."""

    def __init__(self) -> None:
        self.booked = 0
        self._seen: set[str] = set()

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        try:
            stripe.WebhookSignature.verify_header(
                body.decode(), request.headers.get("Stripe-Signature", ""), SECRET, tolerance=300
            )
        except (stripe.SignatureVerificationError, UnicodeDecodeError):
            return web.Response(status=400, text="bad signature")
        event: dict[str, Any] = json.loads(body)
        if event["id"] not in self._seen:
            self._seen.add(event["id"])
            if event["type"] == "payment_intent.succeeded":
                self.booked += 1
        return web.Response(text="ok")


class BadHandler:
    """Parses before it verifies, looks before it inserts, trips over what it does not know."""

    def __init__(self) -> None:
        self.booked = 0
        self._seen: set[str] = set()

    async def take(self, request: web.Request) -> web.Response:
        event: dict[str, Any] = await request.json()
        if "Stripe-Signature" not in request.headers:
            return web.Response(status=500, text="KeyError: 'Stripe-Signature'")
        if event["id"] in self._seen:
            return web.Response(status=409, text="duplicate")
        await asyncio.sleep(0.01)  # it asks its database
        kind = event["data"]["object"]["object"]
        if event["type"] == "charge.refunded":
            return web.Response(status=404, text="no such payment")
        if event["type"].split(".")[0] != kind.split(".")[0]:
            return web.Response(status=400, text="unknown type")
        self.booked += 1
        self._seen.add(event["id"])
        return web.Response(text="ok")


@asynccontextmanager
async def serving(handler: GoodHandler | BadHandler) -> AsyncIterator[str]:
    """The address of the application: its webhook is at `/hook`, what it has booked at `/booked`."""

    async def booked(_request: web.Request) -> web.Response:
        return web.Response(text=str(handler.booked))

    async def any_method(request: web.Request) -> web.Response:
        return await handler.take(request) if request.method == "POST" else web.Response(text="It works!")

    app = web.Application(client_max_size=1 << 20)
    if isinstance(handler, GoodHandler):
        app.router.add_post("/hook", handler.take)
    else:
        app.router.add_route("*", "/hook", any_method)
    app.router.add_get("/booked", booked)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
