"""Values that JSON has and a database has not: found before an operation begins, not in the middle of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

INTEGER_MAX = 2**53 - 1
"""Exact in every JSON program; SQLite has 64 bits."""


def unstorable(value: Any) -> str | None:
    """What in this request cannot be stored or compared, as a sentence; None when all can."""
    return next(_found(value, "$"), None)


def _found(value: Any, path: str) -> Iterator[str]:
    match value:
        case bool():
            return
        case int() if abs(value) > INTEGER_MAX:
            yield f"`{path}` is beyond {INTEGER_MAX:,}"
        case str() if "\x00" in value or not _is_text(value):
            yield f"`{path}` has characters that cannot be stored"
        case datetime() if value.tzinfo is None:
            yield f"`{path}` is a time without a zone; end it with Z or +00:00"
        case msgspec.Struct():
            for name in value.__struct_fields__:
                yield from _found(getattr(value, name), f"{path}.{name}")
        case dict():
            for key, item in value.items():
                yield from _found(key, f"{path}.{key}")
                yield from _found(item, f"{path}.{key}")
        case list() | tuple():
            for index, item in enumerate(value):
                yield from _found(item, f"{path}[{index}]")


def _is_text(value: str) -> bool:
    """Lone surrogates are no text."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
