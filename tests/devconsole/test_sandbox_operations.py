"""The sandbox through the operations of a running server: it is moved, rolled, put back, and goes on delivering."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession

from devconsole.settings import Settings
from devconsole.virtual.host import Host, hosting
from devconsole.wiring import running
from relay.api import (
    AdvanceSandbox,
    CheckLedger,
    CreateTopup,
    ListEvents,
    ResetSandbox,
    RestoreSandbox,
    RollSandboxSecret,
    ShowSandbox,
    SnapshotSandbox,
)
from relay.client import ControlClient
from relay.errors import OperationRefused
from relay.home import Home
from tests.support.worlds import virtual_server

COMPANY = "acme-telefon"


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[ControlClient]:
    settings = Settings(devconsole_port=0, devconsole_sandbox_port=0, _env_file=None)  # type: ignore[call-arg]
    home = Home(tmp_path / "home")
    home.create()
    async with running(settings, home) as server, ControlClient(server.record.relay_url, home.token()) as talking:
        yield talking


async def _paid(client: ControlClient) -> None:
    """A payment whose event has come, been verified and been applied."""
    before = (await client.call(ListEvents(limit=100))).total
    await client.call(CreateTopup(company=COMPANY, amount_cents=2_000, card="visa"))
    async with asyncio.timeout(10):
        while True:
            page = await client.call(ListEvents(limit=100))
            new = [row.type for row in page.rows if row.status == "completed"][: page.total - before]
            if "payment_intent.succeeded" in new:
                return
            await asyncio.sleep(0.02)


async def test_a_snapshot_is_put_back_and_events_go_on(client: ControlClient, tmp_path: Path) -> None:
    await _paid(client)
    file = tmp_path / "state.db"
    taken = await client.call(SnapshotSandbox(path=str(file)))
    assert (taken.path, taken.bytes) == (str(file), file.stat().st_size)
    held = (await client.call(ShowSandbox())).objects
    await client.call(RollSandboxSecret(overlap_seconds=0))  # the snapshot signs with the one before
    await _paid(client)
    assert (await client.call(ShowSandbox())).objects > held
    back = await client.call(RestoreSandbox(path=str(file)))
    assert back.objects <= held + 1
    await _paid(client)
    assert (await client.call(CheckLedger())).breaches == ()


async def test_after_a_reset_events_go_on(client: ControlClient) -> None:
    await _paid(client)
    empty = await client.call(ResetSandbox())
    assert (empty.objects, empty.events, empty.undelivered) == (1, 0, 0)  # our endpoint, made again
    with pytest.raises(OperationRefused, match="No such"):
        await client.call(CreateTopup(company=COMPANY, amount_cents=2_000, card="visa"))
    assert (await client.call(CheckLedger())).breaches == ()


async def test_the_clock_is_set_ahead_for_the_sandbox_alone(client: ControlClient) -> None:
    before = await client.call(ShowSandbox())
    after = await client.call(AdvanceSandbox(seconds=86_400))
    assert 86_000 < (after.now - before.now).total_seconds() < 87_000
    assert after.ahead_seconds > 86_000
    await _paid(client)  # signed a day ahead of us, which every library accepts


async def test_retries_and_the_fee_of_a_dispute_are_as_they_were_set(tmp_path: Path) -> None:
    settings = Settings(
        devconsole_port=0,
        devconsole_sandbox_port=0,
        devconsole_sandbox_retries="1h,2h",  # type: ignore[arg-type]
        devconsole_sandbox_dispute_fee="15.00",  # type: ignore[arg-type]
        _env_file=None,  # type: ignore[call-arg]
    )
    home = Home(tmp_path / "home")
    home.create()
    async with running(settings, home) as server, ControlClient(server.record.relay_url, home.token()) as client:
        shown = await client.call(ShowSandbox())
        assert (shown.retry_delays_s, shown.dispute_fee_cents) == ((3_600, 7_200), 1_500)
        async with ClientSession(shown.url, headers={"Authorization": "Bearer sk_test_0123456789"}) as http:
            await http.post("/v1/webhook_endpoints", data={"url": "http://127.0.0.1:9/", "enabled_events[]": "*"})
            await http.post("/v1/customers")
            tries = []
            for hours in (1, 1, 1, 24):
                await client.call(AdvanceSandbox(seconds=hours * 3_600))
                async with http.get("/_sandbox/deliveries") as answer:
                    delivery = (await answer.json())["deliveries"][0]
                tries.append((len(delivery["attempts"]), delivery["state"]))
    assert tries == [(2, "pending"), (2, "pending"), (3, "failed"), (3, "failed")]


async def test_what_cannot_be_is_refused_with_a_way_out(client: ControlClient, tmp_path: Path) -> None:
    with pytest.raises(OperationRefused) as refused:
        await client.call(RestoreSandbox(path=str(tmp_path / "nothing.db")))
    assert refused.value.problem.code == "no_snapshot"
    assert "devconsole sandbox snapshot" in str(refused.value.problem.remedy)
    with pytest.raises(OperationRefused, match="absolute"):
        await client.call(SnapshotSandbox(path="here.db"))


@pytest.fixture(scope="module")
def host() -> AsyncIterator[Host]:  # type: ignore[misc]
    with hosting() as loop:
        yield loop


def test_a_virtual_clock_is_moved_as_such(host: Host, tmp_path: Path) -> None:
    with virtual_server(host, tmp_path) as server, pytest.raises(OperationRefused) as refused:
        server.call(AdvanceSandbox(seconds=60))
    assert refused.value.problem.code == "clock_is_virtual"
