"""What the console knows of the server: one frozen snapshot, replaced as a whole when something changed.

The store folds the first load and the items of the live feed. It draws nothing and waits for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, TypeVar

import msgspec

from relay.api import (
    BalanceView,
    CallView,
    CompanyView,
    DecisionView,
    EventView,
    FeedItem,
    FeedKind,
    StatusView,
    TopupView,
)

RECENT = 200
"""How many events, calls, top-ups and decisions are kept at hand; older ones are asked for when needed."""


class Connection(StrEnum):
    CONNECTING = "connecting"
    LIVE = "live"
    RECONNECTING = "reconnecting"
    """The snapshot is the last one that was received."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that is shown live. Lists are newest first and hold at most `RECENT` rows."""

    connection: Connection = Connection.CONNECTING
    loaded: bool = False
    """False until the first load: what is empty is then not yet known."""
    status: StatusView | None = None
    companies: tuple[CompanyView, ...] = ()
    """By name, each with its balance of now."""
    events: tuple[EventView, ...] = ()
    calls: tuple[CallView, ...] = ()
    topups: tuple[TopupView, ...] = ()
    decisions: tuple[DecisionView, ...] = ()

    def company(self, company_id: int | None) -> CompanyView | None:
        return next((company for company in self.companies if company.id == company_id), None)

    @property
    def balances(self) -> tuple[BalanceView, ...]:
        return tuple(company.balance for company in self.companies)

    @property
    def locked(self) -> bool:
        """Test mode is known to be off: what would move money is refused, events are held."""
        return self.status is not None and not self.status.test_mode.on


@dataclass(frozen=True, slots=True)
class Update:
    """A new snapshot with the rows that brought it about, oldest first; at most thirty of these a second."""

    snapshot: Snapshot
    events: tuple[EventView, ...] = ()
    """Events that arrived or changed."""
    kinds: frozenset[FeedKind] = frozenset()
    """What changed."""
    reloaded: bool = False
    """Everything was loaded anew; changes may have been missed before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstLoad:
    """Answers of the operations that fill the console after it connected."""

    status: StatusView
    companies: Sequence[CompanyView]
    events: Sequence[EventView]
    calls: Sequence[CallView]
    topups: Sequence[TopupView]
    decisions: Sequence[DecisionView]


VIEWS: dict[FeedKind, type[Any]] = {
    FeedKind.EVENT: EventView,
    FeedKind.BALANCE: BalanceView,
    FeedKind.TOPUP: TopupView,
    FeedKind.CALL: CallView,
    FeedKind.DECISION: DecisionView,
    FeedKind.COMPANY: CompanyView,
    FeedKind.STATUS: StatusView,
}
"""What a feed row is decoded into. Kinds that are missing here are not shown live."""


class Store:
    """Holds the current snapshot."""

    def __init__(self) -> None:
        self.snapshot = Snapshot()

    def connected(self, connection: Connection) -> Update:
        """Note the state of the connection; everything else stays as it was last seen."""
        self.snapshot = replace(self.snapshot, connection=connection)
        return Update(self.snapshot)

    def load(self, first: FirstLoad) -> Update:
        """Replace everything by what the server just said."""
        self.snapshot = replace(
            self.snapshot,
            loaded=True,
            status=first.status,
            companies=_by_name(first.companies),
            events=tuple(first.events[:RECENT]),
            calls=tuple(first.calls[:RECENT]),
            topups=tuple(first.topups[:RECENT]),
            decisions=tuple(first.decisions[:RECENT]),
        )
        return Update(self.snapshot, kinds=frozenset(FeedKind), reloaded=True)

    def apply(self, items: Sequence[FeedItem]) -> Update:
        """Fold many feed items into one new snapshot: of several changes of one row only the last is decoded."""
        rows = _last_of_each(items)
        now = self.snapshot
        self.snapshot = replace(
            now,
            status=next(reversed(rows.get(FeedKind.STATUS, {}).values()), now.status),
            companies=_companies(now.companies, rows),
            events=_recent(now.events, rows.get(FeedKind.EVENT, {})),
            calls=_recent(now.calls, rows.get(FeedKind.CALL, {})),
            topups=_recent(now.topups, rows.get(FeedKind.TOPUP, {})),
            decisions=_recent(now.decisions, rows.get(FeedKind.DECISION, {})),
        )
        events = tuple(rows.get(FeedKind.EVENT, {}).values())
        return Update(self.snapshot, events=events, kinds=frozenset(item.kind for item in items))


Row = TypeVar("Row", bound=Any)


def _last_of_each(items: Iterable[FeedItem]) -> dict[FeedKind, dict[int, Any]]:
    """The last state of each row, by kind and id, in the order in which the rows first changed."""
    rows: dict[FeedKind, dict[int, Any]] = {}
    for item in items:
        if (view := VIEWS.get(item.kind)) is None:
            continue
        row = msgspec.json.decode(item.row, type=view)
        key = row.company_id if item.kind is FeedKind.BALANCE else getattr(row, "id", 0)
        rows.setdefault(item.kind, {})[key] = row
    return rows


def _recent(known: tuple[Row, ...], changed: dict[int, Row]) -> tuple[Row, ...]:
    """Newest first: known rows in their place with their new state, new rows in front. A row too old for the list
    stays out of it."""
    if not changed:
        return known
    merged = {row.id: row for row in known} | changed
    if len(known) >= RECENT:
        oldest = known[-1].id
        merged = {row_id: row for row_id, row in merged.items() if row_id >= oldest}
    return tuple(merged[row_id] for row_id in sorted(merged, reverse=True)[:RECENT])


def _companies(known: tuple[CompanyView, ...], rows: dict[FeedKind, dict[int, Any]]) -> tuple[CompanyView, ...]:
    changed, balances = rows.get(FeedKind.COMPANY, {}), rows.get(FeedKind.BALANCE, {})
    if not changed and not balances:
        return known
    merged = {company.id: company for company in known} | changed
    for company_id, balance in balances.items():
        if (company := merged.get(company_id)) is not None:
            merged[company_id] = msgspec.structs.replace(company, balance=balance)
    return _by_name(merged.values())


def _by_name(companies: Iterable[CompanyView]) -> tuple[CompanyView, ...]:
    return tuple(sorted(companies, key=lambda company: (company.name.casefold(), company.id)))
