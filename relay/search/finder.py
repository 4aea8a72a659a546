"""Searching the inbox with a filter: the newest that match, and how many there are, in a bounded time.

Where an index knows few candidates, those are looked at. Otherwise the list is read from its newest end in windows
that grow, through an index that holds everything a filter asks for except bodies.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, Select, create_engine, event, func, select, text, union_all
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler

from relay.filtering.language import All, Any_, Filter, Not, Received, Text
from relay.filtering.words import contains
from relay.search.conditions import HIGH, LOW, Conditions, narrowest
from relay.search.text_index import TextIndex
from relay.views.events import EVENTS

TOTAL_MAX: Final = 2_000
"""More matches than this are not counted."""
FEW: Final = 5_000
"""So many candidates are cheaper looked at one by one."""
UNINDEXED_MAX: Final = 5_000
"""So many of the newest bodies are read where the index has not reached them yet."""
WINDOW: Final = 5_000
WINDOW_MAX: Final = 100_000
GROWTH: Final = 3
READERS: Final = 4
CLOCK_SET_BACK: Final = timedelta(hours=1)
"""Inbox numbers ascend with time, except where the clock of this machine was set back; by no more than this."""


@dataclass(frozen=True, slots=True)
class Found:
    """Inbox numbers, newest first, as many as were asked for at most."""

    ids: Sequence[int]
    more: bool
    """There are more than these."""
    unsearched: int
    """Events whose bodies were not searched: the index is still being made."""


class Finder:
    """Searches in threads, on connections of its own that see both files and can write to neither."""

    def __init__(self, index: TextIndex) -> None:
        self._index = index
        self._engine: Engine | None = None

    async def find(
        self, wanted: Filter, *, after: int | None = None, before: int | None = None, at_most: int = TOTAL_MAX
    ) -> Found:
        """What matches among the inbox numbers above `after` and below `before`."""
        return await asyncio.to_thread(self._find, wanted, after, before, at_most)

    async def close(self) -> None:
        if self._engine is not None:
            await asyncio.to_thread(self._engine.dispose)
            self._engine = None

    def _find(self, wanted: Filter, after: int | None, before: int | None, at_most: int) -> Found:
        with self._opened().connect() as connection:
            return _Search(connection, wanted, after, before, at_most).run()

    def _opened(self) -> Engine:
        if self._engine is None:
            self._engine = _reader(self._index.database, self._index.path)
        return self._engine


class _Search:
    def __init__(
        self, connection: Connection, wanted: Filter, after: int | None, before: int | None, at_most: int
    ) -> None:
        self._connection, self._wanted, self._at_most = connection, wanted, at_most
        newest = connection.execute(select(func.coalesce(func.max(EVENTS.c.id), 0))).scalar_one()
        self._low = 0 if after is None else after + 1
        self._high = newest if before is None else min(newest, before - 1)
        read_from, self._unsearched = 0, 0
        if _speaks_of_text(wanted):
            indexed_to = connection.execute(text("SELECT indexed_to FROM search.state")).scalar_one()
            read_from = max(indexed_to, newest - UNINDEXED_MAX)
            self._unsearched = read_from - indexed_to
        self._conditions = Conditions(read_from)

    def run(self) -> Found:
        way = narrowest(self._conditions.narrow(self._wanted), self._count, at_most=FEW)
        ids = self._by_windows() if way is None else self._among(way)
        return Found(ids[: self._at_most], len(ids) > self._at_most, self._unsearched)

    def _among(self, way: Sequence[Select[Any]]) -> list[int]:
        candidates = union_all(*way).subquery() if len(way) > 1 else way[0].subquery()
        condition = self._conditions.of(self._wanted, bodies=True)
        return self._ids(select(EVENTS.c.id).where(EVENTS.c.id.in_(select(candidates)), condition), self._low)

    def _by_windows(self) -> list[int]:
        wanted = select(EVENTS.c.id).with_hint(EVENTS, "INDEXED BY events_to_filter", "sqlite")
        wanted = wanted.where(self._conditions.of(self._wanted))
        found: list[int] = []
        high, size = self._high, WINDOW
        while high >= self._low and len(found) <= self._at_most:
            low = max(self._low, high - size + 1)
            found += self._ids(wanted.limit(self._at_most + 1 - len(found)), low, high)
            high, size = low - 1, min(size * GROWTH, WINDOW_MAX)
            if self._is_too_old(high):
                break
        return found

    def _is_too_old(self, number: int) -> bool:
        """Whether everything from here on down came before the filter begins."""
        begin = _begin(self._wanted)
        if begin is None:
            return False
        received_at = select(EVENTS.c.received_at).where(EVENTS.c.id <= number).order_by(EVENTS.c.id.desc()).limit(1)
        at = self._connection.execute(received_at).scalar_one_or_none()
        return at is not None and at < begin - CLOCK_SET_BACK

    def _ids(self, wanted: Select[Any], low: int, high: int | None = None) -> list[int]:
        statement = wanted.where(EVENTS.c.id.between(LOW, HIGH)).order_by(EVENTS.c.id.desc())
        bounds = {"low_id": low, "high_id": self._high if high is None else high}
        return list(self._connection.execute(statement, bounds).scalars())

    def _count(self, part: Select[Any], at_most: int) -> int:
        statement = select(func.count()).select_from(part.limit(at_most).subquery())
        return int(self._connection.execute(statement, {"low_id": self._low, "high_id": self._high}).scalar_one())


def _begin(wanted: Filter) -> datetime | None:
    """The time before which nothing can match."""
    match wanted:
        case Received(low=low):
            return low
        case All(filters=filters):
            return max((begin for begin in map(_begin, filters) if begin is not None), default=None)
    return None


def _speaks_of_text(wanted: Filter) -> bool:
    match wanted:
        case All(filters=filters) | Any_(filters=filters):
            return any(map(_speaks_of_text, filters))
        case Not(filter=inner):
            return _speaks_of_text(inner)
    return isinstance(wanted, Text)


class _HintingCompiler(SQLiteCompiler):
    """Lets a statement name its index, which SQLite would not choose beside a range of row ids."""

    def get_from_hint_text(self, table: Any, text: str | None) -> str | None:  # noqa: ARG002 - the base's signature
        return text


def _reader(database: Path, index: Path) -> Engine:
    engine = create_engine(
        f"sqlite:///{database}",
        connect_args={"check_same_thread": False, "timeout": 10.0},
        pool_size=READERS,
        max_overflow=0,
    )
    engine.dialect.statement_compiler = _HintingCompiler

    def prepare(dbapi_connection: Any, _record: Any) -> None:
        dbapi_connection.execute("ATTACH ? AS search", (str(index),))
        dbapi_connection.execute("PRAGMA query_only=ON")
        dbapi_connection.create_function("has_words", 3, _has_words, deterministic=True)

    event.listen(engine, "connect", prepare)
    return engine


def _has_words(payload: bytes, words: str, open_end: int) -> bool:
    return contains(payload, tuple(words.split(" ")), bool(open_end))
