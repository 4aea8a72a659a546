"""How fast deliveries are acknowledged durably, beside an aiohttp handler that does nothing."""

from __future__ import annotations

from dataclasses import dataclass

from tests.bench.figures import Goal, ratio, report, series, void_note
from tests.bench.flood import Flood, event_bytes, flood
from tests.bench.processes import noop_server, processor_s, server, until_idle

ROUNDS = 7
PER_ROUND = 8_000
BASELINE_PER_ROUND = 48_000
"""As long as a round of ours: a baseline of half a second is mostly chance."""
CONNECTIONS = 64


@dataclass(frozen=True)
class Round:
    """Answers per second, and microseconds of the server's processor time for each."""

    per_second: float
    processor_us: float


def measure() -> None:
    """Alternate between the two servers on one core, load from the other core, every event new."""
    ours: list[Round] = []
    baseline: list[Round] = []
    with noop_server() as noop, server() as relay:
        for number in range(ROUNDS + 1):
            prefix = f"{number:02d}"
            until_idle(relay.pid)
            before = _round(Flood(noop.port, prefix, BASELINE_PER_ROUND, CONNECTIONS), noop.pid)
            after = _round(Flood(relay.port, prefix, PER_ROUND, CONNECTIONS), relay.pid)
            if number:  # the first round warms both up
                baseline.append(before)
                ours.append(after)
    mine, least = series([each.per_second for each in ours]), series([each.per_second for each in baseline])
    result = ratio(mine, least)
    costs = series([each.processor_us for each in ours]), series([each.processor_us for each in baseline])
    report(
        f"durable acknowledged webhooks per second ({event_bytes():,} bytes, {CONNECTIONS} connections, one core)",
        f"{mine} /s, signature checked, synchronous=FULL, processed meanwhile",
        f"{least} /s, a no-op aiohttp handler",
        result.median,
        Goal(must=0.27, aim=0.40),
        note=f"  spread {result.spread:.0%}{void_note(least)}\n"
        f"    processor {costs[0].median:.0f} us each, of the baseline {costs[1].median:.0f} us: "
        f"{costs[1].median / costs[0].median:.2f}, whatever else the machine was doing",
    )


def _round(what: Flood, process_id: int) -> Round:
    spent = processor_s(process_id)
    per_second = flood(what)
    spent = processor_s(process_id) - spent
    return Round(per_second, spent / what.count * 1_000_000)
