"""What a report is: a plain table of text, whole numbers and nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlmodel import Session

from billing.money import round_half_up
from billing.policy import Policy

Cell = str | int | None
YES, NO = "yes", "no"


@dataclass(frozen=True, slots=True)
class Report:
    """One answer. Every row has as many cells as there are `columns`. Money is cents, days are UTC."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


Run = Callable[[Session, int | None, Policy, datetime], Report]
"""Session, days back (None = what is usual for the report), policy, now."""


def time_text(moment: datetime) -> str:
    """`2026-11-02T08:00:00Z`."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def percent_text(part: int, whole: int) -> str:
    """With one decimal, rounded half up: 1 of 8 is `12.5`. `whole` > 0."""
    tenths = round_half_up(part * 1_000, whole)
    return f"{tenths // 10}.{tenths % 10}"


def midnight(now: datetime) -> datetime:
    """When the UTC day of `now` began."""
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
