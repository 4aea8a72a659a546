"""Dry runs: what a replay would do, tried on a copy."""

from __future__ import annotations

import asyncio

from billing.inbox import Arrival, EventHead, read_head
from relay.api import Rehearsal, RehearseEvents
from relay.backend import Backend
from relay.operations.registry import handles
from relay.operations.selection import selected
from relay.operations.sending import outgoing
from relay.rehearsal.copying import copied
from relay.rehearsal.trying import Trial, rehearse

_ONE = asyncio.Semaphore(1)
"""A copy may be large: one at a time."""


@handles(RehearseEvents)
async def rehearse_events(backend: Backend, request: RehearseEvents) -> Rehearsal:
    trial, total = await _trial(backend, request)
    async with _ONE:
        copying = copied(backend.db.path)
        copy = await asyncio.to_thread(copying.__enter__)
        try:
            return await rehearse(copy, trial, policy=backend.policy, now=backend.clock.now(), total=total)
        finally:
            await asyncio.to_thread(copying.__exit__, None, None, None)


async def _trial(backend: Backend, request: RehearseEvents) -> tuple[Trial, int]:
    if request.body is None:
        ids, total = await selected(backend, events=request.events, failed=request.failed, filter=request.filter)
        return Trial(ids=sorted(ids)), total
    sent = await outgoing(backend, request.body)
    head = read_head(sent.body)
    assert isinstance(head, EventHead)
    now = backend.clock.now()
    arrival = Arrival(body=sent.body, headers={}, source="replay", received_at=now, head=head)
    return Trial(arrival=arrival, against=sent.original), 1
