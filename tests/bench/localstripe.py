"""localstripe, another stand-in for Stripe, as a baseline: a separate process in an environment of its own.

It is GPL software: it is run, never read or linked, and nothing of the product depends on it.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import tempfile
import time
import venv
from collections.abc import Iterator
from pathlib import Path

from tests.bench.processes import SERVER_CORE, pin

VERSION = "1.15.10"
DEADLINE_S = 20.0


class Unavailable(Exception):
    """It cannot be had here; the message says why."""


def program() -> Path:
    """Its executable, installed once per user. Raises `Unavailable`, without a network for example."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    home = cache / "devconsole-bench" / f"localstripe-{VERSION}"
    path = home / "bin" / "localstripe"
    if path.exists():
        return path
    try:
        venv.create(home, with_pip=True, clear=True)
        command = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", f"localstripe=={VERSION}"]
        subprocess.run(command, check=True, capture_output=True, timeout=300)
    except (OSError, subprocess.SubprocessError) as error:
        raise Unavailable(f"localstripe {VERSION} cannot be installed: {error}") from error
    return path


@contextlib.contextmanager
def running() -> Iterator[tuple[int, int]]:
    """Started from nothing on a free port; yields port and process id."""
    command = [str(program()), "--from-scratch"]
    port = free_port()
    with tempfile.TemporaryDirectory() as directory:
        process = subprocess.Popen(
            [*command, "--port", str(port)], cwd=directory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            pin(process.pid, SERVER_CORE)
            wait_until_open(port, process)
            yield port, process.pid
        finally:
            process.terminate()
            process.wait(10)


def wait_until_open(port: int, process: subprocess.Popen[bytes]) -> None:
    """Return when somebody listens. Raises `Unavailable` when the process has ended or takes too long."""
    deadline = time.monotonic() + DEADLINE_S
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.005)
    raise Unavailable(f"the process {process.pid} does not listen on port {port}")


def free_port() -> int:
    """One that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
