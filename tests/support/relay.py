"""A running relay over a fresh home: real HTTP on a free port, real SQLite, real signatures, a still clock."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from sqlmodel import Session

from billing.clock import Clock, CountedIds, ManualClock
from billing.db import Database
from billing.locks import LOCK_PATIENCE_S
from billing.models import Topup
from billing.policy import Policy
from billing.services.auto_topup import AutoTopupService
from billing.services.call_refund import CallRefundService
from billing.services.prepaid import PrepaidBillingService
from billing.services.reconciler import Reconciler
from billing.services.topup import StripeTopupService
from billing.signature import sign
from billing.stripe_gateway import StripeGateway
from billing.worker import Worker
from devconsole.event_templates import Templates
from devconsole.ports import BACKLOG, bind, url_of
from fixtures.cards import CARDS
from relay.app import create_app
from relay.backend import Backend
from relay.client import ControlClient
from relay.home import Home
from relay.secrets import SANDBOX, SecretRing
from relay.serving import IDLE_S, serving
from relay.test_mode import TestMode
from relay.wire import WEBHOOK_PATH
from tests.support.billing import add_company

SANDBOX_SECRET = "whsec_sandbox_0123456789abcdef"
NO_STRIPE = "http://127.0.0.1:9"
"""Nobody listens on the discard port: Stripe is out of reach."""
PATIENCE_S = 10.0
"""How long a test waits for something that normally takes milliseconds."""


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Return when the condition holds; it is asked again after each short pause."""
    async with asyncio.timeout(PATIENCE_S):
        while not await condition():
            await asyncio.sleep(0.01)


class Gate:
    """Holds the one writer until it is opened, as a slow disk does."""

    def __init__(self, database: Database) -> None:
        self._open = threading.Event()
        self._entered = threading.Event()
        self._hold = asyncio.ensure_future(database.write(self._wait))

    def _wait(self, _session: Session) -> None:
        self._entered.set()
        assert self._open.wait(10)

    async def closed(self) -> None:
        await asyncio.to_thread(self._entered.wait, 5)

    async def open(self) -> None:
        self._open.set()
        await self._hold


@dataclass(frozen=True)
class Answer:
    """What the webhook answered."""

    status: int
    json: dict[str, Any]
    headers: Mapping[str, str]


@dataclass
class RunningRelay:
    """The relay, its parts, and a client of each of its doors."""

    backend: Backend
    url: str
    client: ControlClient
    http: aiohttp.ClientSession

    @property
    def clock(self) -> ManualClock:
        assert isinstance(self.backend.clock, ManualClock)
        return self.backend.clock

    def signed(self, body: bytes, *, secret: str = SANDBOX_SECRET, age_s: int = 0) -> dict[str, str]:
        """The headers of a delivery that was signed `age_s` seconds ago."""
        timestamp = int(self.backend.clock.now().timestamp()) - age_s
        return {"Stripe-Signature": sign(body, secret, timestamp), "Content-Type": "application/json"}

    async def deliver(self, body: bytes, headers: Mapping[str, str] | None = None) -> Answer:
        """Post to the webhook, by default correctly signed by the sandbox."""
        async with self.http.post(
            self.backend.webhook_url, data=body, headers=headers if headers is not None else self.signed(body)
        ) as response:
            return Answer(response.status, await response.json(), response.headers)

    async def processed(self) -> None:
        """Wait until nothing is due and nothing runs."""
        async with asyncio.timeout(PATIENCE_S):
            await self.backend.worker.idle()

    async def company(self, slug: str = "acme", *, balance_cents: int = 0) -> int:
        now = self.backend.clock.now()
        return await self.backend.db.write(
            lambda session: add_company(session, now=now, slug=slug, balance_cents=balance_cents)
        )

    async def open_topup(self, company_id: int, *, amount_cents: int = 5_000) -> int:
        """A top-up that waits for its payment, as a Checkout leaves it."""
        now = self.backend.clock.now()

        def insert(session: Any) -> int:
            topup = Topup(
                company_id=company_id,
                amount_cents=amount_cents,
                idempotency_key=f"test:{company_id}:{amount_cents}:{self.backend.ids.new('')}",
                created_at=now,
                updated_at=now,
            )
            session.add(topup)
            session.flush()
            assert topup.id is not None
            return topup.id

        return await self.backend.db.write(insert)


@asynccontextmanager
async def running_relay(
    database: Path,
    home: Path,
    *,
    stripe_api: str = NO_STRIPE,
    clock: Clock | None = None,
    idle_s: float = IDLE_S,
    lock_patience_s: float = LOCK_PATIENCE_S,
) -> AsyncIterator[RunningRelay]:
    """Serve on a copy of the prepared `database`, with test mode on; ends in order."""
    place = Home(home)
    place.create()
    if not place.billing_db.exists():
        shutil.copy(database, place.billing_db)
    db = Database(place.billing_db, patience_s=lock_patience_s)
    backend = build_backend(place, db, clock or ManualClock(), stripe_api=stripe_api)
    backend.test_mode.switch(on=True)
    try:
        with bind(0, "--port") as bound:
            backend.relay_url = url_of(bound)
            backend.webhook_url = backend.relay_url + WEBHOOK_PATH
            async with (
                serving(create_app(backend), bound, backlog=BACKLOG, shutdown_s=1.0, idle_s=idle_s),
                ControlClient(backend.relay_url, backend.token) as client,
                aiohttp.ClientSession() as http,
            ):
                yield RunningRelay(backend, backend.relay_url, client, http)
    finally:
        await backend.gateway.close()
        await db.close()


def build_backend(home: Home, db: Database, clock: Clock, *, stripe_api: str) -> Backend:
    """A backend as the server builds it, with counted ids."""
    ids, policy = CountedIds(), Policy()
    guard = TestMode(home.test_mode_lock, clock=clock, tool_version="1.2.3")
    gateway = StripeGateway("sk_test_0123456789", stripe_api)
    topups = StripeTopupService(db=db, gateway=gateway, clock=clock, ids=ids, policy=policy, guard=guard)
    auto_topups = AutoTopupService(db=db, gateway=gateway, clock=clock, ids=ids, policy=policy, guard=guard)
    prepaid = PrepaidBillingService(db=db, clock=clock, ids=ids, policy=policy, guard=guard)
    secrets = SecretRing(local=home.local_secret())
    secrets.put(SANDBOX, SANDBOX_SECRET)
    return Backend(
        home=home.path,
        version="1.2.3",
        mode="sandbox",
        stripe_api=stripe_api,
        sandbox_url=None,
        started_at=clock.now(),
        db=db,
        clock=clock,
        ids=ids,
        policy=policy,
        gateway=gateway,
        topups=topups,
        auto_topups=auto_topups,
        prepaid=prepaid,
        call_refunds=CallRefundService(db=db, clock=clock, policy=policy, guard=guard),
        reconciler=Reconciler(db=db, records=gateway.records, clock=clock, policy=policy, guard=guard),
        worker=Worker(
            db=db,
            clock=clock,
            topups=topups,
            auto_topups=auto_topups,
            prepaid=prepaid,
            policy=policy,
            guard=guard,
        ),
        test_mode=guard,
        secrets=secrets,
        token=home.token(),
        cards={card.name: card for card in CARDS},
        templates=Templates(),
    )
