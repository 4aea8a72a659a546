"""The engine wired to the offline Stripe over HTTP: the real SDK one way, signed webhooks the other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import stripe
from aiohttp import ClientSession, web

from billing import inbox
from billing.clock import Clock, RandomIds
from billing.db import Database
from billing.guard import AlwaysOn
from billing.inbox import Arrival, EventHead, read_head
from billing.policy import Policy
from billing.services.auto_topup import AutoTopupService
from billing.services.prepaid import PrepaidBillingService
from billing.services.topup import StripeTopupService
from billing.signature import Secret, verify
from billing.stripe_gateway import StripeGateway
from billing.worker import Worker
from fixtures.sandbox.server import Sandbox

KEY = "sk_test_billing_and_sandbox"


@dataclass
class SandboxBilling:
    """One engine on one sandbox."""

    db: Database
    sandbox: Sandbox
    gateway: StripeGateway
    topups: StripeTopupService
    auto_topups: AutoTopupService
    prepaid: PrepaidBillingService
    worker: Worker
    stripe: Any
    """An SDK client of the test's own, to do what people do at Stripe."""

    async def settled(self) -> None:
        """Until everything that the sandbox owes is delivered, and everything delivered is processed."""
        await self.sandbox.settled()
        await self.worker.idle()
        await self.sandbox.settled()
        await self.worker.idle()

    async def pay_page(self, session_id: str, *, card: str) -> int:
        """Pay a Checkout page with a test card; returns the HTTP status."""
        url = f"{self.sandbox.url}/v1/payment_pages/{session_id}/confirm"
        data = {"payment_method": card}
        headers = {"Authorization": f"Bearer {KEY}"}
        async with ClientSession(headers=headers) as client, client.post(url, data=data) as answer:
            return answer.status


@asynccontextmanager
async def sandbox_billing(db: Database, path: Path, clock: Clock) -> AsyncIterator[SandboxBilling]:
    """Start sandbox, webhook receiver, services and worker; stop them in reverse."""
    sandbox = await Sandbox.start(path=path, retry_delays_s=(0.01,))
    client = stripe.StripeClient(KEY, http_client=stripe.AIOHTTPClient(), base_addresses={"api": sandbox.url})
    secrets: list[Secret] = []
    runner = await _receiver(db, clock, secrets)
    endpoint = await client.v1.webhook_endpoints.create_async(
        {"url": f"http://127.0.0.1:{runner.addresses[0][1]}/hook", "enabled_events": ["*"]}
    )
    secrets.append(Secret("endpoint", endpoint.secret))
    gateway, ids, policy, guard = StripeGateway(KEY, sandbox.url), RandomIds(), Policy(), AlwaysOn()
    topups = StripeTopupService(db=db, gateway=gateway, clock=clock, ids=ids, policy=policy, guard=guard)
    auto_topups = AutoTopupService(db=db, gateway=gateway, clock=clock, ids=ids, policy=policy, guard=guard)
    prepaid = PrepaidBillingService(db=db, clock=clock, ids=ids, policy=policy, guard=guard)
    worker = Worker(db=db, clock=clock, topups=topups, auto_topups=auto_topups, prepaid=prepaid)
    await worker.start()
    try:
        yield SandboxBilling(db, sandbox, gateway, topups, auto_topups, prepaid, worker, client)
    finally:
        await worker.stop()
        await gateway.close()
        await client._requestor._client.close_async()
        await runner.cleanup()
        await sandbox.stop()


async def _receiver(db: Database, clock: Clock, secrets: list[Secret]) -> web.AppRunner:
    """The smallest webhook there can be: verify, store, answer."""

    async def receive(request: web.Request) -> web.Response:
        body = await request.read()
        now = clock.now()
        verdict = verify(body=body, header=request.headers.get("Stripe-Signature"), secrets=secrets, now=now)
        head = read_head(body)
        assert verdict.ok, verdict.reason
        assert isinstance(head, EventHead), head
        arrival = Arrival(body=body, headers=dict(request.headers), source="sandbox", received_at=now, head=head)
        (stored,) = await db.write(inbox.store, [arrival])
        return web.Response(status=stored.http_status, text=stored.response_body)

    app = web.Application()
    app.router.add_post("/hook", receive)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner
