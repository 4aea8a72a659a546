"""What an explanation is drawn from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from billing.signature import TOLERANCE_S, Secret

SHOWN_MAX = 5
"""Differences that are named."""
API_KEYS = ("sk_", "rk_", "pk_")


@dataclass(frozen=True, slots=True)
class KnownSecrets:
    """`active` are those that were used to verify; a match with any other only explains."""

    active: Sequence[Secret] = ()
    others: Sequence[Secret] = ()
    """Accepted by this server, but not used here."""
    retired: Sequence[Secret] = ()
    """Accepted once."""
    keys: Sequence[Secret] = ()
    """API keys, which people paste where a signing secret belongs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One delivery, and what is known beside it."""

    body: bytes
    header: str | None
    secrets: KnownSecrets
    now: datetime
    """When it arrived."""
    headers: Mapping[str, str] = field(default_factory=dict)
    originals: Sequence[bytes] = ()
    """The bytes of the event of the same id, as it was accepted or as Stripe tells it."""
    clock_ahead_s: float | None = None
    """How far this machine's clock was ahead of Stripe's when they were last compared."""
    tolerance_s: int = TOLERANCE_S


def masked(secret: str) -> str:
    """Enough of a secret to know it again."""
    text = secret.strip()
    kind, underscore, rest = text.rpartition("_")
    head = kind + underscore if underscore and len(kind) < 8 else ""
    return f"{head}…{rest[-4:]}" if len(rest) >= 12 else f"{head}…"


def parsed(body: bytes) -> Any:
    """The JSON of a body, or None."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def differences(before: Any, after: Any, path: str = "") -> Iterator[str]:
    """Where two JSON values differ, as dotted paths with both values."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in dict.fromkeys((*before, *after)):
            place = f"{path}.{key}" if path else str(key)
            if key not in after:
                yield f"{place} is missing"
            elif key not in before:
                yield f"{place} was added"
            else:
                yield from differences(before[key], after[key], place)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from differences(one, other, f"{path}[{index}]")
    elif before != after or type(before) is not type(after):
        yield f"{path or 'the whole'} was {_short(before)} and is {_short(after)}"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else text[:39] + "…"
