"""What proves an identity elsewhere is masked before it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

MASK: Final = "(masked)"
MASKED_HEADERS: Final = frozenset({"authorization", "cookie", "proxy-authorization", "set-cookie", "x-api-key"})


def masked(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers as they may be kept."""
    return {
        text_of(name): MASK if name.lower() in MASKED_HEADERS else text_of(value) for name, value in headers.items()
    }


def text_of(value: str) -> str:
    """Bytes of a header that are no UTF-8 are written as escapes: neither JSON nor the database can hold them."""
    return value if value.isascii() else value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
