"""What is to go wrong inside of a server, and the pipe on which the lab that started the process asks for it.

It exists in processes of the lab only: the parts that look at it are put into a server by `lab.host` and by nobody
else, and nothing but the other end of the pipe, which is in the lab's own process, can speak to it.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from sqlmodel import Session

from billing.handlers import HANDLERS, Rule

ORPHANED = 1
"""Exit code of a server whose lab is gone."""
SLOW, BROKEN, FULL = "slow-handler", "handler-error", "disk-full"


class HandlerBroke(Exception):
    """What a handler with a mistake in it raises."""


class Hazards:
    """Told over `line` as `(name, value)`; writes into `notes` what has struck, which survives the process."""

    def __init__(self, line: Connection, notes: Path) -> None:
        self.ahead_s = 0.0
        self._line = line
        self._notes = notes
        self._slow: list[float] = []
        self._errors = 0
        self._tell: Mapping[str, Callable[[Any], None]] = {
            "ahead": self._set_ahead,
            "slow": self._set_slow,
            "errors": self._set_errors,
            "full": self._set_full,
        }

    def listen(self) -> None:
        """Do as the lab says, from now on; end with it."""
        threading.Thread(target=self._listen, name="hazards", daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                name, value = self._line.recv()
                self._tell[name](value)
                self._line.send(name)
            except (EOFError, OSError):
                os._exit(ORPHANED)

    def struck(self, what: str) -> None:
        with contextlib.suppress(OSError), self._notes.open("a", encoding="utf-8") as notes:
            notes.write(what + "\n")

    # The clock ------------------------------------------------------------------------------------------------------

    def now(self) -> datetime:
        """The time of this machine and what was put before it; `Hazards` is the server's clock."""
        return datetime.now(UTC) + timedelta(seconds=self.ahead_s)

    def _set_ahead(self, seconds: float) -> None:
        self.ahead_s = seconds

    # Handlers -------------------------------------------------------------------------------------------------------

    def rules(self) -> Mapping[str, Rule[Any]]:
        """All that billing does on events, with what goes wrong in it."""
        return {event_type: _disturbed(rule, self._handled) for event_type, rule in HANDLERS.items()}

    def _handled(self) -> None:
        """A handler has done its work, and nothing of it is committed."""
        if self._slow:
            self.struck(SLOW)
            time.sleep(self._slow.pop())
        if self._errors:
            self._errors -= 1
            self.struck(BROKEN)
            raise HandlerBroke("a handler failed on demand, after all that it wrote")

    def _set_slow(self, seconds: list[float]) -> None:
        self._slow = seconds

    def _set_errors(self, count: int) -> None:
        self._errors = count

    # The disk -------------------------------------------------------------------------------------------------------

    def _set_full(self, full: bool) -> None:
        """No file of this process can grow beyond its first byte, not even a write-ahead log."""
        if sys.platform == "win32":
            return  # it has no such limit; the experiment says that nothing has struck
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        if full:
            self.struck(FULL)  # while it can still be written
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 if full else hard, hard))


def _disturbed(rule: Rule[Any], handled: Callable[[], None]) -> Rule[Any]:
    disturbed: Rule[Any] = Rule.__new__(Rule)
    disturbed.__dict__.update(rule.__dict__)

    def apply(session: Session, event: Any) -> Any:
        outcome = rule.apply(session, event)
        session.flush()
        handled()
        return outcome

    disturbed.apply = apply
    return disturbed
