"""One round: which events does Stripe know that the inbox does not, and which of them are overdue?

An event that is not there yet may be on its way, so it counts as missed only after it was missing for `grace_s`, or
when it is older than `OLD_S` by Stripe's own clock. What is missed is stored oldest first. Nothing here counts on
clocks to agree: the mark up to which all is known is made of Stripe's times alone.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select

from billing.db import Database
from billing.models import EventCursor
from relay.backfill.cursor import begin_cursor, move_cursor, read_cursor
from relay.backfill.events_api import EventsApi, EventsPage, FetchedEvent
from relay.views.events import EVENTS
from relay.views.query import fetch

OVERLAP: Final = timedelta(seconds=5)
"""Looked at again each time: lists may show an event a little later than its time says."""
OLD: Final = timedelta(seconds=60)
"""An event that old is not on its way any more."""
PAGES_MAX: Final = 3_000
"""In one round: 300,000 events, more than the month that Stripe keeps holds in test mode."""
HELD_BYTES_MAX: Final = 16 << 20
"""Of missed events held at once; when there are more, the oldest are stored first and the rest in the next round."""
AWAITED_MAX: Final = 50_000


@dataclass(frozen=True, slots=True)
class Round:
    """What a round found. `missed` are to be stored, oldest first; `awaited` may still come by themselves."""

    missed: tuple[FetchedEvent, ...] = ()
    awaited: int = 0
    complete_until: datetime | None = None
    """The new mark, valid once `missed` are stored."""
    is_cut: bool = False
    """There is more to fetch than one round holds."""
    told_at: datetime | None = None


@dataclass
class CatchUp:
    """Rounds over one Stripe; remembers between them what is awaited since when."""

    db: Database
    api: EventsApi
    stripe_api: str
    """Names the Stripe in the database."""
    grace_s: float
    held_bytes_max: int = HELD_BYTES_MAX
    time_s: Callable[[], float] = time.monotonic
    _awaited: dict[str, float] = field(default_factory=dict)

    async def begin(self, now: datetime) -> bool:
        """Look for the first time: what is there already was never ours. False when this was done before."""
        async with self.db.read() as session:
            if await read_cursor(session, self.stripe_api) is not None:
                return False
        page = await self.api.page(since=None, limit=1)
        newest = page.events[0] if page.events else None
        at = newest.created_at if newest else now - OLD
        first_event_id = newest.event_id if newest else None
        cursor = EventCursor(
            stripe_api=self.stripe_api, complete_until=at, first_event_id=first_event_id, first_created_at=at
        )
        await self.db.write(begin_cursor, cursor)
        return True

    async def look(self) -> Round:
        """Compare Stripe's events since the mark with the inbox. Raises `GatewayUnavailable` or `Refused`."""
        async with self.db.read() as session:
            cursor = await read_cursor(session, self.stripe_api)
        assert cursor is not None, "begin comes first"
        walk = _Walk(cursor, held_bytes_max=self.held_bytes_max)
        page = await self.api.page(since=walk.since)
        told_at = page.told_at
        for number in range(PAGES_MAX):
            events = walk.ours(page)
            known = await self._known(event.event_id for event in events)
            for event in events:
                if event.event_id not in known:
                    self._missing(walk, event, told_at)
            if walk.ended or not page.has_more or number == PAGES_MAX - 1:
                break
            page = await self.api.page(since=walk.since, starting_after=page.events[-1].event_id)
        self._awaited = {event_id: at for event_id, at in self._awaited.items() if event_id in walk.unknown}
        return Round(tuple(walk.missed), walk.awaited, walk.mark(), walk.is_cut, told_at)

    async def done(self, found: Round) -> None:
        """What was missed is stored: move the mark."""
        if found.complete_until is not None:
            await self.db.write(move_cursor, self.stripe_api, found.complete_until)

    async def _known(self, ids: Iterable[str]) -> set[str]:
        wanted = list(ids)
        if not wanted:
            return set()
        async with self.db.read() as session:
            rows = await fetch(session, select(EVENTS.c.event_id).where(EVENTS.c.event_id.in_(wanted)))
        return {row["event_id"] for row in rows}

    def _missing(self, walk: _Walk, event: FetchedEvent, told_at: datetime | None) -> None:
        now = self.time_s()
        walk.unknown.add(event.event_id)
        since = self._awaited.setdefault(event.event_id, now) if len(self._awaited) < AWAITED_MAX else 0.0
        is_old = told_at is not None and event.created_at < told_at - OLD
        if is_old or now - since >= self.grace_s:
            walk.add_missed(event)
        else:
            walk.add_awaited(event)


class _Walk:
    """From the newest event back to the mark."""

    def __init__(self, cursor: EventCursor, *, held_bytes_max: int) -> None:
        self._cursor, self._held_bytes_max = cursor, held_bytes_max
        self.since = max(cursor.complete_until - OVERLAP, cursor.first_created_at)
        self.missed: deque[FetchedEvent] = deque()
        self.unknown: set[str] = set()
        self.awaited = 0
        self.is_cut = False
        self.ended = False
        self._bytes = 0
        self._newest: datetime | None = None
        self._oldest_awaited: datetime | None = None

    def ours(self, page: EventsPage) -> Sequence[FetchedEvent]:
        """Those of a page that came after the first look."""
        events = page.events
        if events and self._newest is None:
            self._newest = events[0].created_at
        for place, event in enumerate(events):
            if event.event_id == self._cursor.first_event_id:
                self.ended = True
                return events[:place]
        return events

    def add_missed(self, event: FetchedEvent) -> None:
        # The walk goes backwards: what comes later is older, and stands further to the left.
        self.missed.appendleft(event)
        self._bytes += len(event.body)
        while self._bytes > self._held_bytes_max and len(self.missed) > 1:
            self._bytes -= len(self.missed.pop().body)
            self.is_cut = True

    def add_awaited(self, event: FetchedEvent) -> None:
        self.awaited += 1
        self._oldest_awaited = event.created_at

    def mark(self) -> datetime | None:
        """Up to where all is known once `missed` is stored."""
        marks = [self._newest, self._oldest_awaited, self.missed[-1].created_at if self.is_cut else None]
        known = [mark for mark in marks if mark is not None]
        if not known:
            return None
        return max(min(known), self._cursor.complete_until)
