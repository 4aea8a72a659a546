"""Column types that all tables share: aware UTC times, checked enums, cents under the seed system's names."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Dialect, Enum, Integer, TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC in Python, `YYYY-MM-DD HH:MM:SS.ffffff` in the file, so that SQL date functions work."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone must not reach the database")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


def cents(name: str, *, nullable: bool = False, default: int | None = 0) -> Any:
    """A money column in integer cents. `name` is the column's name in SQL, the attribute adds the unit."""
    return Column(name, BigInteger, nullable=nullable, default=None if nullable else default)


def when(name: str, *, nullable: bool = False, index: bool = False) -> Any:
    """A point in time."""
    return Column(name, UtcDateTime, nullable=nullable, index=index)


def choice(name: str, of: type[StrEnum], *, default: StrEnum | None = None, nullable: bool = False) -> Any:
    """An enum stored as its text value, with a CHECK constraint."""
    kind = Enum(
        of,
        native_enum=False,
        create_constraint=True,
        length=32,
        name=f"{name}_{of.__name__}".lower(),
        values_callable=lambda members: [member.value for member in members],
    )
    return Column(name, kind, nullable=nullable, default=default)


def number(name: str, *, default: int = 0) -> Any:
    """A plain integer under the seed system's column name."""
    return Column(name, Integer, nullable=False, default=default)
