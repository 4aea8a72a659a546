"""The composition root of the server process: settings in, a running relay with billing and sandbox out."""

from __future__ import annotations

import errno
import os
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from billing.clock import Clock, RandomIds, SystemClock
from billing.db import Database
from billing.errors import SchemaError
from billing.schema import prepare
from billing.services.auto_topup import AutoTopupService
from billing.services.call_refund import CallRefundService
from billing.services.prepaid import PrepaidBillingService
from billing.services.topup import StripeTopupService
from billing.stripe_gateway import StripeGateway
from billing.worker import Worker
from devconsole import __version__
from devconsole.endpoint import ensure_endpoint
from devconsole.format import rfc3339
from devconsole.listen import ListenState, StripeListen, find_stripe_cli
from devconsole.output import Failure
from devconsole.samples import seed_companies
from devconsole.settings import Settings
from fixtures.cards import CARDS
from fixtures.companies import SAMPLE_COMPANIES
from fixtures.events import catalog
from fixtures.sandbox.server import Sandbox
from relay.app import create_app
from relay.backend import Backend
from relay.forward import Forwarder
from relay.home import Home, ServerRecord
from relay.secrets import ENDPOINT, SANDBOX, STRIPE_CLI, SecretRing
from relay.test_mode import TestMode
from relay.wire import WEBHOOK_PATH

HOST = "127.0.0.1"
STRIPE_API = "https://api.stripe.com"
STRIPE_DATABASE = "billing-stripe.db"
BACKLOG = 1024
"""Connections that wait while the relay is not ready yet, or has its hands full."""
SHUTDOWN_S = 2.0
"""For requests that are under way when the server ends."""
DEAF = "no STRIPE_WEBHOOK_SECRET is set, so no event of Stripe's can be verified; set it, or start with --listen"


@dataclass(frozen=True)
class Running:
    """A server that answers."""

    backend: Backend
    record: ServerRecord


@asynccontextmanager
async def running(settings: Settings, home: Home) -> AsyncIterator[Running]:
    """Start everything in the order in which it is needed, stop it in the reverse. Raises `Failure`."""
    clock = SystemClock()
    listener_binary = find_stripe_cli() if settings.devconsole_listen else None
    async with AsyncExitStack() as stack:
        relay_socket = _bind(settings.devconsole_port, "--port")
        stack.callback(relay_socket.close)
        database = _database(settings, home)
        is_first = _prepare(database, clock)
        db = Database(database)
        stack.push_async_callback(db.close)
        sandbox = await _start_sandbox(settings, home) if settings.uses_sandbox else None
        if sandbox is not None:
            stack.push_async_callback(sandbox.stop)
        backend = _backend(settings, home, db=db, clock=clock, sandbox=sandbox, relay_socket=relay_socket)
        stack.push_async_callback(backend.gateway.close)
        await _serve(stack, backend, relay_socket)
        await _know_senders(settings, home, backend, sandbox)
        if listener_binary is not None:
            listener = _listener(settings, backend, listener_binary)
            listener.start()
            stack.push_async_callback(listener.stop)
        for target in settings.devconsole_forward_to:
            forwarder = Forwarder(target, db=db, commits=backend.commits, upstreams=backend.upstreams)
            forwarder.start()
            stack.push_async_callback(forwarder.stop)
        if is_first:
            backend.test_mode.switch(on=settings.stripe_test_mode)
            wants_samples = sandbox is not None and settings.devconsole_samples
            await seed_companies(backend, samples=SAMPLE_COMPANIES if wants_samples else ())
        record = _record(backend)
        home.write_server(record)
        stack.callback(home.remove_server)
        yield Running(backend, record)


def _database(settings: Settings, home: Home) -> Path:
    """Customers and payments of the sandbox mean nothing to another Stripe, so that one has a file of its own."""
    elsewhere = settings.stripe_secret is not None or settings.devconsole_stripe_api is not None
    return home.path / STRIPE_DATABASE if elsewhere else home.billing_db


def _prepare(database: Path, clock: Clock) -> bool:
    """Bring the database to this version's schema. True when it is a new one."""
    try:
        return prepare(database, now=clock.now()).is_new
    except SchemaError as error:
        raise Failure(error.message, remedy=error.remedy, code=error.code) from error


async def _start_sandbox(settings: Settings, home: Home) -> Sandbox:
    port = settings.devconsole_sandbox_port
    try:
        return await Sandbox.start(path=home.sandbox_db, host=HOST, port=port)
    except OSError as error:
        raise _port_refused(port, "--sandbox-port", error) from error


def _backend(
    settings: Settings,
    home: Home,
    *,
    db: Database,
    clock: Clock,
    sandbox: Sandbox | None,
    relay_socket: socket.socket,
) -> Backend:
    test_mode = TestMode(
        home.test_mode_lock,
        clock=clock,
        tool_version=__version__,
        key_problem=settings.test_mode_problem,
    )
    stripe_api = settings.devconsole_stripe_api or (sandbox.url if sandbox is not None else STRIPE_API)
    gateway = StripeGateway(settings.api_key, stripe_api)
    ids, policy = RandomIds(), settings.policy()
    topups = StripeTopupService(db=db, gateway=gateway, clock=clock, ids=ids, policy=policy, guard=test_mode)
    auto_topups = AutoTopupService(db=db, gateway=gateway, clock=clock, ids=ids, policy=policy, guard=test_mode)
    prepaid = PrepaidBillingService(db=db, clock=clock, ids=ids, policy=policy, guard=test_mode)
    call_refunds = CallRefundService(db=db, clock=clock, policy=policy, guard=test_mode)
    worker = Worker(
        db=db, clock=clock, topups=topups, auto_topups=auto_topups, prepaid=prepaid, policy=policy, guard=test_mode
    )
    relay_url = _url(relay_socket)
    return Backend(
        home=home.path,
        version=__version__,
        mode="sandbox" if sandbox is not None else "stripe_test",
        stripe_api=stripe_api,
        sandbox_url=sandbox.url if sandbox is not None else None,
        relay_url=relay_url,
        webhook_url=relay_url + WEBHOOK_PATH,
        started_at=clock.now(),
        db=db,
        clock=clock,
        ids=ids,
        policy=policy,
        gateway=gateway,
        topups=topups,
        auto_topups=auto_topups,
        prepaid=prepaid,
        call_refunds=call_refunds,
        worker=worker,
        test_mode=test_mode,
        secrets=SecretRing(local=home.local_secret()),
        token=home.token(),
        cards={card.name: card for card in CARDS},
        templates=Templates(),
    )


async def _serve(stack: AsyncExitStack, backend: Backend, relay_socket: socket.socket) -> None:
    """Answer on the relay's port until the stack unwinds. Our journal is the access log; aiohttp's halves the speed."""
    runner = web.AppRunner(create_app(backend), access_log=None, handle_signals=False, shutdown_timeout=SHUTDOWN_S)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.SockSite(runner, relay_socket, backlog=BACKLOG).start()


async def _know_senders(settings: Settings, home: Home, backend: Backend, sandbox: Sandbox | None) -> None:
    """Learn the signing secrets of whoever delivers events, and say who is expected to."""
    ring, upstreams = backend.secrets, backend.upstreams
    if settings.webhook_secret is not None:
        ring.put(ENDPOINT, settings.webhook_secret)
    if sandbox is not None:
        secret = await ensure_endpoint(
            home, api_key=settings.api_key, api_base=sandbox.url, webhook_url=backend.webhook_url
        )
        ring.put(SANDBOX, secret)
        ring.put(STRIPE_CLI, sandbox.cli_secret)
        upstreams.report(SANDBOX, state="connected", detail="delivers each event to the webhook")
    elif settings.webhook_secret is not None:
        upstreams.report(ENDPOINT, state="silent", detail="waits for events signed with STRIPE_WEBHOOK_SECRET")
    elif not settings.devconsole_listen:
        upstreams.report(ENDPOINT, state="off", detail=DEAF)


def _listener(settings: Settings, backend: Backend, binary: Path) -> StripeListen:
    def changed(state: ListenState) -> None:
        backend.upstreams.report(STRIPE_CLI, state=state.state, detail=state.detail)

    return StripeListen(
        binary=binary,
        api_key=settings.api_key,
        forward_to=backend.webhook_url,
        stripe_api=backend.stripe_api,
        on_secret=lambda secret: backend.secrets.put(STRIPE_CLI, secret),
        on_change=changed,
    )


def _record(backend: Backend) -> ServerRecord:
    return ServerRecord(
        pid=os.getpid(),
        relay_url=backend.relay_url,
        webhook_url=backend.webhook_url,
        sandbox_url=backend.sandbox_url,
        stripe_api=backend.stripe_api,
        mode=backend.mode,
        version=backend.version,
        started_at=rfc3339(backend.started_at),
    )


class Templates:
    """The event templates of `fixtures`, as the relay asks for them."""

    def types(self) -> Sequence[str]:
        return catalog.EVENT_TYPES

    def build(
        self,
        event_type: str,
        *,
        event_id: str,
        created: int,
        amount_cents: int | None = None,
        overrides: Mapping[str, object] | None = None,
    ) -> bytes:
        return catalog.build(
            event_type, event_id=event_id, created=created, amount_cents=amount_cents, overrides=overrides
        )


def _bind(port: int, option: str) -> socket.socket:
    """A socket that takes connections from now on; they wait until the relay is ready. Raises `Failure`."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if sys.platform != "win32":
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((HOST, port))
        bound.listen(BACKLOG)
    except OSError as error:
        bound.close()
        raise _port_refused(port, option, error) from error
    bound.setblocking(False)
    return bound


def _port_refused(port: int, option: str, error: OSError) -> Failure:
    why = "in use" if error.errno == errno.EADDRINUSE else f"not to be had ({error.strerror or error})"
    return Failure(
        f"port {port} is {why}",
        remedy=f"Choose another with {option} N (0 = any free one), or end the program that uses it.",
        code="port_in_use",
    )


def _url(bound: socket.socket) -> str:
    host, port = bound.getsockname()
    return f"http://{host}:{port}"
