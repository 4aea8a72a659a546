"""From the POST of an event to its row on the screen, at 1,000 events a second."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time

from devconsole.app import DevConsole
from devconsole.source import Address, RemoteSource
from devconsole.store import Update
from tests.bench.figures import Goal, report
from tests.bench.keys import percentile
from tests.bench.processes import LOAD_CORE, Server, pin, server

COUNT = 8_000
PER_SECOND = 1_000


def measure() -> None:
    """A headless console in this process, the sender in another, the server in a third."""
    pin(0, LOAD_CORE)
    with server() as running:
        sent, acknowledged_ms, shown = asyncio.run(watch(running))
    delays = [(shown[event] - moment) * 1000 for event, moment in sent.items() if event in shown]
    report(
        f"POST to row visible at {PER_SECOND:,} events/s",
        f"p50 {percentile(delays, 50):.0f}, p95 {percentile(delays, 95):.0f}, p99 {percentile(delays, 99):.0f} ms",
        f"p50 {acknowledged_ms[0]:.1f}, p99 {acknowledged_ms[1]:.1f} ms until the 200",
        percentile(delays, 99),
        Goal(must=100, aim=65, at_most=True),
        note=f" ms (p99); {len(delays):,} of {COUNT:,} rows were current when painted",
    )
    report(
        f"POST to 200 at {PER_SECOND:,} events/s, the console open",
        f"p50 {acknowledged_ms[0]:.1f}, p99 {acknowledged_ms[1]:.1f} ms",
        "none: a time, not a ratio",
        acknowledged_ms[1],
        Goal(must=12, aim=7, at_most=True),
        note=" ms (p99)",
    )


async def watch(running: Server) -> tuple[dict[str, float], tuple[float, float], dict[str, float]]:
    """Send, and note when each event's row has been painted. Times are of the system-wide monotonic clock."""
    console = DevConsole(RemoteSource(lambda: Address(running.url, running.token)))
    shown: dict[str, float] = {}

    def updated(_update: Update) -> None:
        rows = console.snapshot.events

        def painted() -> None:
            now = time.monotonic()
            for row in rows:
                shown.setdefault(row.event_id, now)

        console.screen.call_after_refresh(painted)

    async with console.run_test(size=(120, 40)) as pilot:
        console.updates.subscribe(console.screen, updated, immediate=True)
        while not console.snapshot.companies:
            await asyncio.sleep(0.05)
        sender = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.bench.sender", str(running.port), str(COUNT), str(PER_SECOND),
            stdout=subprocess.PIPE,
        )  # fmt: skip
        output, _ = await sender.communicate()
        await pilot.pause(0.5)
    answer = json.loads(output)
    return answer["sent"], (answer["p50_ms"], answer["p99_ms"]), shown
