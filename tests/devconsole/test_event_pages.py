"""The long event list from few rows: places, pages, arrivals, gaps, bounds."""

from __future__ import annotations

import pytest

from devconsole.event_filter import read
from devconsole.event_pages import PAGE, ROWS_KEPT, WALK, EventPages
from relay.api import EventPage, EventView, ListEvents
from tests.support import views


class Server:
    """Answers `events.list` from numbers alone, so that a hundred thousand events cost nothing."""

    def __init__(self, ids: range | list[int]) -> None:
        self.ids = sorted(ids, reverse=True)
        self.asked: list[ListEvents] = []
        self.counts_to = 1_000_000

    def answer(self, asked: ListEvents) -> EventPage:
        self.asked.append(asked)
        wanted = read(asked.filter or "", now=views.NINE)
        # What a filter asks of bodies holds for all.
        ids = [number for number in self.ids if wanted.matches(event(number)) is not False]
        older = [number for number in ids if asked.before is None or number < asked.before]
        older = [number for number in older if asked.after is None or number > asked.after]
        rows = tuple(event(number) for number in older[: asked.limit])
        return EventPage(
            rows=rows,
            first_id=self.ids[-1] if self.ids else 0,
            last_id=self.ids[0] if self.ids else 0,
            total=min(len(ids), self.counts_to),
            more=len(ids) > self.counts_to,
        )


def event(number: int) -> EventView:
    """Every tenth has failed."""
    return views.event(number, status="completed" if number % 10 else "failed")


def show(pages: EventPages, server: Server, first: int, last: int) -> list[int | None]:
    """Fetch what a window needs, then read it."""
    requests = 0
    while (asked := pages.missing(first, last)) is not None:
        pages.take(asked, server.answer(asked))
        requests += 1
        assert requests < 250, "it asks for ever"
    rows = [pages.row_at(place) for place in range(first, min(last + 1, len(pages)))]
    return [row.id if row else None for row in rows]


def test_the_newest_page_comes_first() -> None:
    pages, server = EventPages(), Server(range(1, 251))
    assert show(pages, server, 0, 2) == [250, 249, 248]
    assert len(pages) == 250
    assert len(server.asked) == 1


def test_a_jump_to_the_end_of_a_hundred_thousand_costs_one_page() -> None:
    pages, server = EventPages(), Server(range(1, 100_001))
    show(pages, server, 0, 20)
    assert show(pages, server, 99_990, 99_999) == list(range(10, 0, -1))
    assert len(server.asked) == 2


def test_what_was_fetched_is_not_asked_for_again() -> None:
    pages, server = EventPages(), Server(range(1, 1_001))
    show(pages, server, 0, 20)
    show(pages, server, 40, 60)
    assert len(server.asked) == 1


def test_a_filter_is_walked_down_in_large_steps() -> None:
    pages, server = EventPages(read("failed", now=views.NINE)), Server(range(1, 30_001))
    assert show(pages, server, 0, 1) == [30_000, 29_990]
    assert len(pages) == 3_000
    assert show(pages, server, 2_999, 2_999) == [10]
    assert len(server.asked) <= 2 + 3_000 // WALK
    assert all(asked.filter == "failed" for asked in server.asked)


def test_arrivals_go_on_top_and_places_move_down() -> None:
    pages, server = EventPages(), Server(range(1, 11))
    show(pages, server, 0, 9)
    assert pages.arrive([event(12), event(11)]) == 2
    assert [pages.id_at(place) for place in range(3)] == [12, 11, 10]
    assert pages.place_of(10) == 2
    assert pages.missing(0, 11) is None


def test_a_change_of_a_known_event_replaces_its_row() -> None:
    pages, server = EventPages(), Server(range(1, 11))
    show(pages, server, 0, 9)
    assert pages.arrive([views.event(5, status="failed")]) == 0
    row = pages.row_at(5)
    assert row is not None
    assert (row.id, row.status) == (5, "failed")


def test_arrivals_that_the_filter_stops_do_not_count() -> None:
    pages, server = EventPages(read("failed", now=views.NINE)), Server(range(1, 101))
    show(pages, server, 0, 5)
    assert pages.arrive([event(101), event(110)]) == 1
    assert len(pages) == 11
    assert pages.id_at(0) == 110


def test_an_event_that_begins_to_match_takes_its_place() -> None:
    pages, server = EventPages(read("failed", now=views.NINE)), Server(range(1, 101))
    show(pages, server, 0, 5)
    assert pages.arrive([views.event(95, status="failed")]) == 1
    assert [pages.id_at(place) for place in range(3)] == [100, 95, 90]


def test_a_skipped_number_ends_arithmetic_but_loses_nothing() -> None:
    pages, server = EventPages(), Server(range(1, 301))
    show(pages, server, 0, 5)
    assert pages.arrive([event(305)]) == 1
    assert [pages.id_at(place) for place in range(3)] == [305, 300, 299]
    server.ids.insert(0, 305)
    assert show(pages, server, 295, 300) == [6, 5, 4, 3, 2, 1]


def test_gaps_left_by_pruning_are_no_rows() -> None:
    pages, server = EventPages(), Server([*range(500, 700), 3, 9])
    assert show(pages, server, 198, 201) == [501, 500, 9, 3]
    assert len(pages) == 202


def test_rows_pruned_since_then_make_it_ask_anew() -> None:
    pages, server = EventPages(), Server(range(1, 1_001))
    show(pages, server, 0, 5)
    server.ids = list(range(1_000, 600, -1))
    assert show(pages, server, 390, 399) == list(range(610, 600, -1))
    show(pages, server, 900, 950)
    assert len(pages) == 400


@pytest.mark.parametrize("count", [0, 1, PAGE - 1, PAGE, PAGE + 1])
def test_short_lists_end_where_they_end(count: int) -> None:
    pages, server = EventPages(), Server(range(1, count + 1))
    assert show(pages, server, 0, 200) == list(range(count, 0, -1))


def test_the_rows_kept_are_bounded_and_those_in_view_stay() -> None:
    pages, server = EventPages(), Server(range(1, 10_001))
    show(pages, server, 5_000, 5_020)
    first = 5_000
    for number in range(10_001, 10_001 + 3 * ROWS_KEPT):
        first += pages.arrive([event(number)])
        if number % 50 == 0:
            pages.missing(first, first + 20)
    assert len(pages._rows) <= ROWS_KEPT
    assert pages.missing(first, first + 20) is None


def test_beyond_the_bound_of_counting_the_list_grows_as_somebody_scrolls() -> None:
    pages, server = EventPages(read("failed", now=views.NINE)), Server(range(1, 30_001))
    server.counts_to = 200
    show(pages, server, 0, 5)
    assert (len(pages), pages.more) == (200, True)
    place = 0
    while place < len(pages):
        show(pages, server, place, place + 20)
        place += 20
    assert (len(pages), pages.more) == (3_000, False)
    assert pages.id_at(2_999) == 10


def test_what_only_the_server_can_tell_is_asked_of_it() -> None:
    pages, server = EventPages(read("text:zanzibar", now=views.NINE)), Server(range(1, 11))
    show(pages, server, 0, 9)
    assert pages.in_doubt() is None
    assert pages.arrive([event(11), event(12)]) == 0
    server.ids[:0] = [12, 11]
    asked = pages.in_doubt()
    assert asked is not None
    assert (asked.before, asked.after) == (13, 10)
    assert pages.take_doubtful(server.answer(asked)) == 2
    assert [pages.id_at(place) for place in range(3)] == [12, 11, 10]
    assert pages.in_doubt() is None
