"""A server that may die, and a Stripe that does not: the offline one, in the process of the test.

Whoever uses the rig acts as a careful person does: what was not acknowledged is looked up before it is tried again.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import aiohttp

from devconsole.lab.points import Point
from devconsole.lab.world import free_port, rows
from devconsole.settings import SANDBOX_KEY
from devconsole.wiring import STRIPE_DATABASE
from fixtures.sandbox.server import Sandbox
from relay.api import Operation
from relay.client import ControlClient
from relay.errors import ServerUnreachable
from relay.home import Home
from relay.wire import WEBHOOK_PATH
from tests.support.proof_server import Plan, Server

R = TypeVar("R")
PATIENCE_S = 40.0
PAUSE_S = 0.02
REDELIVERIES_S = (0.1,) * 300
"""The offline Stripe tries a delivery again after a tenth of a second, for longer than anybody here is patient."""
NOW = "strftime('%Y-%m-%d %H:%M:%f000', 'now')"


@dataclass
class Rig:
    """A home, its Stripe, and the server that runs at the moment."""

    home: Path
    sandbox: Sandbox
    http: aiohttp.ClientSession
    plan: Plan
    server: Server
    client: ControlClient
    deaths: int = 0
    noted_at_start: int = field(default=0)

    @property
    def database(self) -> Path:
        return self.home / STRIPE_DATABASE

    async def call(self, operation: Operation[R], *, unless: Callable[[], Awaitable[object]]) -> R | None:
        """Ask the server. When it dies meanwhile: ask again, unless it turns out to have been done (None)."""
        while True:
            try:
                return await self.client.call(operation)
            except ServerUnreachable:
                await self.quiet()
                if await unless():
                    return None

    async def look(self, operation: Operation[R]) -> R:
        """Ask for something that changes nothing, as often as it takes."""
        while True:
            try:
                return await self.client.call(operation)
            except ServerUnreachable:
                await self.quiet()

    async def stripe(self, method: str, path: str, **data: Any) -> Any:
        """What people do at Stripe, or ask it; it never dies."""
        async with self.http.request(method, f"{self.sandbox.url}{path}", **data) as answer:
            assert answer.status < 500, await answer.text()
            return await answer.json()

    async def quiet(self) -> None:
        """Until nothing is owed: no delivery at Stripe, no event and no job here. Revives a server that died."""
        async with asyncio.timeout(PATIENCE_S):
            still = 0
            while still < 3:
                if not self.server.process.is_alive():
                    await self.revive()
                still = 0 if self.unfinished() else still + 1
                await asyncio.sleep(PAUSE_S)

    async def revive(self) -> None:
        """The server has died (it must have been killed, not failed): start it again."""
        await asyncio.to_thread(self.server.process.join, PATIENCE_S)
        assert self.server.was_killed, (self.server.process.exitcode, (self.home / "output").read_text()[-2000:])
        self.deaths += 1
        self.server = self.server.again()
        assert await asyncio.to_thread(self.server.ready), (self.home / "output").read_text()[-2000:]

    def unfinished(self) -> list[str]:
        """What is still to be done, by name."""
        owed = rows(self.home / "sandbox.db", "SELECT event_id FROM deliveries WHERE state = 'pending'")
        events = rows(self.database, "SELECT event_id FROM webhook_events WHERE status = 'pending'")
        jobs = rows(self.database, f"SELECT kind FROM jobs WHERE status = 'pending' AND run_at <= {NOW}")
        return [str(name) for (name,) in [*owed, *events, *jobs]]


@asynccontextmanager
async def running_rig(
    home: Path, *, template: Path | None = None, points: Path | None = None, deadly: Point | None = None, **plan: Any
) -> AsyncIterator[Rig]:
    """Start Stripe and the server on a copy of `template`. The server may die before it is ready."""
    if template is not None:
        shutil.copytree(template, home)
    home.mkdir(mode=0o700, exist_ok=True)
    headers = {"Authorization": f"Bearer {SANDBOX_KEY}"}
    sandbox = await Sandbox.start(path=home / "sandbox.db", retry_delays_s=REDELIVERIES_S)
    port = free_port()
    try:
        async with aiohttp.ClientSession(headers=headers) as http:
            hook = {"url": f"http://127.0.0.1:{port}{WEBHOOK_PATH}", "enabled_events[]": "*"}
            async with http.post(f"{sandbox.url}/v1/webhook_endpoints", data=hook) as answer:
                secret = (await answer.json())["secret"]
            started = Plan(
                home=home,
                stripe_api=sandbox.url,
                webhook_secret=secret,
                port=port,
                points=points,
                deadly=deadly,
                **plan,
            )
            server = Server(started)
            client = ControlClient(f"http://127.0.0.1:{port}", Home(home).token(), timeout_s=PATIENCE_S)
            rig = Rig(home, sandbox, http, started, server, client)
            try:
                if await asyncio.to_thread(server.ready) is None:
                    await rig.revive()
                elif points is not None:
                    rig.noted_at_start = len(points.read_text().splitlines())
                yield rig
            finally:
                await client.close()
                rig.server.kill()
    finally:
        await sandbox.stop()


async def eventually(rig: Rig, condition: Callable[[], Awaitable[R]], *, what: str) -> R:
    """Ask until the answer is true."""
    deadline = time.monotonic() + PATIENCE_S
    while not (found := await condition()):
        assert time.monotonic() < deadline, f"{what} did not come true; open: {rig.unfinished()}"
        await asyncio.sleep(PAUSE_S)
    return found


def digest(database: Path, company: str) -> dict[str, Sequence[tuple[Any, ...]]]:
    """Everything about a company's money that two runs of the same story must have in common."""
    mine = "(SELECT id FROM companies WHERE slug = ?)"
    queries = {
        "balance": f"SELECT balance, bonus_balance, reserved_balance FROM prepaid_balances WHERE company_id = {mine}",
        "ledger": "SELECT type, amount, bonus_amount, reserved_amount, balance_before, balance_after, reference_type "
        f"FROM balance_transactions WHERE company_id = {mine} ORDER BY id",
        "top-ups": "SELECT status, origin, amount, bonus_amount, refunded_amount, refund_status, "
        "stripe_payment_intent_id IS NOT NULL, stripe_charge_id IS NOT NULL, failure_code "
        f"FROM balance_topups WHERE company_id = {mine} ORDER BY id",
        "calls": "SELECT status, duration_seconds, amount_charged, refunded_amount, refund_status "
        f"FROM call_charges WHERE company_id = {mine} ORDER BY id",
        "refunds": "SELECT r.status, r.amount, r.refund_id IS NOT NULL FROM payment_refunds r "
        f"JOIN balance_topups t ON t.id = r.topup_id WHERE t.company_id = {mine} ORDER BY r.id",
    }
    return {name: rows(database, query, company) for name, query in queries.items()}
