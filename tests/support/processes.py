"""Real processes: the command line as a script runs it, and servers on free ports."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

PATIENCE_S = 30.0
"""How long anything may take that normally takes a moment."""

DEVCONSOLE = (sys.executable, "-m", "devconsole")
PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Finished:
    """A command that ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """The one document on stdout."""
        return json.loads(self.stdout)

    @property
    def error(self) -> dict[str, str | None]:
        """The last line of stderr of a command that failed under `--json`."""
        error: dict[str, str | None] = json.loads(self.stderr.splitlines()[-1])["error"]
        return error


@dataclass(frozen=True)
class RunningServer:
    """A server process and its first line."""

    process: subprocess.Popen[str]
    ready: Mapping[str, Any]
    home: Path

    def run(self, *arguments: str, code: int | None = 0) -> Finished:
        """A command on this server's home; `code` is the exit code expected, None for any."""
        return run(*arguments, home=self.home, code=code)

    def ask(self, *arguments: str, code: int = 0) -> Any:
        """The JSON answer of a command."""
        return self.run(*arguments, "--json", code=code).json


def environment(home: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Ours, without anything that the machine may have set for Stripe or devconsole."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(SETTINGS)}
    return {**ours, "PYTHONPATH": str(PROJECT), "DEVCONSOLE_HOME": str(home), **(extra or {})}


SETTINGS = ("STRIPE_", "DEVCONSOLE_", "DEFAULT_", "PREPAID_", "AUTO_TOPUP_")


def run(
    *arguments: str,
    home: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    code: int | None = 0,
    within_s: float = PATIENCE_S * 2,
) -> Finished:
    """One command of the command line, without a terminal."""
    done = subprocess.run(
        [*DEVCONSOLE, *arguments],
        env=environment(home, env),
        cwd=cwd or home.parent,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=within_s,
    )
    finished = Finished(done.returncode, done.stdout, done.stderr)
    assert code is None or finished.code == code, finished
    return finished


@contextlib.contextmanager
def server(home: Path, *options: str, env: Mapping[str, str] | None = None) -> Iterator[RunningServer]:
    """A server on free ports; it is ready, and ends with the block."""
    command = [*DEVCONSOLE, "server", "--json", "--home", str(home)]
    if "--port" not in options:
        command += ["--port", "0"]
    if "--sandbox-port" not in options:
        command += ["--sandbox-port", "0"]
    process = subprocess.Popen(
        [*command, *options],
        env=environment(home, env),
        cwd=home.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise AssertionError(f"the server did not start: {process.communicate()}")
        yield RunningServer(process, json.loads(line), home)
    finally:
        end(process)


def end(process: subprocess.Popen[Any]) -> None:
    """End a process that we started, politely first."""
    if process.poll() is None:
        process.terminate()
    try:
        process.communicate(timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


def until(condition: Callable[[], object], *, within_s: float = PATIENCE_S, what: str = "the condition") -> Any:
    """Look again and again until it is true; the answer is what it was then."""
    deadline = time.monotonic() + within_s
    while not (found := condition()):
        assert time.monotonic() < deadline, f"{what} did not come true within {within_s:.0f} s"
        time.sleep(0.02)
    return found


def is_gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody has waited for yet has."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
