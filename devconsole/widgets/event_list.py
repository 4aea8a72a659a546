"""The list of events: newest first, as long as the server's, drawn from a few pages."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from textual import work
from textual.message import Message

from devconsole import looks
from devconsole.event_filter import EventFilter
from devconsole.event_pages import EventPages
from devconsole.format import ABSENT, amount, clock, money
from devconsole.looks import Tone
from devconsole.widgets.row_list import Cell, Column, RowList
from relay.api import EventPage, EventView, ListEvents
from relay.errors import RelayError

DOUBT_S = 0.25
"""How long arrivals gather before the server is asked which of them match."""

Fetch = Callable[[ListEvents], Awaitable[EventPage]]


class EventList(RowList[EventView]):
    """Follows what arrives while its first row is selected; otherwise it stands still and counts what is new above.

    `fetch` gets pages; it may raise `RelayError`, after which the list waits for the next update.
    """

    class Changed(Message):
        """The number of rows, of new ones above, or the filter changed."""

    def __init__(self, fetch: Fetch, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._fetch = fetch
        self._pages = EventPages()
        self._filling: EventPages | None = None
        """What pages are being asked for."""
        self._wanted = False
        """Nothing is fetched before the screen says that there is a server to ask."""
        self.new_above = 0
        """Events that arrived above the first visible row since it was left."""
        self.paused = False
        self.held_back = 0
        """Events that arrived while it was paused."""
        self._newest_held = 0

    # What the screen gives.

    @property
    def event_filter(self) -> EventFilter:
        return self._pages.filter

    @property
    def loaded(self) -> bool:
        return self._pages.loaded

    @property
    def count_text(self) -> str:
        """How many match, as far as they were counted, and what could not be looked into."""
        more = "+" if self._pages.more else ""
        unsearched = f" · {self._pages.unsearched:,} bodies not indexed yet" if self._pages.unsearched else ""
        return f"{len(self._pages):,}{more}{unsearched}"

    def pause(self, paused: bool) -> None:
        """Stand still, whatever arrives; afterwards everything is there."""
        self.paused = paused
        if not paused:
            self.held_back = 0
            self.reload()

    def narrow(self, event_filter: EventFilter) -> None:
        """Show only what the filter lets through, from the top."""
        self._pages = EventPages(event_filter)
        self._wanted = True
        self._restart()

    def reload(self) -> None:
        """Changes were missed: ask for everything anew; the selection stays with its event where that is possible."""
        fresh = EventPages(self.event_filter)
        selected = self.selected
        self._pages, self._wanted = fresh, True
        if self.cursor and selected is not None:
            self._fill_then_select(selected.id)
        else:
            self._restart()

    def arrive(self, events: Sequence[EventView]) -> None:
        """Take over events that are new or changed."""
        if self.paused:
            self._hold_back(events)
            return
        added = self._pages.arrive(events)
        if self._pages.in_doubt() is not None:
            self._settle_doubts()
        self._arrived(added)

    def _hold_back(self, events: Sequence[EventView]) -> None:
        newest = max(self._newest_held, self._pages.id_at(0) or 0)
        new = [event.id for event in events if event.id > newest and self.event_filter.matches(event) is not False]
        if new:
            self.held_back += len(new)
            self._newest_held = max(new)
            self.post_message(self.Changed())

    def _arrived(self, added: int) -> None:
        if not added:
            self.refresh()
            return
        if self.cursor or round(self.scroll_y):
            self._stand_still(added)
        self.row_count_changed()
        self.post_message(self.Changed())
        if not self.cursor:
            self.post_message(self.Highlighted(self, self.selected))

    def neighbour(self, event_id: int, step: int) -> EventView | None:
        """The event `step` places below another one, when it is known."""
        place = self.place(event_id)
        return None if place is None else self._pages.row_at(place + step)

    def place(self, event_id: int) -> int | None:
        """Where an event stands by its inbox number, None when it is not known to be listed."""
        return self._pages.place_of(event_id)

    def select(self, event_id: int) -> None:
        """Select an event by its inbox number, when it is known."""
        if (place := self.place(event_id)) is not None:
            self.cursor = place

    # Rows.

    def row_count(self) -> int:
        return len(self._pages)

    def row_at(self, place: int) -> EventView | None:
        return self._pages.row_at(place)

    def columns(self, width: int) -> Sequence[Column]:
        return event_columns(width)

    def watch_cursor(self, before: int, after: int) -> None:
        super().watch_cursor(before, after)
        self._looked_at_top()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._fill()
        self._looked_at_top()

    def row_count_changed(self) -> None:
        super().row_count_changed()
        self._fill()

    # Following and standing still.

    def _stand_still(self, added: int) -> None:
        """Rows were put on top: move selection and view down with what they showed."""
        self.new_above += added
        top = round(self.scroll_y)
        with self.prevent(RowList.Highlighted):
            self.set_reactive(RowList.cursor, self.cursor + added if self.cursor else 0)
        super().row_count_changed()
        self._jump_to(top + added)

    def _looked_at_top(self) -> None:
        if self.new_above and not round(self.scroll_y):
            self.new_above = 0
            self.post_message(self.Changed())

    # Fetching.

    def _restart(self) -> None:
        self.new_above = 0
        self.cursor = 0
        self._jump_to(0)
        self._fill()

    def _window(self) -> tuple[int, int]:
        top = round(self.scroll_y)
        return top, top + self.rows_visible

    def _fill(self) -> None:
        # What is under way looks at the window again after each page: begun anew whenever something arrives, it would
        # never come to an end.
        if self._wanted and self._filling is not self._pages and self._pages.missing(*self._window()) is not None:
            self._fill_window()

    @work(exclusive=True, group="events.fill")
    async def _fill_window(self) -> None:
        await self._fetch_window()

    @work(exclusive=True, group="events.fill")
    async def _fill_then_select(self, event_id: int) -> None:
        await self._fetch_window()
        self.select(event_id)

    @work(exclusive=True, group="events.doubts")
    async def _settle_doubts(self) -> None:
        """Ask the server which of the events that arrived match, a few times a second at most."""
        await asyncio.sleep(DOUBT_S)
        pages = self._pages
        if (asked := pages.in_doubt()) is None:
            return
        try:
            page = await self._fetch(asked)
        except RelayError:
            return
        if pages is self._pages:
            self._arrived(pages.take_doubtful(page))

    async def _fetch_window(self) -> None:
        pages = self._filling = self._pages
        try:
            while (asked := pages.missing(*self._window())) is not None:
                page = await self._fetch(asked)
                if pages is not self._pages:
                    return
                pages.take(asked, page)
                super().row_count_changed()
        except RelayError:
            return
        finally:
            if self._filling is pages:
                self._filling = None
        self.post_message(self.Changed())
        self.post_message(self.Highlighted(self, self.selected))


def event_columns(width: int) -> tuple[Column, ...]:
    """What fits: time, outcome, type, company, amount; the reason where there is room for it."""
    roomy = width >= 110
    outcome, company, euros = 13, 17 if roomy else 12, 10 if roomy else 9
    head = 8 + outcome + company + euros + 4
    type_width = max(12, min(29, width - head))
    columns = [
        Column("Time", 8, lambda event: (clock(event.received_at), Tone.MUTED)),
        Column("Outcome", outcome, _outcome),
        Column("Event", type_width, lambda event: (event.type, _type_tone(event.type))),
        Column("Company", company, lambda event: (event.company_slug or ABSENT, Tone.PLAIN)),
        Column("EUR", euros, _amount, "right"),
    ]
    left = width - head - type_width - 1
    if left >= 14:
        columns.append(Column("Why", 0, _why))
    elif left > 0:
        columns[2] = columns[2]._replace(width=0)
    return tuple(columns)


def _outcome(event: EventView) -> Cell:
    look = looks.event(event.status)
    return str(look), look.tone


def _why(event: EventView) -> Cell:
    if event.mark is None and event.note is None:
        return event.reason or "", Tone.MUTED
    return f"★ {' '.join(filter(None, (event.mark, event.note)))} · {event.reason or ''}", Tone.ACCENT


def _amount(event: EventView) -> Cell:
    if event.currency in (None, "eur"):
        return amount(event.amount_cents), Tone.STRONG
    return money(event.amount_cents, event.currency), Tone.STRONG


def _type_tone(event_type: str) -> Tone:
    """What tells of a failure at Stripe stands out, even though it was processed well here."""
    return Tone.BAD if event_type.endswith("failed") or event_type == "charge.dispute.created" else Tone.PLAIN
