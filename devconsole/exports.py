"""Files that the console writes for its user: reports and invoices, in one directory of the home."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import re
from pathlib import Path

from relay.api import Report

PRIVATE_FILE = 0o600
PRIVATE_DIRECTORY = 0o700


def as_csv(report: Report) -> str:
    """Names of columns first; amounts stay integer cents, as in JSON."""
    lines = io.StringIO(newline="")
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(report.columns)
    writer.writerows(report.rows)
    return lines.getvalue().rstrip("\n")


class Exports:
    """One directory, made when the first file is written, for its owner alone: what is in it is about customers."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def write(self, name: str, content: bytes) -> Path:
        """Write the file as a whole or not at all, over one of the same name; returns where. Raises `OSError`."""
        self.directory.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
        file = self.directory / re.sub(r"[^A-Za-z0-9._-]", "_", name)
        unfinished = file.with_name(f".{file.name}.{os.getpid()}")
        try:
            with open(unfinished, "wb", opener=_private) as stream:
                stream.write(content)
            unfinished.replace(file)
        except OSError:
            with contextlib.suppress(OSError):
                unfinished.unlink()
            raise
        return file


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, PRIVATE_FILE)
