"""Which events an operation is about: named, all that failed, or all that a filter lets through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import select

from relay.backend import Backend
from relay.operations.events import EVENTS, filter_of, ids_of
from relay.unknown import IndexNotReady, NothingToReplay
from relay.views.failures import TROUBLED
from relay.views.query import count, fetch

SELECTED_MAX: Final = 500
"""Events in one request; the answer's total says how many there are."""


async def selected(
    backend: Backend, *, events: Sequence[str], failed: bool, filter: str | None
) -> tuple[list[int], int]:
    """Inbox numbers, at most `SELECTED_MAX`, the newest first, and how many there are (counted up to a bound).

    Raises `NothingToReplay` when nothing was asked for, `UnknownEvent`, `FilterRefused`, and `IndexNotReady`.
    """
    if not events and not failed and not filter:
        raise NothingToReplay
    async with backend.db.read() as session:
        ids = dict.fromkeys(await ids_of(session, events))
        total = len(ids)
        if failed:
            troubled = select(EVENTS.c.id).where(TROUBLED).order_by(EVENTS.c.id)
            ids |= dict.fromkeys(row["id"] for row in await fetch(session, troubled.limit(SELECTED_MAX)))
            total = max(len(ids), await count(session, troubled))
    if filter:
        found = await backend.finder.find(await filter_of(backend, filter))
        if found.unsearched:
            raise IndexNotReady(found.unsearched)
        ids |= dict.fromkeys(found.ids)
        total = max(total, len(ids))
    return list(ids)[:SELECTED_MAX], total
