"""Replay: the original bytes, freshly signed, through the same door, and then processed again."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session

from billing import inbox
from relay.api import Page, ReplayEvents, ReplayResult
from relay.backend import Backend
from relay.operations.events import EVENTS, ids_of
from relay.operations.registry import handles
from relay.outcomes import attempts_made, await_attempts
from relay.unknown import NothingToReplay
from relay.views import ledger
from relay.views.failures import TROUBLED
from relay.views.query import count, fetch

REPLAY_MAX = 500
"""Events in one request; the answer's total says how many there are."""
AT_ONCE = 16
"""Deliveries under way at the same time."""

LEDGER = ledger.LEDGER


@handles(ReplayEvents)
async def replay_events(backend: Backend, request: ReplayEvents) -> Page[ReplayResult]:
    backend.test_mode.check()
    if not request.events and not request.failed:
        raise NothingToReplay
    ids, total = await _selected(backend, request)
    before = await _events(backend, ids)
    newest = await _newest_ledger_id(backend)
    limit = asyncio.Semaphore(AT_ONCE)

    async def deliver(row: Mapping[str, Any]) -> None:
        async with limit:
            await backend.loopback.deliver(row["payload"], source="replay")

    await asyncio.gather(*(deliver(row) for row in before.values()))
    made = await backend.db.write(_requeue, ids, now=backend.clock.now())
    backend.worker.wake()
    await await_attempts(backend.db, backend.commits, more_than=made)
    results = await _results(backend, before, newer_than=newest)
    return Page(rows=tuple(results), total=total)


def _requeue(session: Session, ids: Sequence[int], *, now: datetime) -> dict[int, int]:
    """Put the events back; returns those that were, with the attempts made so far."""
    return attempts_made(session, inbox.requeue(session, ids, now=now))


async def _selected(backend: Backend, request: ReplayEvents) -> tuple[list[int], int]:
    async with backend.db.read() as session:
        ids = dict.fromkeys(await ids_of(session, request.events))
        if request.failed:
            troubled = select(EVENTS.c.id).where(TROUBLED).order_by(EVENTS.c.id)
            ids |= dict.fromkeys(row["id"] for row in await fetch(session, troubled.limit(REPLAY_MAX)))
            more = await count(session, troubled)
            return list(ids)[:REPLAY_MAX], max(len(ids), more)
    return list(ids)[:REPLAY_MAX], len(ids)


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
