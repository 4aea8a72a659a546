"""Forwarding to the user's own app: the bytes and the signature as they came, tried again, never in a circle."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from billing.signature import Secret, verify
from relay.api import ListDeliveries, ShowStatus
from relay.forward import Forwarder
from tests.support.events import event
from tests.support.relay import PATIENCE_S, SANDBOX_SECRET, RunningRelay, until


@dataclass
class App:
    """The user's app: answers with the statuses that it was given, then with 200."""

    statuses: Iterator[int]
    url: str = ""
    got: list[tuple[bytes, dict[str, str]]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.got.append((await request.read(), dict(request.headers)))
        return web.Response(status=next(self.statuses, 200))

    async def received(self, count: int) -> None:
        async def enough() -> bool:
            return len(self.got) >= count

        await until(enough)


@asynccontextmanager
async def running_app(statuses: Sequence[int] = ()) -> AsyncIterator[App]:
    app = App(iter(statuses))
    served = web.Application()
    served.router.add_post("/hook", app.take)
    runner = web.AppRunner(served, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    app.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield app
    finally:
        await runner.cleanup()


@asynccontextmanager
async def forwarding(relay: RunningRelay, target: str) -> AsyncIterator[None]:
    backend = relay.backend
    forwarder = Forwarder(target, db=backend.db, commits=backend.commits, upstreams=backend.upstreams)
    forwarder.start()
    await asyncio.sleep(0)
    try:
        yield
    finally:
        await forwarder.stop()


async def state_of(relay: RunningRelay) -> str:
    return (await relay.client.call(ShowStatus())).upstreams[0].state


def an_event() -> bytes:
    return event("customer.created", {"id": "cus_1", "object": "customer"})


async def test_the_app_gets_bytes_and_signature_as_they_came(relay: RunningRelay) -> None:
    bodies = [an_event() for _ in range(20)]
    async with running_app() as app, forwarding(relay, app.url):
        for body in bodies:
            await relay.deliver(body)
        await app.received(len(bodies))
        assert [body for body, _ in app.got] == bodies
        for body, headers in app.got:
            verdict = verify(
                body=body,
                header=headers["Stripe-Signature"],
                secrets=[Secret("sandbox", SANDBOX_SECRET)],
                now=relay.clock.now(),
            )
            assert verdict.ok
        assert await state_of(relay) == "connected"


async def test_what_was_rejected_is_not_passed_on(relay: RunningRelay) -> None:
    good = an_event()
    async with running_app() as app, forwarding(relay, app.url):
        await relay.deliver(an_event(), {})
        await relay.deliver(good)
        await app.received(1)
    assert [body for body, _ in app.got] == [good]


async def test_an_app_that_stumbles_is_asked_again_and_a_refusal_is_not(relay: RunningRelay) -> None:
    first, second = an_event(), an_event()
    async with running_app([500, 503, 200, 404]) as app, forwarding(relay, app.url):
        await relay.deliver(first)
        await relay.deliver(second)
        await app.received(4)
    assert [body for body, _ in app.got] == [first, first, first, second]


async def test_an_app_that_is_not_there_shows_in_the_status(relay: RunningRelay, unused_tcp_port: int) -> None:
    async with forwarding(relay, f"http://127.0.0.1:{unused_tcp_port}/hook"):
        assert (await relay.deliver(an_event())).status == 200

        async def down() -> bool:
            return await state_of(relay) == "down"

        await until(down)


async def test_a_target_that_leads_back_here_makes_no_circle(relay: RunningRelay) -> None:
    async with forwarding(relay, relay.backend.webhook_url), asyncio.timeout(PATIENCE_S):
        await relay.deliver(an_event())

        async def came_back() -> bool:
            return (await relay.client.call(ListDeliveries())).total >= 2

        await until(came_back)
        await relay.deliver(an_event())
        await until(lambda: _total_is(relay, 4))
    assert (await relay.client.call(ListDeliveries(verdict="duplicate"))).total == 2


async def _total_is(relay: RunningRelay, total: int) -> bool:
    return (await relay.client.call(ListDeliveries())).total == total
