"""Finds the server of a home directory, or starts one as a child that ends when we do, however we end."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any
from urllib.parse import urlsplit

import msgspec

from devconsole.exclusive import is_held
from devconsole.output import Failure
from relay.home import Home, ServerRecord
from relay.wire import HEALTH_PATH

READY_DEADLINE_S = 30.0
HEALTH_DEADLINE_S = 2.0
POLL_S = 0.1
RESTARTS_MAX, RESTARTS_WITHIN_S = 3, 60.0
"""A server that ends more often than that is not helped by another start."""
END_DEADLINE_S = 15.0
"""A server finishes what it has begun before it ends; after this it is killed."""


@dataclass(frozen=True)
class Attached:
    """A server that answered. `is_ours`: we started it, and it ends with us."""

    url: str
    token: str
    is_ours: bool


@dataclass(frozen=True)
class Revived:
    """Another server in the place of the one that ended, and what is to be said about it."""

    attached: Attached
    says: str


class _Ready(msgspec.Struct, frozen=True):
    """The first line of `devconsole server --json`."""

    ready: bool
    relay: str


class _Said(msgspec.Struct, frozen=True):
    """The error line of a command with `--json`."""

    error: dict[str, str | None]


class Attachment:
    """The way to the server of `home`: `wait` finds or starts it, `close` lets go of it and ends it if it is ours.

    `start` are options of `devconsole server`, used only when one has to be started.
    """

    def __init__(self, home: Home, start: Mapping[str, Any]) -> None:
        self.home = home
        self._start = start
        self._child: _Child | None = None
        self._is_ours = False
        self._url: str | None = None
        self._restarted_at: list[float] = []

    def wait(self) -> Attached:
        """The server, once it is ready. Blocks for up to half a minute. Raises `Failure` with what the child said."""
        if (running := running_server(self.home)) is not None:
            return self._attached(running.relay_url, is_ours=False)
        self._is_ours = True
        self._child = _Child(server_command(self.home, self._start))
        try:
            return self._attached(self._child.wait_ready(), is_ours=True)
        except Failure:
            self.close()
            # Somebody may have been faster on the same home; then ours refused, and theirs serves.
            if (running := self._faster_one()) is None:
                raise
            return self._attached(running.relay_url, is_ours=False)

    def revive(self) -> Revived | None:
        """Call it when the server does not answer any more. Blocks like `wait`.

        If ours has ended, another one is started; one that was not ours is only looked for where it may have gone.
        None: nothing is to be done but to wait. Raises `Failure` when another one cannot be started, or when they end
        one after the other.
        """
        if not self._is_ours:
            running = running_server(self.home)
            if running is None or running.relay_url == self._url:
                return None
            return Revived(self._attached(running.relay_url, is_ours=False), "Another server answers on this home.")
        if self._child is not None and (ended := self._child.how_it_ended()) is None:
            return None
        if self._child is None:
            ended = "it could not be started"
        self.close()
        self._count_restart()
        attached = self.wait()
        return Revived(attached, f"The server ended: {ended}. Another one runs now; what was acknowledged is kept.")

    def _count_restart(self) -> None:
        """Raises `Failure` when it happens too often to be of use."""
        now = time.monotonic()
        self._restarted_at = [at for at in self._restarted_at if now - at < RESTARTS_WITHIN_S]
        if len(self._restarted_at) >= RESTARTS_MAX:
            raise Failure(
                f"the server ended {RESTARTS_MAX + 1} times within a minute; it is not started again for now",
                remedy=f"Look into {self.home.log}.",
                code="server_not_started",
            )
        self._restarted_at.append(now)

    def close(self) -> None:
        """End the server if it is ours."""
        if self._child is not None:
            self._child.end()
            self._child = None

    def _faster_one(self) -> ServerRecord | None:
        deadline = time.monotonic() + READY_DEADLINE_S
        while is_held(self.home) and time.monotonic() < deadline:
            if (running := running_server(self.home)) is not None:
                return running
            time.sleep(POLL_S)
        return None

    def _attached(self, url: str, *, is_ours: bool) -> Attached:
        self._url, self._is_ours = url, is_ours
        return Attached(url, os.environ.get("DEVCONSOLE_TOKEN") or self.home.token(), is_ours)


def running_server(home: Home) -> ServerRecord | None:
    """The record of the server that answers on this home; None when none does."""
    record = home.read_server()
    if record is None or not _is_alive(record.pid):
        return None
    return record if _answers(record) else None


def server_command(home: Home, start: Mapping[str, Any]) -> list[str]:
    """The command line of a child server with these options of the command line."""
    command = [sys.executable, "-m", "devconsole", "server", "--json", "--until-stdin-closes", "--home", str(home.path)]
    for name, value in start.items():
        option = f"--{name.replace('_', '-')}"
        if value is True:
            command.append(option)
        else:
            for each in value if isinstance(value, tuple) else (value,):
                command += [option, str(each)]
    return command


LAST_WORDS_MAX = 2_000


class _Child:
    """A server process that lives while we hold its stdin open."""

    def __init__(self, command: Sequence[str]) -> None:
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `end`
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            start_new_session=True,  # Ctrl+C in the terminal is for the console, which then ends its server in order
        )

    def wait_ready(self) -> str:
        """The relay's address. Raises `Failure`."""
        assert self._process.stdout is not None
        # A pipe has no deadline of its own; killing the child closes it.
        deadline = threading.Timer(READY_DEADLINE_S, self._process.kill)
        deadline.start()
        try:
            line = self._process.stdout.readline()
        finally:
            deadline.cancel()
        try:
            return msgspec.json.decode(line, type=_Ready).relay
        except msgspec.DecodeError:
            raise self._failure() from None

    def how_it_ended(self) -> str | None:
        """In words; None while it runs."""
        code = self._process.poll()
        if code is None:
            return None
        if code < 0:
            return f"{signal.Signals(-code).name} killed it"
        last = self._last_words()
        return f"exit code {code}" + (f", {last}" if last else "")

    def _last_words(self) -> str:
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").strip().splitlines()
        return lines[-1][:LAST_WORDS_MAX] if lines else ""

    def end(self) -> None:
        """Let go of the child and wait until it has ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(END_DEADLINE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._said.close()

    def _failure(self) -> Failure:
        """What the child said last before it ended."""
        self._process.wait()
        last = self._last_words() or f"it ended with exit code {self._process.returncode}"
        try:
            error = msgspec.json.decode(last.encode(), type=_Said).error
        except msgspec.DecodeError:
            return Failure(f"the server did not start: {last}", code="server_not_started")
        return Failure(error.get("message") or last, remedy=error.get("remedy"), code=error.get("code") or "refused")


def _is_alive(pid: int) -> bool:
    if sys.platform == "win32":
        return True  # signal 0 would end it there; whether it answers is asked anyway
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _answers(record: ServerRecord) -> bool:
    address = urlsplit(record.relay_url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=HEALTH_DEADLINE_S)
    try:
        connection.request("GET", HEALTH_PATH)
        answer = msgspec.json.decode(connection.getresponse().read(), type=dict[str, Any])
    except (OSError, http.client.HTTPException, msgspec.DecodeError):
        return False
    finally:
        connection.close()
    return answer.get("pid") == record.pid
