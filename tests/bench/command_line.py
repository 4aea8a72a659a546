"""What one command of the command line costs, beside the least that any Python client could do."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from tests.bench.figures import Goal, ratio, report, series
from tests.bench.processes import server

ROUNDS = 11
LEAST = """
import http.client
connection = http.client.HTTPConnection("127.0.0.1", {port})
connection.request("GET", "/healthz")
connection.getresponse().read()
"""


def measure() -> None:
    """Alternate between both against one running server."""
    ours: list[float] = []
    baseline: list[float] = []
    with server() as running:
        environment = {**os.environ, "DEVCONSOLE_HOME": str(running.home)}
        least = [sys.executable, "-c", LEAST.format(port=running.port)]
        verb = [sys.executable, "-m", "devconsole", "balances", "list", "--json"]
        for number in range(ROUNDS + 1):
            before, after = seconds(least, environment), seconds(verb, environment)
            if number:
                baseline.append(before * 1000)
                ours.append(after * 1000)
    result = ratio(series(ours), series(baseline))
    report(
        "devconsole balances list --json",
        f"{series(ours)} ms",
        f"{series(baseline)} ms, python -c with one http.client request",
        result.median,
        Goal(must=4.0, aim=2.5, at_most=True),
        note=f"  spread {result.spread:.0%}",
    )


def seconds(command: list[str], environment: dict[str, str]) -> float:
    """How long the command takes as a whole process."""
    start = time.perf_counter()
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start
