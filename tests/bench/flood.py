"""`python -m tests.bench.flood`: new events as fast as they are answered, from a process that has done nothing before.

A load generator that lives through many rounds grows slower from round to round, and then measures itself.
"""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from fixtures.events import catalog
from tests.bench import load
from tests.bench.processes import LOAD_CORE, SECRET, pin


@dataclass(frozen=True)
class Flood:
    """What to send: `count` events whose ids begin with `prefix`."""

    port: int
    prefix: str
    count: int
    connections: int
    path: str = "/api/stripe/webhook"


def flood(what: Flood) -> float:
    """Answers per second, all of them 200; raises `CalledProcessError` when one is not."""
    command = (sys.executable, "-m", "tests.bench.flood", msgspec.json.encode(what).decode())
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    return float(done.stdout)


def event_bytes() -> int:
    """The size of one of them."""
    return len(_bodies(1, "size")[0])


def _bodies(count: int, prefix: str) -> Sequence[bytes]:
    template = catalog.build("checkout.session.completed", event_id="evt_bench", created=1_793_000_000)
    return load.event_bodies(template, count, prefix=prefix)


async def main(what: Flood) -> None:
    requests = load.signed_requests(
        bodies=_bodies(what.count, what.prefix), secret=SECRET, port=what.port, path=what.path
    )
    gc.freeze()
    gc.disable()
    result = await load.closed_loop(port=what.port, requests=requests, connections=what.connections)
    assert set(result.statuses) == {200}, result.statuses
    print(result.ok_per_second)


if __name__ == "__main__":
    import uvloop

    pin(0, LOAD_CORE)
    uvloop.run(main(msgspec.json.decode(sys.argv[1], type=Flood)))
