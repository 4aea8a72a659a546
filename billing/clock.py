"""Time and identity as arguments, so that a story can run on a virtual clock and give the same rows twice."""

from __future__ import annotations

import secrets
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


class RandomIds:
    """Ids that never repeat: 24 random base-36 characters after the prefix."""

    _alphabet = "0123456789abcdefghijklmnopqrstuvwxyz"

    def new(self, prefix: str) -> str:
        return prefix + "".join(secrets.choice(self._alphabet) for _ in range(24))


@dataclass
class CountedIds:
    """Ids from a counter: the same calls give the same ids."""

    last: int = 0

    def new(self, prefix: str) -> str:
        self.last += 1
        return f"{prefix}{self.last:024d}"
