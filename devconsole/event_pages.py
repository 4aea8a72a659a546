"""The event list as far as it is known: any place in it, however long it is, from a bounded number of kept rows.

Without a filter and without gaps a place is an inbox number by arithmetic, so that a jump to the end costs one page.
Otherwise the numbers are collected, eight bytes each, as far down as somebody scrolled. It waits for nothing: it says
what to ask for next, and takes the answer. With a filter the server counts up to a bound; the list grows beyond it as
somebody scrolls.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Sequence

from devconsole.event_filter import EventFilter
from relay.api import EventPage, EventView, ListEvents

PAGE = 100
WALK = 1_000
"""Rows per request on the way to a place far below: the largest page the server gives."""
ROWS_KEPT = 2_000


class EventPages:
    """Places count from 0, the newest event."""

    def __init__(self, filter: EventFilter | None = None) -> None:
        self.filter = filter or EventFilter()
        self.loaded = False
        self.more = False
        """There are more than it has places for."""
        self.unsearched = 0
        """Bodies that the filter could not look into yet."""
        self._total = 0
        self._newest = 0
        """The highest inbox number heard of, matching or not."""
        self._dense = False
        """A place is `_newest` less an inbox number."""
        self._gaps = False
        """A number was found missing: never count on arithmetic again."""
        self._ids: array[int] = array("q")
        """Known numbers that match, ascending, without a gap among those that match. Unused while dense."""
        self._rows: OrderedDict[int, EventView] = OrderedDict()
        self._unsure: set[int] = set()
        """Arrived, and only the server knows whether they match."""

    def __len__(self) -> int:
        return self._total

    def id_at(self, place: int) -> int | None:
        if not 0 <= place < self._total:
            return None
        if self._dense:
            return self._newest - place
        return self._ids[-1 - place] if place < len(self._ids) else None

    def row_at(self, place: int) -> EventView | None:
        """The row, None while it was not fetched."""
        found = self.id_at(place)
        return None if found is None else self._rows.get(found)

    def place_of(self, event_id: int) -> int | None:
        """Where an event stands by its inbox number, None when it is not known to be listed."""
        if self._dense:
            place = self._newest - event_id
            return place if 0 <= place < self._total else None
        index = bisect_left(self._ids, event_id)
        return len(self._ids) - 1 - index if index < len(self._ids) and self._ids[index] == event_id else None

    def missing(self, first: int, last: int) -> ListEvents | None:
        """What to ask for so that the places `first` to `last` can be shown; None when nothing lacks."""
        if not self.loaded:
            return self.filter.request(before=None, limit=PAGE)
        last = min(last, self._total - 1)
        for place in range(max(0, first), last + 1):
            found = self.id_at(place)
            if found is None:
                return self._walk(last)
            if found not in self._rows:
                return self.filter.request(before=found + 1, limit=PAGE)
            self._rows.move_to_end(found)
        return None

    def _walk(self, last: int) -> ListEvents:
        oldest = self._ids[0] if self._ids else None
        far = last - len(self._ids) >= PAGE
        return self.filter.request(before=oldest, limit=WALK if far else PAGE)

    def in_doubt(self) -> ListEvents | None:
        """What to ask in order to know which of the events that arrived match; None when that is known."""
        if not self._unsure:
            return None
        return self.filter.request(before=max(self._unsure) + 1, after=min(self._unsure) - 1, limit=WALK)

    def take_doubtful(self, page: EventPage) -> int:
        """The answer to `in_doubt`. Returns how many were put on top of the list."""
        self._unsure.clear()
        return sum(self._insert(row) for row in reversed(page.rows) if self.place_of(row.id) is None)

    def take(self, asked: ListEvents, page: EventPage) -> None:
        """The answer to `missing`."""
        if asked.before is None:
            self._begin(page)
        elif self._vanished(asked, page):
            self._gaps, self.loaded = True, False
        elif not self._dense:
            self._extend(asked, page)
        self._keep(page.rows)

    def _begin(self, page: EventPage) -> None:
        whole = len(page.rows) < PAGE
        self.loaded = True
        self._total, self._newest = len(page.rows) if whole else page.total, page.last_id
        self.more, self.unsearched = page.more, page.unsearched
        self._dense = not self._gaps and not self.filter and self._total == page.last_id - page.first_id + 1
        self._ids = array("q") if self._dense else array("q", [row.id for row in reversed(page.rows)])

    def _extend(self, asked: ListEvents, page: EventPage) -> None:
        """The page continues the known numbers downwards; one that is not full shows where they end."""
        oldest = self._ids[0] if self._ids else page.last_id + 1
        self._ids = array("q", [row.id for row in reversed(page.rows) if row.id < oldest]) + self._ids
        if len(page.rows) < asked.limit:
            self._total, self.more = len(self._ids), False
        elif len(self._ids) >= self._total:
            # The bound of counting was reached: there is room for another page.
            self._total = len(self._ids) + PAGE

    def _vanished(self, asked: ListEvents, page: EventPage) -> bool:
        """The row that was asked for is gone: the server pruned it since its number was learnt."""
        wanted = (asked.before or 0) - 1
        return self.place_of(wanted) is not None and (not page.rows or page.rows[0].id != wanted)

    def _keep(self, rows: Sequence[EventView]) -> None:
        for row in rows:
            self._rows[row.id] = row
            self._rows.move_to_end(row.id)
        while len(self._rows) > ROWS_KEPT:
            self._rows.popitem(last=False)

    def arrive(self, events: Sequence[EventView]) -> int:
        """Events that are new or changed, as the feed brought them. Returns how many were put on top of the list."""
        if not self.loaded:
            return 0
        added = 0
        for event in sorted(events, key=lambda event: event.id):
            if event.id > self._newest:
                added += self._arrived(event)
            elif event.id in self._rows:
                self._rows[event.id] = event
            elif self._dense or not self._lets_through(event):
                continue
            elif self.place_of(event.id) is None and self._ids and event.id > self._ids[0]:
                added += self._insert(event)
        return added

    def _arrived(self, event: EventView) -> int:
        if self._dense and event.id != self._newest + 1:
            # A number was skipped: from here on places are no longer arithmetic.
            self._ids = array("q", range(self._newest - self._total + 1, self._newest + 1))
            self._dense, self._gaps = False, True
        self._newest = event.id
        return self._insert(event) if self._lets_through(event) else 0

    def _lets_through(self, event: EventView) -> bool:
        matches = self.filter.matches(event)
        if matches is None and len(self._unsure) < WALK:
            self._unsure.add(event.id)
        return bool(matches)

    def _insert(self, event: EventView) -> int:
        if not self._dense:
            self._ids.insert(bisect_left(self._ids, event.id), event.id)
        self._total += 1
        self._keep((event,))
        return 1
