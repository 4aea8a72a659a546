"""How fast deliveries are acknowledged durably, beside an aiohttp handler that does nothing."""

from __future__ import annotations

import asyncio

from fixtures.events import catalog
from tests.bench import load
from tests.bench.figures import Goal, ratio, report, series, void_note
from tests.bench.processes import LOAD_CORE, SECRET, noop_server, pin, server

ROUNDS = 5
PER_ROUND = 8_000
CONNECTIONS = 64


def measure() -> None:
    """Alternate between the two servers on one core, load from the other core, every event new."""
    pin(0, LOAD_CORE)
    template = catalog.build("checkout.session.completed", event_id="evt_bench", created=1_793_000_000)
    size = len(load.event_bodies(template, 1, prefix="size")[0])
    ours: list[float] = []
    baseline: list[float] = []
    with noop_server() as noop_port, server() as relay:
        for number in range(ROUNDS + 1):
            bodies = load.event_bodies(template, PER_ROUND, prefix=f"{number:02d}")
            noop = load.signed_requests(bodies=bodies, secret=SECRET, port=noop_port)
            mine = load.signed_requests(bodies=bodies, secret=SECRET, port=relay.port)
            before = asyncio.run(load.closed_loop(port=noop_port, requests=noop, connections=CONNECTIONS))
            after = asyncio.run(load.closed_loop(port=relay.port, requests=mine, connections=CONNECTIONS))
            assert set(after.statuses) == {200}, after.statuses
            if number:  # the first round warms both up
                baseline.append(before.ok_per_second)
                ours.append(after.ok_per_second)
    result = ratio(series(ours), series(baseline))
    report(
        f"durable acknowledged webhooks per second ({size:,} bytes, {CONNECTIONS} connections, one core)",
        f"{series(ours)} /s, signature checked, synchronous=FULL, processed meanwhile",
        f"{series(baseline)} /s, a no-op aiohttp handler",
        result.median,
        Goal(must=0.27, aim=0.40),
        note=f"  spread {result.spread:.0%}{void_note(series(baseline))}",
    )
