"""From the command to the first painted screen, beside a Textual app that shows nothing."""

from __future__ import annotations

import os
import pty
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time
from fcntl import ioctl

from tests.bench.figures import Goal, ratio, report, series

ROUNDS = 7
EMPTY = "from textual.app import App; App().run()"
PAINTED = 1_500
"""Bytes after switching to the alternate screen: more than the terminal set-up, less than one screen."""


def measure() -> None:
    """Alternate between the two; the server of the console is started anew each time, as on a first run."""
    ours: list[float] = []
    baseline: list[float] = []
    for number in range(ROUNDS + 1):
        with tempfile.TemporaryDirectory() as home:
            before = first_paint([sys.executable, "-c", EMPTY])
            after = first_paint(
                [sys.executable, "-m", "devconsole", "--home", home, "--port", "0", "--sandbox-port", "0"]
            )
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
    """Seconds until the program has painted its first screen on a terminal of 120x40."""
    leader, follower = pty.openpty()
    ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    start = time.perf_counter()
    process = subprocess.Popen(command, stdin=follower, stdout=follower, stderr=follower, env=environment)
    os.close(follower)
    seen = b""
    try:
        while time.perf_counter() - start < 30:
            if select.select([leader], [], [], 0.5)[0]:
                seen += os.read(leader, 65536)
            alternate = seen.find(b"\x1b[?1049h")
            if alternate >= 0 and len(seen) - alternate > PAINTED:
                return time.perf_counter() - start
        raise TimeoutError(f"no screen after 30 s: {seen[-300:]!r}")
    finally:
        process.terminate()
        drain(leader, process)
        os.close(leader)


def drain(leader: int, process: subprocess.Popen[bytes]) -> None:
    """Read what the program still writes, or it could not end."""
    deadline = time.perf_counter() + 10
    while process.poll() is None and time.perf_counter() < deadline:
        if select.select([leader], [], [], 0.05)[0]:
            try:
                os.read(leader, 65536)
            except OSError:
                break
    process.wait(10)
