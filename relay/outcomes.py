"""Waiting until events were processed: for operations whose answer says what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, func, select
from sqlmodel import Session

from billing.changes import Changes, Kind
from billing.dialect import table_of
from billing.models import WebhookAttempt
from relay.views.query import fetch

if TYPE_CHECKING:
    from relay.backend import Backend

_ATTEMPTS = table_of(WebhookAttempt)

WAIT_S = 30.0
"""After this the answer says what the status is by then."""


def attempts_made(session: Session, ids: Sequence[int]) -> dict[int, int]:
    """How many attempts each of these events has had, zeros included."""
    rows = session.connection().execute(_counted(ids)).all()
    return dict.fromkeys(ids, 0) | {row.id: row.made for row in rows}


async def await_attempts(backend: Backend, *, more_than: Mapping[int, int]) -> None:
    """Return when each event has had more attempts than given, or after `WAIT_S`."""
    if backend.timekeeper is not None:
        # Nothing happens beside an operation there: what it waits for has to be carried out.
        await backend.timekeeper.settle()
        return
    db, commits = backend.db, backend.commits
    waiting = dict(more_than)
    touched = asyncio.Event()

    def changed(changes: Changes) -> None:
        if not waiting.keys().isdisjoint(changes.get(Kind.EVENT, ())):
            touched.set()

    with commits.listening(changed):
        try:
            async with asyncio.timeout(WAIT_S):
                while waiting:
                    touched.clear()
                    async with db.read() as session:
                        rows = await fetch(session, _counted(list(waiting)))
                    for row in rows:
                        if row["made"] > more_than[row["id"]]:
                            del waiting[row["id"]]
                    if waiting:
                        await touched.wait()
        except TimeoutError:
            return


def _counted(ids: Sequence[int]) -> Select[Any]:
    return (
        select(_ATTEMPTS.c.webhook_event_id.label("id"), func.count().label("made"))
        .where(_ATTEMPTS.c.webhook_event_id.in_(ids))
        .group_by(_ATTEMPTS.c.webhook_event_id)
    )
