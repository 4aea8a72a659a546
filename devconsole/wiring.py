"""The composition root of the server process: settings in, a running relay with billing and sandbox out."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from billing.clock import Clock, IdSource, RandomIds, SeededIds
from billing.db import Database
from billing.errors import SchemaError
from billing.locks import locks_named
from billing.schema import prepare
from billing.services.auto_topup import AutoTopupService
from billing.services.call_refund import CallRefundService
from billing.services.prepaid import PrepaidBillingService
from billing.services.reconciler import Reconciler
from billing.services.topup import StripeTopupService
from billing.worker import Worker
from devconsole import __version__
from devconsole.event_templates import Templates
from devconsole.fault_switch import SandboxFaults
from devconsole.format import rfc3339
from devconsole.listen import find_stripe_cli
from devconsole.output import Failure
from devconsole.parts import Parts
from devconsole.ports import BACKLOG, HOST, bind, port_refused, url_of
from devconsole.samples import seed_companies
from devconsole.sandbox_keeper import LocalSandbox
from devconsole.senders import account_of, events_watch, know_senders, listening
from devconsole.settings import RELAY_PORT, SANDBOX_PORT, Settings
from devconsole.virtual.time import BillingClock, SandboxClock
from devconsole.virtual.timekeeper import Timekeeper
from devconsole.virtual.world import World
from fixtures.cards import CARDS
from fixtures.sandbox.server import Sandbox
from fixtures.sandbox.store.engine import DISPUTE_FEE
from fixtures.sandbox.webhooks.dispatcher import RETRY_DELAYS_S
from relay.app import create_app
from relay.backend import Backend
from relay.home import Home, ServerRecord
from relay.secrets import SecretRing
from relay.serving import serving
from relay.test_mode import TestMode
from relay.wire import WEBHOOK_PATH

STRIPE_API = "https://api.stripe.com"
STRIPE_DATABASE = "billing-stripe.db"
SHUTDOWN_S = 2.0
"""For requests that are under way when the server ends."""


@dataclass(frozen=True)
class Running:
    """A server that answers."""

    backend: Backend
    record: ServerRecord


@asynccontextmanager
async def running(
    settings: Settings, home: Home, world: World | None = None, parts: Parts | None = None
) -> AsyncIterator[Running]:
    """Start everything in the order in which it is needed, stop it in the reverse. Raises `Failure`, `DatabaseLocked`.

    In a `world` time is virtual; it needs the sandbox, which shares it.
    """
    parts = parts or Parts()
    clock: Clock = parts.clock() if world is None else BillingClock(world.time)
    listener = find_stripe_cli() if settings.devconsole_listen else None
    async with AsyncExitStack() as stack:
        relay_socket = bind(settings.devconsole_port, "--port")
        stack.callback(relay_socket.close)
        test_mode = _test_mode(settings, home, clock)
        db = _open_database(settings, home, clock, world, parts)
        stack.push_async_callback(db.close)
        sandbox = None
        if settings.uses_sandbox:
            with locks_named(home.sandbox_db):
                sandbox = await _start_sandbox(settings, home, world)
        if sandbox is not None:
            stack.push_async_callback(sandbox.stop)
        backend = _backend(
            settings,
            home,
            db=db,
            clock=clock,
            sandbox=sandbox,
            test_mode=test_mode,
            relay_url=url_of(relay_socket),
            world=world,
            parts=parts,
        )
        stack.push_async_callback(backend.gateway.close)
        # Before anybody listens to the sandbox and before the worker runs: a first look shows companies, no noise.
        await seed_companies(backend, wants_samples=sandbox is not None and settings.devconsole_samples)
        if sandbox is not None:
            connect = partial(know_senders, settings, home, backend, sandbox)
            backend.sandbox = LocalSandbox(sandbox, home, backend.secrets, clock, connect)
        await know_senders(settings, home, backend, sandbox)  # or what the sandbox still owes us would be rejected
        if world is not None:
            assert sandbox is not None, "virtual time is shared with the sandbox"
            backend.timekeeper = _timekeeper(stack, backend, sandbox, world)
        watch = events_watch(settings, backend) if world is None else None
        if watch is not None:
            stack.push_async_callback(watch.stop)
            await watch.begin()
        await stack.enter_async_context(
            serving(create_app(backend), relay_socket, backlog=BACKLOG, shutdown_s=SHUTDOWN_S)
        )
        if listener is not None:
            await stack.enter_async_context(listening(settings, home, backend, listener, watch))
        if watch is not None:
            watch.start()
        await backend.forwarding.adopt(settings.devconsole_forward_to)
        if settings.devconsole_reload:
            backend.reloader.start()
            stack.push_async_callback(backend.reloader.stop)
        record = _record(backend)
        home.write_server(record)
        stack.callback(home.remove_server)
        yield Running(backend, record)


def _timekeeper(stack: AsyncExitStack, backend: Backend, sandbox: Sandbox, world: World) -> Timekeeper:
    timekeeper = Timekeeper(
        world.time,
        seed=world.seed,
        db=backend.db,
        sandbox=sandbox,
        worker=backend.worker,
        forwarding=backend.forwarding,
    )
    if world.by_itself:
        timekeeper.start()
        stack.push_async_callback(timekeeper.stop)
    return timekeeper


def _test_mode(settings: Settings, home: Home, clock: Clock) -> TestMode:
    """Test mode; the first start of a home switches it on, later ones leave it as it is."""
    mode = TestMode(home.test_mode_lock, clock=clock, tool_version=__version__, key_problem=settings.test_mode_problem)
    if settings.stripe_test_mode and not any(home.path.glob("billing*.db")):
        mode.switch(on=True)
    return mode


def _open_database(settings: Settings, home: Home, clock: Clock, world: World | None, parts: Parts) -> Database:
    """The database, in this version's schema. Raises `Failure`.

    Customers and payments of the sandbox mean nothing to another Stripe, so that one has a file of its own.
    """
    elsewhere = settings.stripe_secret is not None or settings.devconsole_stripe_api is not None
    path = home.path / STRIPE_DATABASE if elsewhere else home.billing_db
    if world is not None and world.empty_database is not None and not path.exists():
        shutil.copyfile(world.empty_database, path)
    try:
        prepare(path, now=clock.now())
    except SchemaError as error:
        raise Failure(error.message, remedy=error.remedy, code=error.code) from error
    return parts.database(path)


async def _start_sandbox(settings: Settings, home: Home, world: World | None) -> Sandbox:
    port = settings.devconsole_sandbox_port
    if world is not None and world.empty_sandbox is not None and not home.sandbox_db.exists():
        shutil.copyfile(world.empty_sandbox, home.sandbox_db)
    retries, fee = settings.devconsole_sandbox_retries, settings.devconsole_sandbox_dispute_fee
    start = partial(
        Sandbox.start,
        path=home.sandbox_db,
        host=HOST,
        port=port,
        retry_delays_s=RETRY_DELAYS_S if retries is None else retries,
        dispute_fee=DISPUTE_FEE if fee is None else fee,
    )
    try:
        if world is None:
            return await start()
        shown_url = f"http://{HOST}:{SANDBOX_PORT}" if world.shown_addresses else None
        return await start(clock=SandboxClock(world.time), seed=world.seed, by_hand=True, shown_url=shown_url)
    except OSError as error:
        raise port_refused(port, "--sandbox-port", error) from error


def _backend(
    settings: Settings,
    home: Home,
    *,
    db: Database,
    clock: Clock,
    sandbox: Sandbox | None,
    test_mode: TestMode,
    relay_url: str,
    world: World | None,
    parts: Parts,
) -> Backend:
    stripe_api = settings.devconsole_stripe_api or (sandbox.url if sandbox is not None else STRIPE_API)
    ids: IdSource = RandomIds() if world is None else SeededIds(f"{world.seed}/{world.starts}")
    gateway = parts.gateway(settings.api_key, stripe_api, ids=ids, sleep=None if world is None else _no_sleep)
    policy = settings.policy()
    topups = StripeTopupService(db=db, gateway=gateway, clock=clock, ids=ids, policy=policy, guard=test_mode)
    auto_topups = AutoTopupService(db=db, gateway=gateway, clock=clock, ids=ids, policy=policy, guard=test_mode)
    prepaid = PrepaidBillingService(db=db, clock=clock, ids=ids, policy=policy, guard=test_mode)
    call_refunds = CallRefundService(db=db, clock=clock, policy=policy, guard=test_mode)
    reconciler = Reconciler(db=db, records=gateway.records, clock=clock, policy=policy, guard=test_mode)
    worker = Worker(
        db=db,
        clock=clock,
        topups=topups,
        auto_topups=auto_topups,
        prepaid=prepaid,
        policy=policy,
        guard=test_mode,
        by_hand=world is not None,
        rules=parts.rules,
    )
    return Backend(
        home=home.path,
        version=__version__,
        mode="sandbox" if sandbox is not None else "stripe_test",
        stripe_api=stripe_api,
        stripe_account=account_of(settings, stripe_api),
        sandbox_url=sandbox.url if sandbox is not None else None,
        relay_url=relay_url,
        webhook_url=relay_url + WEBHOOK_PATH,
        shown_url=f"http://{HOST}:{RELAY_PORT}" if world is not None and world.shown_addresses else None,
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
        reconciler=reconciler,
        worker=worker,
        test_mode=test_mode,
        secrets=SecretRing(local=home.local_secret()),
        token=home.token(),
        cards={card.name: card for card in CARDS},
        templates=Templates(),
        faults=SandboxFaults(sandbox.faults) if sandbox is not None else None,
    )


async def _no_sleep(_seconds: float) -> None:
    """Between two tries of the SDK: its random pauses would be different each time."""


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
