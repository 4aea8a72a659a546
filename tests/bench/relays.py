"""Our webhook beside other relays and receivers: dj-stripe's endpoint, and what the official CLI forwards."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
from aiohttp import WSMsgType, web

from fixtures.events import catalog
from tests.bench import load, rivals
from tests.bench.figures import Goal, Series, ratio, report, series, void_note
from tests.bench.flood import Flood, flood
from tests.bench.processes import LOAD_CORE, SECRET, SERVER_CORE, noop_server, pin, server

ROUNDS = 5
OURS_PER_ROUND = 8_000
DJSTRIPE_PER_ROUND = 1_000
CLI_PER_ROUND = 6_000
DJSTRIPE = ("dj-stripe==2.10.3", "django==5.2.19", "stripe==16.1.0", "gunicorn==23.0.0")


def measure() -> None:
    """Each rival in turn with ours; one that is not here is said to be missing."""
    pin(0, LOAD_CORE)
    with server() as relay:
        try:
            _beside_djstripe(Flood(relay.port, "dj", OURS_PER_ROUND, 16))
        except rivals.NotInstalled as error:
            print(f"beside dj-stripe: not measured, {error}")
        if shutil.which("stripe") is None:
            print("beside the Stripe CLI: not measured, `stripe` is not on PATH (npm install @stripe/cli)")
        else:
            _beside_the_cli(Flood(relay.port, "cli", OURS_PER_ROUND, 64))


def _beside_djstripe(ours: Flood) -> None:
    mine, theirs = [], []
    with _djstripe() as rival:
        for number in range(ROUNDS + 1):
            pair = _round(ours, number), _round(rival, number)
            if number:
                mine.append(pair[0])
                theirs.append(pair[1])
    _report("dj-stripe's endpoint that only stores, 16 connections", series(mine), series(theirs), Goal(must=6, aim=12))


def _beside_the_cli(ours: Flood) -> None:
    mine, theirs = [], []
    with noop_server() as sink:
        for number in range(ROUNDS + 1):
            pair = _round(ours, number), asyncio.run(_forwarded(sink.port, CLI_PER_ROUND))
            if number:
                mine.append(pair[0])
                theirs.append(pair[1])
    name = "what the Stripe CLI forwards to a no-op handler, keeping nothing, 64 connections"
    _report(name, series(mine), series(theirs), Goal(must=2, aim=3))


def _report(rival: str, ours: Series, theirs: Series, goal: Goal) -> None:
    result = ratio(ours, theirs)
    report(
        f"durable acknowledged webhooks per second beside {rival}",
        f"{ours} /s",
        f"{theirs} /s",
        result.median,
        goal,
        note=f"  spread {result.spread:.0%}{void_note(theirs)}",
    )


def _round(what: Flood, number: int) -> float:
    return flood(replace(what, prefix=f"{what.prefix}{number:02d}"))


@contextlib.contextmanager
def _djstripe() -> Iterator[Flood]:
    python = rivals.python_with("djstripe", DJSTRIPE)
    with tempfile.TemporaryDirectory() as scratch:
        command = [str(python), str(Path(__file__).with_name("djstripe_site.py")), f"{scratch}/site.db", SECRET]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout
        pin(process.pid, SERVER_CORE)
        try:
            port, path = process.stdout.readline().split()
            yield Flood(int(port), "dj", DJSTRIPE_PER_ROUND, 16, path)
        finally:
            process.terminate()
            process.wait(20)


async def _forwarded(sink: int, count: int) -> float:
    """Events per second that `stripe listen` forwards to `sink`, handed to it as fast as it takes them."""
    times: asyncio.Future[float] = asyncio.get_running_loop().create_future()
    runner = web.AppRunner(_socket_app(count, times))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    environment = {**os.environ, "STRIPE_API_KEY": "sk_test_bench00000000", "STRIPE_CLI_TELEMETRY_OPTOUT": "1"}
    forward = f"http://127.0.0.1:{sink}/api/stripe/webhook"
    command = ("stripe", "listen", "--all-snapshot", "--skip-update", "--api-base", f"http://127.0.0.1:{port}")
    process = await asyncio.create_subprocess_exec(
        *command, "--forward-to", forward, env=environment,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(60):
            return count / await times
    finally:
        process.terminate()
        await process.wait()
        await runner.cleanup()


def _socket_app(count: int, times: asyncio.Future[float]) -> web.Application:
    """The least of Stripe's side that `stripe listen` needs: a session, and a socket with `count` events."""
    template = catalog.build("checkout.session.completed", event_id="evt_bench", created=1_793_000_000)

    async def session(request: web.Request) -> web.Response:
        address = f"ws://{request.host}/subscribe"
        return web.json_response(
            {"websocket_url": address, "websocket_id": "cliws_1", "secret": SECRET, "reconnect_delay": 86_400}
        )

    async def subscribe(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=("stripecli-devproxy-v1",), max_msg_size=1 << 24)
        await socket.prepare(request)
        messages = [_message(body) for body in load.event_bodies(template, count, prefix="cli")]
        start = time.perf_counter()
        sending = asyncio.create_task(_send_all(socket, messages))
        answered = 0
        async for incoming in socket:
            if incoming.type is not WSMsgType.TEXT or '"webhook_response"' not in incoming.data:
                continue
            answered += 1
            if answered == count and not times.done():
                times.set_result(time.perf_counter() - start)
        await sending
        return socket

    app = web.Application()
    app.router.add_post("/v1/stripecli/sessions", session)
    app.router.add_get("/subscribe", subscribe)
    return app


async def _send_all(socket: web.WebSocketResponse, messages: list[str]) -> None:
    for message in messages:
        await socket.send_str(message)


def _message(body: bytes) -> str:
    event = {
        "type": "webhook_event",
        "endpoint": {"api_version": None},
        "event_payload": body.decode(),
        "http_headers": {"Stripe-Signature": "t=1,v1=0", "Content-Type": "application/json; charset=utf-8"},
        "webhook_conversation_id": "wc_1",
        "webhook_id": "wh_1",
    }
    return msgspec.json.encode(event).decode()
