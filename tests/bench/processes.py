"""Real processes for the benchmarks, each on the core it was given."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

SECRET = "whsec_bench_0000000000000000000000"
CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
SERVER_CORE = {CORES[0]} if CORES else set()
LOAD_CORE = {CORES[-1]} if CORES else set()
IDLE_LOOK_S = 0.5
IDLE_SHARE = 0.04
"""Of one core; the clocks of a server tick a little also when nothing happens."""


def pin(process_id: int, cores: set[int]) -> None:
    """Keep a process on these cores, where the platform can."""
    if cores:
        os.sched_setaffinity(process_id, cores)


@dataclass(frozen=True)
class Baseline:
    """A running server that does nothing."""

    port: int
    pid: int


def processor_s(process_id: int) -> float:
    """Seconds of processor time that a process has used so far, in itself and for it in the kernel."""
    times = psutil.Process(process_id).cpu_times()
    return float(times.user + times.system)


def until_idle(process_id: int) -> None:
    """Return when a process has nothing left to do: what it does later would be counted against its neighbour."""
    while True:
        before = processor_s(process_id)
        time.sleep(IDLE_LOOK_S)
        if processor_s(process_id) - before <= IDLE_SHARE * IDLE_LOOK_S:
            return


@contextlib.contextmanager
def noop_server() -> Iterator[Baseline]:
    """The aiohttp baseline."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.noop_server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin and process.stdout
    pin(process.pid, SERVER_CORE)
    try:
        yield Baseline(int(process.stdout.readline()), process.pid)
    finally:
        process.stdin.close()
        process.wait(10)


@dataclass(frozen=True)
class Server:
    """A running devconsole server."""

    url: str
    port: int
    pid: int
    home: Path

    @property
    def token(self) -> str:
        return (self.home / "token").read_text().strip()


@contextlib.contextmanager
def server(home: Path | None = None, *options: str) -> Iterator[Server]:
    """A devconsole server on free ports with a home of its own."""
    with tempfile.TemporaryDirectory() as scratch:
        place = home or Path(scratch)
        command = [sys.executable, "-m", "devconsole", "server", "--json", "--port", "0", "--sandbox-port", "0"]
        process = subprocess.Popen(
            [*command, "--home", str(place), *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "STRIPE_WEBHOOK_SECRET": SECRET},
        )
        assert process.stdout
        ready = json.loads(process.stdout.readline())
        drain = subprocess.Popen(["cat"], stdin=process.stdout, stdout=subprocess.DEVNULL)
        pin(process.pid, SERVER_CORE)
        for thread in Path(f"/proc/{process.pid}/task").glob("*"):
            pin(int(thread.name), SERVER_CORE)
        try:
            yield Server(ready["relay"], int(ready["relay"].rsplit(":", 1)[1]), process.pid, place)
        finally:
            process.terminate()
            process.wait(20)
            drain.wait(5)
