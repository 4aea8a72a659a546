"""What the console knows of the server: one frozen snapshot, replaced as a whole when something changed.

The first frame is painted from it, so this module imports nothing that takes time.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from relay.api import (
        CallView,
        CompanyView,
        DecisionView,
        EventView,
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
