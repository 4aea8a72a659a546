"""Replay: the original bytes, freshly signed, through the same door, and then processed again."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session

from billing import inbox
from relay.api import Page, ReplayEvents, ReplayResult
from relay.backend import Backend
from relay.operations.events import EVENTS
from relay.operations.registry import handles
from relay.operations.selection import selected
from relay.outcomes import attempts_made, await_attempts
from relay.views import ledger
from relay.views.query import fetch, read_sync

AT_ONCE = 16
"""Deliveries under way at the same time."""

LEDGER = ledger.LEDGER


@handles(ReplayEvents)
async def replay_events(backend: Backend, request: ReplayEvents) -> Page[ReplayResult]:
    backend.test_mode.check()
    ids, total = await selected(backend, events=request.events, failed=request.failed, filter=request.filter)
    before = await _events(backend, ids)
    newest = await _newest_ledger_id(backend)
    made = await _attempts(backend, ids)
    limit = asyncio.Semaphore(AT_ONCE)

    async def deliver(row: Mapping[str, Any]) -> None:
        async with limit:
            await backend.loopback.deliver(row["payload"], source="replay")

    await asyncio.gather(*(deliver(row) for row in before.values()))
    asked = await backend.db.write(_requeue, made, now=backend.clock.now())
    backend.worker.wake()
    await await_attempts(backend, more_than=asked)
    results = await _results(backend, before, newer_than=newest)
    return Page(rows=tuple(results), total=total)


async def _attempts(backend: Backend, ids: Sequence[int]) -> dict[int, int]:
    async with backend.db.read() as session:
        return await read_sync(session, partial(attempts_made, ids=ids))


def _requeue(session: Session, made: Mapping[int, int], *, now: datetime) -> dict[int, int]:
    """Put the events back that their delivery has not already had tried again; returns those that are tried.

    `made` and the answer: attempts made before, by inbox number.
    """
    by_now = attempts_made(session, list(made))
    tried = [id_ for id_ in made if by_now[id_] > made[id_]]
    again = inbox.requeue(session, [id_ for id_ in made if id_ not in tried], now=now)
    return {id_: made[id_] for id_ in (*tried, *again)}


async def _events(backend: Backend, ids: Sequence[int], *, payload: bool = True) -> dict[int, Mapping[str, Any]]:
    columns = [EVENTS.c.id, EVENTS.c.event_id, EVENTS.c.status, EVENTS.c.reason]
    if payload:
        columns.append(EVENTS.c.payload)
    async with backend.db.read() as session:
        rows = await fetch(session, select(*columns).where(EVENTS.c.id.in_(ids)).order_by(EVENTS.c.id))
    return {row["id"]: row for row in rows}


async def _newest_ledger_id(backend: Backend) -> int:
    async with backend.db.read() as session:
        rows = await fetch(session, select(func.coalesce(func.max(LEDGER.c.id), 0).label("newest")))
    return int(rows[0]["newest"])


async def _results(backend: Backend, before: Mapping[int, Mapping[str, Any]], *, newer_than: int) -> list[ReplayResult]:
    after = await _events(backend, list(before), payload=False)
    async with backend.db.read() as session:
        added = await fetch(
            session,
            select(LEDGER.c.id, LEDGER.c.webhook_event_id)
            .where(LEDGER.c.id > newer_than, LEDGER.c.webhook_event_id.in_(list(before)))
            .order_by(LEDGER.c.id),
        )
    return [
        ReplayResult(
            event_id=row["event_id"],
            status_before=row["status"],
            status_after=after[id_]["status"],
            reason=after[id_]["reason"],
            ledger_ids=tuple(posting["id"] for posting in added if posting["webhook_event_id"] == id_),
        )
        for id_, row in before.items()
        if id_ in after
    ]
