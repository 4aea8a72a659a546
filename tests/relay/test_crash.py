"""A relay that is killed: everything that was acknowledged is there afterwards, and nothing is booked twice."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest

from billing.clock import ManualClock
from billing.signature import sign
from relay.api import CheckLedger, ListEvents, ListLedger
from tests.support.events import Story, event
from tests.support.relay import SANDBOX_SECRET, running_relay

SENT = 60
TOPUPS = 20


@contextmanager
def relay_process(database: Path, home: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process and the address of its webhook. Whatever the block leaves alive is killed."""
    command = [sys.executable, "-m", "tests.support.relay_process", str(database), str(home)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process, process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait(10)
        process.stdin.close()
        process.stdout.close()


async def send_until_killed(webhook: str, bodies: list[bytes], process: subprocess.Popen[str], after: int) -> set[str]:
    """Send all at once; kill the relay as soon as `after` are acknowledged. Returns the event ids acknowledged."""
    acknowledged: set[str] = set()
    timestamp = int(ManualClock().now().timestamp())

    async def send(http: aiohttp.ClientSession, body: bytes) -> None:
        headers = {"Stripe-Signature": sign(body, SANDBOX_SECRET, timestamp)}
        try:
            async with http.post(webhook, data=body, headers=headers) as response:
                if response.status == 200:
                    acknowledged.add((await response.json())["event_id"])
        except aiohttp.ClientError:
            return
        if len(acknowledged) >= after and process.poll() is None:
            process.kill()

    async with aiohttp.ClientSession() as http:
        await asyncio.gather(*(send(http, body) for body in bodies))
    return acknowledged


@pytest.mark.parametrize("after", [1, 25])
async def test_what_was_acknowledged_survives_a_kill_and_is_booked_once(
    empty_database: Path, tmp_path: Path, after: int
) -> None:
    home = tmp_path / "home"
    async with running_relay(empty_database, home) as relay:
        company_id = await relay.company()
        stories = [Story(await relay.open_topup(company_id), company_id) for _ in range(TOPUPS)]
    bodies = [
        event("payment_intent.succeeded", stories[number % TOPUPS].intent(), event_id=f"evt_{number}")
        for number in range(SENT)
    ]
    with relay_process(empty_database, home) as (process, webhook):
        acknowledged = await send_until_killed(webhook, bodies, process, after)
    assert len(acknowledged) >= after
    async with running_relay(empty_database, home) as relay:
        await relay.processed()
        page = await relay.client.call(ListEvents(limit=1000))
        assert acknowledged <= {row.event_id for row in page.rows}
        assert {row.status for row in page.rows} == {"completed"}
        paid_topups = {int(row.event_id.removeprefix("evt_")) % TOPUPS for row in page.rows}
        booked = await relay.client.call(ListLedger(type="topup"))
        assert booked.total == len(paid_topups)
        assert (await relay.client.call(CheckLedger(stripe=False))).ok
