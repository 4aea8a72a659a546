"""Moving what was committed from the write-ahead log into the database file, beside the writer instead of in its way.

SQLite does it by itself in the commit that finds the log long, and whoever waits for that commit waits for all of it.
A thread of its own keeps the rest so short that the writer, which must be the one to begin the log anew, has little
left to do. (`python -m tests.bench visible` shows how late deliveries are answered.)
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from pathlib import Path
from typing import Final

LOG_PAGES: Final = 8_000
"""The writer begins the log anew when it is so long: 32 MB."""
GAP_S: Final = 0.1
"""From one look to the next, while something is written."""
WORTHWHILE: Final = 1 << 20
"""Bytes; a shorter log can wait for the next look."""


class Checkpoints:
    """The thread for one database file. `written` tells it that there is more; it sleeps until then."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._log = path.with_name(f"{path.name}-wal")
        self._news = threading.Event()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"checkpoints-{path.name}", daemon=True)
        self._thread.start()

    def written(self) -> None:
        self._news.set()

    def close(self) -> None:
        self._end.set()
        self._news.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._end.is_set():
            self._news.wait()
            self._news.clear()
            if self._end.wait(GAP_S):
                return
            # A full disk or a file that is gone is the writer's to report: what is not moved now is moved later.
            with contextlib.suppress(OSError, sqlite3.Error):
                if self._log.stat().st_size >= WORTHWHILE:
                    self._checkpoint()

    def _checkpoint(self) -> None:
        # Never make a file where there is none any more, and wait for nobody: closing waits for this thread.
        file = f"{self._path.absolute().as_uri()}?mode=rw"
        with contextlib.closing(sqlite3.connect(file, uri=True, isolation_level=None, timeout=0)) as connection:
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
