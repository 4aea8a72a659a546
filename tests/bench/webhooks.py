"""How fast deliveries are acknowledged durably, beside an aiohttp handler that does nothing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from fixtures.events import catalog
from tests.bench import load
from tests.bench.figures import Goal, ratio, report, series, void_note
from tests.bench.processes import LOAD_CORE, SECRET, noop_server, pin, processor_s, server

ROUNDS = 7
PER_ROUND = 8_000
BASELINE_PER_ROUND = 24_000
"""As long as a round of ours: a baseline of half a second is mostly chance."""
CONNECTIONS = 64


@dataclass(frozen=True)
class Round:
    """Answers per second, and microseconds of the server's processor time for each."""

    per_second: float
    processor_us: float


def measure() -> None:
    """Alternate between the two servers on one core, load from the other core, every event new."""
    pin(0, LOAD_CORE)
    template = catalog.build("checkout.session.completed", event_id="evt_bench", created=1_793_000_000)
    size = len(load.event_bodies(template, 1, prefix="size")[0])
    ours: list[Round] = []
    baseline: list[Round] = []
    with noop_server() as noop, server() as relay:
        for number in range(ROUNDS + 1):
            prefix = f"{number:02d}"
            before = _round(load.event_bodies(template, BASELINE_PER_ROUND, prefix=prefix), noop.port, noop.pid)
            after = _round(load.event_bodies(template, PER_ROUND, prefix=prefix), relay.port, relay.pid)
            if number:  # the first round warms both up
                baseline.append(before)
                ours.append(after)
    mine, least = series([each.per_second for each in ours]), series([each.per_second for each in baseline])
    result = ratio(mine, least)
    costs = series([each.processor_us for each in ours]), series([each.processor_us for each in baseline])
    report(
        f"durable acknowledged webhooks per second ({size:,} bytes, {CONNECTIONS} connections, one core)",
        f"{mine} /s, signature checked, synchronous=FULL, processed meanwhile",
        f"{least} /s, a no-op aiohttp handler",
        result.median,
        Goal(must=0.27, aim=0.40),
        note=f"  spread {result.spread:.0%}{void_note(least)}\n"
        f"    processor {costs[0].median:.0f} us each, of the baseline {costs[1].median:.0f} us: "
        f"{costs[1].median / costs[0].median:.2f}, whatever else the machine was doing",
    )


def _round(bodies: list[bytes], port: int, process_id: int) -> Round:
    requests = load.signed_requests(bodies=bodies, secret=SECRET, port=port)
    spent = processor_s(process_id)
    result = asyncio.run(load.closed_loop(port=port, requests=requests, connections=CONNECTIONS))
    spent = processor_s(process_id) - spent
    assert set(result.statuses) == {200}, result.statuses
    return Round(result.ok_per_second, spent / len(bodies) * 1_000_000)
