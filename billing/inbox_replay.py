"""Putting stored events back into the queue: replays, events held while test mode was off, payments that appeared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, select, update
from sqlmodel import Session

from billing.changes import Kind, announce
from billing.dialect import constant, table_of
from billing.models import EventStatus, WebhookEvent

_EVENTS: Final = table_of(WebhookEvent)
_DEFERRED: Final = "payments_that_appeared"


def requeue(session: Session, row_ids: Sequence[int], *, now: datetime) -> list[int]:
    """Process these events again, whatever became of them; returns the inbox numbers that were put back.

    What they had booked is not booked twice: handlers settle through keys. Events from live mode stay where they are.
    """
    return _to_pending(session, _EVENTS.c.id.in_(list(row_ids)) & _EVENTS.c.livemode.is_(False), now)


def release_held(session: Session, *, now: datetime) -> int:
    """Test mode is on again: let everything that was held be processed. Returns how many."""
    return len(_to_pending(session, _EVENTS.c.status == EventStatus.HELD, now))


def payments_appeared(session: Session, keys: Iterable[str], *, now: datetime) -> None:
    """Try the unmatched events again that were waiting for one of these payments (`pi_…`, `cs_…`, `topup:<id>`).

    While a batch of events is being processed this is put off to its end, when all their outcomes are written.
    """
    deferred: set[str] | None = session.info.get(_DEFERRED)
    if deferred is not None:
        deferred.update(keys)
    elif wanted := list(keys):
        waiting = (_EVENTS.c.status == constant(EventStatus.UNMATCHED)) & _EVENTS.c.correlation_id.in_(wanted)
        _to_pending(session, waiting, now)


class appearances_deferred:  # noqa: N801 - used as a context manager, like contextlib's
    """While open, `payments_appeared` collects; on leaving, what was collected is tried again."""

    def __init__(self, session: Session, *, now: datetime) -> None:
        self._session, self._now = session, now

    def __enter__(self) -> None:
        self._session.info[_DEFERRED] = set()

    def __exit__(self, *_error: object) -> None:
        keys: set[str] = self._session.info.pop(_DEFERRED)
        payments_appeared(self._session, sorted(keys), now=self._now)


def _to_pending(session: Session, which: ColumnElement[bool], now: datetime) -> list[int]:
    connection = session.connection()
    row_ids = list(connection.execute(select(_EVENTS.c.id).where(which).order_by(_EVENTS.c.id)).scalars())
    for start in range(0, len(row_ids), _PER_STATEMENT):
        some = row_ids[start : start + _PER_STATEMENT]
        connection.execute(
            update(_EVENTS)
            .where(_EVENTS.c.id.in_(some))
            .values(status=EventStatus.PENDING, retry_count=0, next_attempt_at=now)
        )
    for row_id in row_ids:
        announce(session, Kind.EVENT, row_id)
    return row_ids


_PER_STATEMENT = 10_000
"""SQLite takes at most 32,766 parameters in one statement."""
