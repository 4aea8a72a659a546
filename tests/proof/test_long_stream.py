"""200,000 events through a real server: all acknowledged and kept, and no more memory at the end than early on."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from fixtures.events import catalog
from relay.api import ShowStatus
from relay.client import ControlClient
from tests.bench import load
from tests.bench.processes import SECRET, Server, server
from tests.support.relay import until

EVENTS = 200_000
ROUNDS = 20
SETTLED = 5
"""Rounds until every cache and queue has found its size."""
GROWTH_MAX_MB = 24
"""A leak of one event's bytes each would be over 400."""


@pytest.mark.proof
@pytest.mark.timeout(600)
def test_a_long_stream_loses_nothing_and_needs_no_more_memory(tmp_path: Path) -> None:
    template = catalog.build("customer.updated", event_id="evt_stream", created=1_793_000_000)
    statuses: Counter[int] = Counter()
    memory_mb: list[float] = []
    with server(tmp_path / "home", "--no-sandbox") as relay:
        process = psutil.Process(relay.pid)
        for number in range(ROUNDS):
            bodies = load.event_bodies(template, EVENTS // ROUNDS, prefix=f"stream{number:02d}")
            requests = load.signed_requests(bodies=bodies, secret=SECRET, port=relay.port)
            statuses += asyncio.run(load.closed_loop(port=relay.port, requests=requests, connections=64)).statuses
            asyncio.run(_processed(relay))
            memory_mb.append(process.memory_info().rss / (1 << 20))
    with closing(sqlite3.connect(relay.home / "billing.db")) as database:
        kept = dict(database.execute("SELECT status, COUNT(*) FROM webhook_events GROUP BY status"))
        deliveries = database.execute("SELECT COUNT(*) FROM webhook_deliveries").fetchone()[0]
    grown = max(memory_mb[SETTLED:]) - memory_mb[SETTLED]
    print(f"{EVENTS:,} events: {statuses[200]:,} acknowledged, {sum(kept.values()):,} kept, {grown:+.0f} MB")
    assert statuses == {200: EVENTS}
    assert (sum(kept.values()), deliveries) == (EVENTS, EVENTS)
    assert kept.keys() == {"ignored"}
    assert grown < GROWTH_MAX_MB, memory_mb


async def _processed(relay: Server) -> None:
    """Wait until nothing is left to process."""
    async with ControlClient(relay.url, relay.token) as client:

        async def idle() -> bool:
            return (await client.call(ShowStatus())).queue_depth == 0

        await until(idle)
