"""`python -m tests.bench.sender PORT COUNT PER_SECOND`: send events at a fixed rate, print when each was sent."""

from __future__ import annotations

import json
import sys
import time

from fixtures.events import catalog
from tests.bench import load
from tests.bench.processes import SECRET


async def main(port: int, count: int, per_second: int) -> None:
    template = catalog.build("customer.created", event_id="evt_bench", created=1_793_000_000)
    bodies = load.event_bodies(template, count, prefix="visible")
    requests = load.signed_requests(bodies=bodies, secret=SECRET, port=port)
    start = time.monotonic()
    result = await load.open_loop(port=port, requests=requests, per_second=per_second)
    assert set(result.statuses) == {200}, result.statuses
    sent = {f"evt_visible{number:012d}": start + number / per_second for number in range(count)}
    print(json.dumps({"sent": sent, "p50_ms": result.percentile_ms(50), "p99_ms": result.percentile_ms(99)}))


if __name__ == "__main__":
    import uvloop

    uvloop.run(main(*map(int, sys.argv[1:])))
