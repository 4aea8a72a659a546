"""The record of what developers did, one JSON line each, so that a story can be made of it after a restart too.

A file and no table: it is no part of the money, nothing is ever looked up in it by key, and losing it loses nothing
but the wish to tell the story again. Bounded: at `FILE_BYTES_MAX` the file becomes the older one of two.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from relay.api import PerformedView
from relay.api.operation import Operation
from relay.home import PRIVATE_FILE

log = logging.getLogger(__name__)

FILE_BYTES_MAX = 4 << 20
"""About 20,000 operations."""

CARD_NUMBER: Final = re.compile(r"(?<!\w)(?:\d[ -]?){12,18}\d(?!\w)")
"""Somebody typed a number where a card's name belongs. Numbers of calls are shorter or begin with a plus."""
MASK: Final = "(masked)"


class PerformedLog:
    """Appends to `path`, and reads it together with the file before it."""

    def __init__(self, path: Path, *, file_bytes_max: int = FILE_BYTES_MAX) -> None:
        self._path, self._older = path, path.with_suffix(".older.ndjson")
        self._file_bytes_max = file_bytes_max

    def append(
        self, asked: Operation[Any], *, at: datetime, ended_at: datetime, outcome: str, answer: object = None
    ) -> PerformedView:
        """Note one operation and return the note.

        Never raises for a full or broken disk: what was carried out has been carried out.
        """
        row = PerformedView(
            at=at,
            ended_at=ended_at,
            name=asked.name,
            input=_without_numbers(msgspec.to_builtins(asked)),
            outcome=outcome,
            ids=_ids(answer),
        )
        try:
            self._write(msgspec.json.encode(row) + b"\n")
        except OSError as error:
            log.error("operation_not_recorded", extra={"operation": asked.name}, exc_info=error)
        return row

    def newest_first(self) -> Iterator[PerformedView]:
        """Every operation that is still known. A line that a crash has cut short is passed over."""
        decode = msgspec.json.Decoder(PerformedView).decode
        for path in (self._path, self._older):
            for line in reversed(_lines(path)):
                try:
                    yield decode(line)
                except msgspec.DecodeError:
                    continue

    def _write(self, line: bytes) -> None:
        handle = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, PRIVATE_FILE)
        try:
            size = os.fstat(handle).st_size
            if size:
                os.lseek(handle, -1, os.SEEK_END)
            torn = size > 0 and os.read(handle, 1) != b"\n"
            os.write(handle, b"\n" + line if torn else line)
        finally:
            os.close(handle)
        if size + len(line) > self._file_bytes_max:
            self._path.replace(self._older)


def _lines(path: Path) -> list[bytes]:
    try:
        return path.read_bytes().splitlines()
    except FileNotFoundError:
        return []


def _ids(answer: object) -> dict[str, int | str]:
    if not isinstance(answer, msgspec.Struct):
        return {}
    named = {name: getattr(answer, name) for name in answer.__struct_fields__ if name == "id" or name.endswith("_id")}
    return {name: value for name, value in named.items() if isinstance(value, int | str)}


def _without_numbers(value: Any) -> Any:
    """The same without anything that looks like the number of a card."""
    if isinstance(value, str):
        return CARD_NUMBER.sub(MASK, value)
    if isinstance(value, dict):
        return {key: _without_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_numbers(item) for item in value]
    return value
