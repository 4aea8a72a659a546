"""Test mode: on only while the lock file exists and the key is a test key.

The file is asked before everything that moves money, so a removed lock takes effect at once; watching the directory
only brings the news to those who did not ask.
"""

from __future__ import annotations

import getpass
import logging
from collections.abc import Callable
from pathlib import Path

import msgspec
from watchfiles import awatch

from billing.clock import Clock
from billing.errors import TestModeOff
from relay.background import Background
from relay.home import write_private

log = logging.getLogger(__name__)

NOTICE_MS = 100
"""How long the watcher gathers changes: the directory also holds the database, which is written all the time."""


class Lock(msgspec.Struct, frozen=True, kw_only=True):
    """What the lock file says: since when, who, with which version. An empty file counts too."""

    time: str = ""
    user: str = ""
    tool_version: str = ""


class TestMode:
    """Fulfils billing's `TestModeGuard`. `key_problem` says why the key in use is no test key, if it is none."""

    __test__ = False  # pytest would take the name for a test class

    def __init__(self, lock_file: Path, *, clock: Clock, tool_version: str, key_problem: str | None = None) -> None:
        self.lock_file = lock_file
        self._clock = clock
        self._tool_version = tool_version
        self._key_problem = key_problem
        self._listeners: list[Callable[[bool], None]] = []
        self._background = Background("test-mode", self._watch)
        self._told = self.is_on

    @property
    def is_on(self) -> bool:
        return self._key_problem is None and self.lock_file.exists()

    @property
    def was_on(self) -> bool:
        """What the listeners were told last, without asking the disk: behind by the watcher's delay at most."""
        return self._told

    @property
    def reason(self) -> str:
        """Why it is on or off, in a sentence."""
        if self._key_problem is not None:
            return self._key_problem
        try:
            lock = msgspec.json.decode(self.lock_file.read_bytes(), type=Lock)
        except FileNotFoundError:
            return f"the lock file {self.lock_file} does not exist"
        except (msgspec.DecodeError, OSError):
            lock = Lock()
        since = f" since {lock.time}" if lock.time else ""
        by = f" by {lock.user}" if lock.user else ""
        return f"the lock file exists{since}{by}"

    def check(self) -> None:
        """Raise `TestModeOff`, with the reason, while test mode is off."""
        if not self.is_on:
            raise TestModeOff(f"test mode is off: {self.reason}")

    def switch(self, *, on: bool) -> None:
        """Create or remove the lock file, and tell the listeners."""
        if on:
            write_private(self.lock_file, msgspec.json.encode(self._lock()))
        else:
            self.lock_file.unlink(missing_ok=True)
        self.look()

    def on_change(self, listener: Callable[[bool], None]) -> None:
        """Call `listener(is_on)` whenever the mode has changed, on the event loop."""
        self._listeners.append(listener)

    def look(self) -> None:
        """Compare with what the listeners were told last."""
        is_on = self.is_on
        if is_on == self._told:
            return
        self._told = is_on
        log.info("test_mode_changed", extra={"on": is_on})
        for listener in self._listeners:
            listener(is_on)

    def start(self) -> None:
        """Watch the lock file until `stop`."""
        self._background.start()

    async def stop(self) -> None:
        await self._background.stop()

    async def _watch(self) -> None:
        name = self.lock_file.name
        self.look()
        async for _changes in awatch(
            self.lock_file.parent,
            watch_filter=lambda _change, path: path.endswith(name),
            debounce=NOTICE_MS,
            step=NOTICE_MS // 2,
            recursive=False,
            # Notices of the kernel would come with every write to the database beside it, four for each event.
            force_polling=True,
            poll_delay_ms=NOTICE_MS,
        ):
            self.look()

    def _lock(self) -> Lock:
        return Lock(time=self._clock.now().isoformat(), user=_user(), tool_version=self._tool_version)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no such user in this container's passwd
        return ""
