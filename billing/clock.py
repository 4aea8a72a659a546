"""Time and identity as arguments, so that a story can run on a virtual clock and give the same rows twice."""

from __future__ import annotations

import hashlib
import secrets
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Where billing and relay read the time. Aware UTC, always."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class ManualClock:
    """A clock that stands still until it is moved: for tests and scenarios."""

    current: datetime = field(default_factory=lambda: datetime(2026, 11, 2, 9, 0, tzinfo=UTC))

    def now(self) -> datetime:
        return self.current

    def advance(self, delta: timedelta) -> None:
        self.current += delta


class IdSource(Protocol):
    """Where new public ids come from (provider call ids, our own event ids)."""

    def new(self, prefix: str) -> str: ...


_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


class RandomIds:
    """Ids that never repeat: 24 random base-36 characters after the prefix."""

    def new(self, prefix: str) -> str:
        return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(24))


class SeededIds:
    """Ids in the same shape that depend on the seed, the prefix and how many with it came before.

    A counter per prefix: what one kind of row takes never shifts the ids of another.
    """

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._taken: Counter[str] = Counter()

    def new(self, prefix: str) -> str:
        number = self._taken[prefix]
        self._taken[prefix] += 1
        digest = hashlib.shake_128(f"{self._seed}/{prefix}/{number}".encode()).digest(24)
        return prefix + "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in digest)


@dataclass
class CountedIds:
    """Ids from a counter: the same calls give the same ids."""

    last: int = 0

    def new(self, prefix: str) -> str:
        self.last += 1
        return f"{prefix}{self.last:024d}"
