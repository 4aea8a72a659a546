"""The log of a server: one JSON document a line in the home directory, bounded in size. Standard output stays free."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

import msgspec

FILE_MAX_BYTES = 2 << 20
FILES_KEPT = 2
CHATTY = ("alembic", "stripe", "watchfiles", "asyncio")
"""These say at INFO what only their authors want to know."""

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLine(logging.Formatter):
    """Time, level, logger, event and the record's own fields."""

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        fields.update({name: value for name, value in vars(record).items() if name not in _STANDARD})
        if record.exc_info:
            fields["error"] = self.formatException(record.exc_info)
        return msgspec.json.encode(fields, enc_hook=str).decode()


@contextlib.contextmanager
def logging_to(file: Path) -> Iterator[None]:
    """Everything from INFO on goes to the file, errors also to stderr, for as long as the block runs."""
    kept = RotatingFileHandler(file, maxBytes=FILE_MAX_BYTES, backupCount=FILES_KEPT, encoding="utf-8", delay=True)
    kept.setFormatter(JsonLine())
    loud = logging.StreamHandler(sys.stderr)
    loud.setLevel(logging.ERROR)
    loud.setFormatter(logging.Formatter("devconsole: %(message)s (see %(name)s in the log)"))
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    for chatty in CHATTY:
        logging.getLogger(chatty).setLevel(logging.WARNING)
    handlers = (kept, loud)
    for handler in handlers:
        root.addHandler(handler)
    try:
        yield
    finally:
        for handler in handlers:
            root.removeHandler(handler)
            handler.close()
