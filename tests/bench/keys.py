"""From a key to the screen with 100,000 stored events, and how much memory the console takes for what it has seen."""

from __future__ import annotations

import asyncio
import re
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path

import psutil

from fixtures.events import catalog
from tests.bench import load
from tests.bench.figures import Goal, report
from tests.bench.million import store_a_million
from tests.bench.processes import SECRET, server
from tests.bench.stored import store_events
from tests.bench.terminal import Terminal, console

STORED = 100_000
PRESSES = 160
WARM = 2_000
SEEN = 100_000
AT_A_TIME = 20_000
MILLION = 1_000_000
PAGES = 120
STORM_PAUSE_S = 0.1
STORM_S = 60
TIME = re.compile(rb"\d\d:\d\d:\d\d")
PAGE_DOWN = b"\x1b[6~"
KEYS = (b"\x1b[B", b"\x1b[B", b"\x1b[A", b"\x1b[6~", b"\x1b[6~", b"\x1b[5~", b"\x1b[5~", b"\x1b[A")
"""Down and up by a line and by a page: each moves the cursor wherever it stands, so each paints."""


def measure() -> None:
    """First on an almost empty inbox, then with 100,000 events, so that the growth is visible."""
    with tempfile.TemporaryDirectory() as scratch:
        few = pressed(Path(scratch) / "few", 100)
        many = pressed(Path(scratch) / "many", STORED)
    report(
        f"key to screen with {STORED:,} stored events",
        f"{describe(many)} ms",
        f"{describe(few)} ms, with 100 stored events",
        percentile(many, 99),
        Goal(must=60, aim=45, at_most=True),
        note=" ms (p99)",
    )
    storm()
    memory()


def pressed(home: Path, stored: int) -> list[float]:
    """Milliseconds of each key press on the list of all events."""
    asyncio.run(store_events(home, stored))
    with server(home), console(home) as terminal:
        terminal.press(b"2")
        terminal.settle()
        return presses(terminal)


def presses(terminal: Terminal) -> list[float]:
    found = []
    for key in islice(cycle(KEYS), PRESSES):
        found.append(terminal.press(key) * 1000)
        terminal.settle(0.02)
    return found


def storm() -> None:
    """Page back through a million events, each page new to the console, while a thousand more arrive each second.

    Something is painted all the time, so a page counts when a row is there that was not there before: no two of the
    million came in the same second.
    """
    with tempfile.TemporaryDirectory() as scratch:
        home = store_a_million(Path(scratch) / "home", MILLION)
        home.test_mode_lock.touch()
        with server(home.path) as running, console(home.path, shows=b"Company") as terminal:
            terminal.press(b"2")
            terminal.settle()
            rows = set(TIME.findall(terminal.tail))
            calm = pages(terminal, rows)
            sender = subprocess.Popen(
                [sys.executable, "-m", "tests.bench.sender", str(running.port), str(STORM_S * 1000), "1000"],
                stdout=subprocess.DEVNULL,
            )
            time.sleep(1)  # until it rains
            busy = pages(terminal, rows)
            assert sender.poll() is None, "the storm was over before the last key"
            sender.terminate()
            sender.wait()
    report(
        f"key to a page not seen before of {MILLION:,} stored events, while 1,000 arrive each second",
        f"{describe(busy)} ms",
        f"{describe(calm)} ms, while none arrive",
        percentile(busy, 99),
        Goal(must=60, aim=45, at_most=True),
        note=" ms (p99)",
    )


def pages(terminal: Terminal, rows: set[bytes]) -> list[float]:
    """Milliseconds of each page down; `rows` are the times of those that were painted until now."""
    found = []
    for _ in range(PAGES):
        found.append(terminal.press_for(PAGE_DOWN, lambda painted: not rows.issuperset(TIME.findall(painted))) * 1000)
        time.sleep(STORM_PAUSE_S)
        rows.update(TIME.findall(terminal.tail))
    return found


def memory() -> None:
    """Resident memory of the console before and after events have passed before its eyes."""
    with server() as running, console(running.home) as terminal:
        process = psutil.Process(terminal.process.pid)
        pour(running.port, "warm", WARM)
        terminal.settle()
        before = process.memory_info().rss
        for part in range(0, SEEN, AT_A_TIME):
            pour(running.port, f"seen{part}", AT_A_TIME)
        terminal.settle()
        grown = (process.memory_info().rss - before) / (1 << 20)
    report(
        f"console memory that {SEEN:,} events leave behind",
        f"{grown:.1f} MB",
        f"{before / (1 << 20):.0f} MB before",
        grown,
        Goal(must=5, aim=1, at_most=True),
        note=" MB",
    )


def pour(port: int, prefix: str, count: int) -> None:
    """Deliver so many new events, a thousand a second."""
    template = catalog.build("customer.created", event_id="evt_bench", created=1_793_000_000)
    bodies = load.event_bodies(template, count, prefix=prefix)
    requests = load.signed_requests(bodies=bodies, secret=SECRET, port=port)
    asyncio.run(load.open_loop(port=port, requests=requests, per_second=1000))


def percentile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def describe(values: list[float]) -> str:
    return f"p50 {percentile(values, 50):.1f}, p95 {percentile(values, 95):.1f}, max {max(values):.1f}"
