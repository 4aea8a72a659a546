"""What proves an identity elsewhere is masked before it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

MASK: Final = "(masked)"
MASKED_HEADERS: Final = frozenset({"authorization", "cookie", "proxy-authorization", "set-cookie", "x-api-key"})


def masked(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers as they may be kept."""
    return {name: MASK if name.lower() in MASKED_HEADERS else value for name, value in headers.items()}
