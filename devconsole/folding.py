"""How answers and feed items become the next snapshot. It draws nothing and waits for nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import msgspec

from devconsole.store import RECENT, Connection, Snapshot, Update
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

Row = TypeVar("Row", bound=Any)


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
