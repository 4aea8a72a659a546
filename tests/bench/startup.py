"""From the command to the first painted screen, beside a Textual app that shows nothing."""

from __future__ import annotations

import sys
import tempfile

from tests.bench.figures import Goal, ratio, report, series
from tests.bench.terminal import Terminal

ROUNDS = 9
EMPTY = "from textual.app import App; App().run()"
PAINTED = 1_500
"""Bytes: more than the terminal set-up, less than one screen."""


def measure() -> None:
    """Alternate between the two; the console starts its server anew each time, as on a first run."""
    ours: list[float] = []
    baseline: list[float] = []
    for number in range(ROUNDS + 1):
        with tempfile.TemporaryDirectory() as home:
            before = first_paint([sys.executable, "-c", EMPTY])
            options = ["--home", home, "--port", "0", "--sandbox-port", "0"]
            after = first_paint([sys.executable, "-m", "devconsole", *options])
        if number:
            baseline.append(before * 1000)
            ours.append(after * 1000)
    result = ratio(series(ours), series(baseline))
    report(
        "start to first paint",
        f"{series(ours)} ms",
        f"{series(baseline)} ms, an empty Textual app",
        result.median,
        Goal(must=1.4, aim=1.25, at_most=True),
        note=f"  spread {result.spread:.0%}",
    )


def first_paint(command: list[str]) -> float:
    """Seconds until the program has painted its first screen."""
    terminal = Terminal(command)
    try:
        return terminal.wait_for_bytes(PAINTED) - terminal.started
    finally:
        terminal.close()
