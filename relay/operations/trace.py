"""Traces: from any id to the whole story that it belongs to."""

from __future__ import annotations

from relay.api import ShowTrace, Trace
from relay.backend import Backend
from relay.operations.registry import handles
from relay.tracing.roots import roots_of
from relay.tracing.story import Teller


@handles(ShowTrace)
async def show_trace(backend: Backend, request: ShowTrace) -> Trace:
    async with backend.db.read() as session:
        teller = Teller(session, clock=backend.clock, policy=backend.policy)
        for root in await roots_of(session, backend.finder, request.id):
            await teller.tell(root)
    return Trace(of=request.id, nodes=teller.story())
