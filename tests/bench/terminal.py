"""The console as people run it: a real process on a pseudo-terminal, whose output is timed byte by byte."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from fcntl import ioctl
from pathlib import Path

from tests.bench.processes import LOAD_CORE, pin

COLUMNS, ROWS = 120, 40


class Terminal:
    """A process on a terminal of 120x40; reads all that it writes and remembers when the last bytes came."""

    def __init__(self, command: list[str]) -> None:
        self._leader, follower = pty.openpty()
        ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        self.started = time.perf_counter()
        self.process = subprocess.Popen(command, stdin=follower, stdout=follower, stderr=follower, env=environment)
        os.close(follower)
        self.bytes_seen = 0
        self.tail = b""
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_for_bytes(self, more_than: int, deadline_s: float = 30.0) -> float:
        """The time at which more than so many bytes had come. Raises `TimeoutError`."""
        with self._changed:
            if not self._changed.wait_for(lambda: self.bytes_seen > more_than, deadline_s):
                raise TimeoutError(f"nothing painted within {deadline_s} s; last: {self.tail[-200:]!r}")
            return time.perf_counter()

    def wait_for_text(self, text: bytes, deadline_s: float = 30.0) -> None:
        """Wait until the text was painted somewhere in the last screens."""
        with self._changed:
            if not self._changed.wait_for(lambda: text in self.tail, deadline_s):
                raise TimeoutError(f"{text!r} was not painted within {deadline_s} s")

    def settle(self, quiet_s: float = 0.25) -> None:
        """Wait until nothing was painted for a while."""
        seen = -1
        while seen != self.bytes_seen:
            seen = self.bytes_seen
            time.sleep(quiet_s)

    def press(self, key: bytes) -> float:
        """Seconds from a key to the first bytes painted after it."""
        before = self.bytes_seen
        start = time.perf_counter()
        os.write(self._leader, key)
        return self.wait_for_bytes(before, 5.0) - start

    def press_for(self, key: bytes, is_there: Callable[[bytes], bool], deadline_s: float = 10.0) -> float:
        """Seconds from a key until what was painted since has it, whatever else is painted meanwhile."""
        before = self.bytes_seen
        start = time.perf_counter()
        os.write(self._leader, key)
        with self._changed:
            if not self._changed.wait_for(lambda: is_there(self._painted_since(before)), deadline_s):
                raise TimeoutError(f"nothing new was painted within {deadline_s} s of {key!r}")
            return time.perf_counter() - start

    def _painted_since(self, bytes_seen: int) -> bytes:
        new = self.bytes_seen - bytes_seen
        return self.tail[-new:] if new else b""

    def close(self) -> None:
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(20)
        self.process.kill()
        os.close(self._leader)

    def _read(self) -> None:
        while True:
            try:
                if not select.select([self._leader], [], [], 1.0)[0]:
                    continue
                data = os.read(self._leader, 1 << 16)
            except (OSError, ValueError):
                return
            with self._changed:
                self.bytes_seen += len(data)
                self.tail = (self.tail + data)[-200_000:]
                self._changed.notify_all()


@contextlib.contextmanager
def console(home: Path, *, shows: bytes = b"Kaffeehaus") -> Iterator[Terminal]:
    """The console attached to the server that runs on this home, once it `shows` one of its companies."""
    terminal = Terminal([sys.executable, "-m", "devconsole", "--home", str(home)])
    pin(terminal.process.pid, LOAD_CORE)
    try:
        terminal.wait_for_text(shows)
        terminal.settle()
        yield terminal
    finally:
        terminal.close()
