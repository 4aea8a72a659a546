"""Filters and full-text search over a million events: the first page, as a client of the control API gets it."""

from __future__ import annotations

import json
import shutil
import statistics
import tempfile
import time
import urllib.request
from pathlib import Path

from relay.search.text_index import TextIndex
from tests.bench.figures import Goal, report
from tests.bench.million import COMPANIES, RARE_WORD, store_a_million
from tests.bench.processes import Server, server

EVENTS = 1_000_000
ROUNDS = 5
SPACE = 6 << 30
FILTERS = (
    "failed",
    "failed type:charge.*",
    "status:failed,quarantined company:company-7",
    "company:company-7 type:payment_intent.*",
    "-status:completed",
    "amount>=999.50",
    "amount:120..130 type:charge.*",
    "source:replay amount>500 type:refund.*",
    "received:today",
    "age<2d failed",
    "(source:replay OR amount>=990) -status:ignored",
    "id:pi_0000*",
    RARE_WORD,
    "insufficient",
    'text:"insufficient funds" company:company-7',
    'text:"card has expired" failed',
    "w777 OR w888",
    "text:w777* amount<500",
    "-text:insufficient company:none",
    f"company-{COMPANIES}",
)


def measure() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        if shutil.disk_usage(scratch).free < SPACE:
            print(f"search: skipped, {scratch} has less than {SPACE >> 30} GiB free", flush=True)
            return
        began = time.perf_counter()
        home = store_a_million(Path(scratch) / "home", EVENTS)
        stored = time.perf_counter()
        index = TextIndex(home.billing_db)
        index.prepare()
        while index.catch_up():
            pass
        indexed = time.perf_counter() - stored
        with server(home.path) as running:
            _measure(running)
    print(
        f"    a million events were stored in {stored - began:.0f} s and indexed in {indexed:.0f} s; "
        f"the index has {index_size(index):.0%} of the size of the inbox",
        flush=True,
    )


def index_size(index: TextIndex) -> float:
    return _SIZES[index.path.name] / _SIZES[index.database.name]


_SIZES: dict[str, int] = {}


def _measure(running: Server) -> None:
    _SIZES.update({path.name: path.stat().st_size for path in running.home.glob("*.db")})
    baseline = [asked(running, "server.status") for _ in range(ROUNDS * 4)]
    times = {text: [asked(running, "events.list", filter=text) for _ in range(ROUNDS)] for text in FILTERS}
    everything = [took for found in times.values() for took in found]
    report(
        f"filter or full-text search over {EVENTS:,} events, first page",
        f"p50 {statistics.median(everything):.1f}, p95 {_p95(everything):.1f}, max {max(everything):.1f} ms",
        f"{statistics.median(baseline):.1f} ms for a request that searches nothing",
        _p95(everything),
        Goal(must=150, aim=60, at_most=True),
        note=f" ms (p95 of {len(FILTERS)} filters, {ROUNDS} times each)",
    )
    for text, found in sorted(times.items(), key=lambda item: -statistics.median(item[1]))[:5]:
        print(f"    {statistics.median(found):7.1f} ms  {text}", flush=True)


def asked(running: Server, operation: str, **fields: object) -> float:
    """Milliseconds of one request."""
    request = urllib.request.Request(
        f"{running.url}/api/control/{operation}",
        data=json.dumps(fields).encode(),
        headers={"Authorization": f"Bearer {running.token}"},
    )
    began = time.perf_counter()
    with urllib.request.urlopen(request) as response:
        response.read()
    return (time.perf_counter() - began) * 1000


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[94]
