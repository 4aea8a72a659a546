"""From the first load and the feed to one snapshot."""

from __future__ import annotations

from typing import Any

import msgspec

from devconsole.folding import FirstLoad, Store
from devconsole.store import RECENT, Connection
from relay.api import FeedItem, FeedKind, View
from tests.support import views
from tests.support.stories import companies


def item(kind: FeedKind, row: View) -> FeedItem:
    return FeedItem(kind=kind, seq=1, epoch="e", at=views.NINE, row=msgspec.Raw(msgspec.json.encode(row)))


def filled(**changes: Any) -> Store:
    first = {
        "status": views.status(),
        "companies": companies(),
        "events": (),
        "calls": (),
        "topups": (),
        "decisions": (),
    }
    store = Store()
    store.load(FirstLoad(**(first | changes)))
    return store


def test_nothing_is_known_before_the_first_load() -> None:
    snapshot = Store().snapshot
    assert not snapshot.loaded
    assert snapshot.connection is Connection.CONNECTING
    assert not snapshot.locked


def test_many_changes_of_one_event_become_one_row() -> None:
    store = filled()
    arrived = [views.event(1, status=status) for status in ("pending", "failed", "completed")]
    update = store.apply([item(FeedKind.EVENT, row) for row in arrived])
    assert [event.status for event in update.events] == ["completed"]
    assert update.snapshot.events == (arrived[-1],)


def test_rows_stay_newest_first_whatever_the_order_of_arrival() -> None:
    store = filled(events=(views.event(3), views.event(1)))
    update = store.apply([item(FeedKind.EVENT, views.event(number)) for number in (2, 5, 4)])
    assert [event.id for event in update.snapshot.events] == [5, 4, 3, 2, 1]


def test_a_storm_keeps_only_the_newest() -> None:
    store = filled(events=tuple(views.event(number) for number in range(RECENT, 0, -1)))
    update = store.apply([item(FeedKind.EVENT, views.event(number)) for number in range(RECENT + 1, RECENT + 5_001)])
    ids = [event.id for event in update.snapshot.events]
    assert ids == list(range(RECENT + 5_000, 5_000, -1))
    assert len(update.events) == 5_000


def test_an_old_event_that_changes_does_not_enter_the_recent_ones() -> None:
    store = filled(events=tuple(views.event(number) for number in range(RECENT + 100, 100, -1)))
    update = store.apply([item(FeedKind.EVENT, views.event(7, status="failed"))])
    assert update.snapshot.events[-1].id == 101
    assert [event.id for event in update.events] == [7]


def test_a_balance_changes_within_its_company() -> None:
    store = filled()
    poorer = views.balance(1, balance_cents=10)
    update = store.apply([item(FeedKind.BALANCE, poorer)])
    assert [company.name for company in update.snapshot.companies] == ["Acme Telefon", "Bergbau Nord", "Café Sonnig"]
    assert update.snapshot.companies[0].balance == poorer


def test_a_new_company_is_sorted_in_by_name() -> None:
    update = filled().apply([item(FeedKind.COMPANY, views.company(9, name="Bäckerei"))])
    assert [company.name for company in update.snapshot.companies][1:3] == ["Bergbau Nord", "Bäckerei"]


def test_a_balance_of_a_company_not_heard_of_is_left_out() -> None:
    store = filled()
    assert store.apply([item(FeedKind.BALANCE, views.balance(77))]).snapshot.companies == store.snapshot.companies


def test_losing_the_connection_keeps_what_was_known() -> None:
    store = filled()
    update = store.connected(Connection.RECONNECTING)
    assert update.snapshot.connection is Connection.RECONNECTING
    assert len(update.snapshot.companies) == 3


def test_what_is_not_shown_is_still_told_as_a_kind_of_change() -> None:
    update = filled().apply([item(FeedKind.DELIVERY, views.delivery(1)), item(FeedKind.LEDGER, views.ledger(1))])
    assert update.kinds == {FeedKind.DELIVERY, FeedKind.LEDGER}
    assert update.events == ()


def test_test_mode_off_is_locked() -> None:
    update = filled().apply([item(FeedKind.STATUS, views.status(test_mode=views.mode(False)))])
    assert update.snapshot.locked
