"""How many stories a second one process plays, beside what a server process of its own would cost each of them."""

from __future__ import annotations

import time
from pathlib import Path

from devconsole.scenario import shelf, suite
from devconsole.scenario.script import Script, parse
from devconsole.virtual.host import Host, hosting
from tests.bench.figures import Goal, ratio, report, series
from tests.bench.processes import server

ROUNDS = 5
STORIES = (
    "manual-topup",
    "automatic-topup",
    "declined-then-paid",
    "duplicate-webhook",
    "payment-refund",
    "call-refund",
)
THIRTY = """\
title: A month in thirty steps
given: {companies: [{slug: acme, balance: 50.00}]}
steps:
"""
CALL = """\
  - {{do: calls.simulate, with: {{company: acme, duration: {duration}}}, expect: {{calls: {{acme: [{states}]}}}}}}
  - {{advance: 2d}}
"""


def measure() -> None:
    """Alternate between stories and the start of a server process."""
    scripts = [script for name in STORIES for script in suite.scripts_at(shelf.find([name])[0])]
    calls = (CALL.format(duration=60 + day, states=", ".join(["charged"] * (day + 1))) for day in range(15))
    (thirty,) = parse(THIRTY + "".join(calls), Path("thirty.yaml"))
    ours: list[float] = []
    baseline: list[float] = []
    month: list[float] = []
    with hosting() as host:
        played(host, scripts)
        for _ in range(ROUNDS):
            start = time.perf_counter()
            with server():
                pass
            baseline.append(1 / (time.perf_counter() - start))
            ours.append(len(scripts) / played(host, scripts))
            month.append(played(host, [thirty]) * 1000)
    result = ratio(series(ours), series(baseline))
    report(
        "stories played, each on a server of its own",
        f"{series(ours)} scenarios a second",
        f"{series(baseline)} server processes started and ended a second",
        result.median,
        Goal(must=3.0, aim=6.0),
        note=f"  spread {result.spread:.0%}",
    )
    report(
        "a story of thirty steps and thirty virtual days, expectations included",
        f"{series(month)} ms",
        f"{series([1000 / each for each in baseline])} ms, one server process started and ended",
        series(month).median / 1000,
        Goal(must=3.0, aim=1.0, at_most=True),
        note=" s; nothing in it waits for a clock",
    )


def played(host: Host, scripts: list[Script]) -> float:
    """Seconds that all of them took; all must pass."""
    start = time.perf_counter()
    for script in scripts:
        result = suite.play(script, host, suite.Playing(), lambda *_step: None)
        assert result.passed, result.reason
    return time.perf_counter() - start
