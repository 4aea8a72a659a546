"""Failures of every kind in one list."""

from __future__ import annotations

from relay.api import FailureView, ListFailures, Page
from relay.backend import Backend
from relay.operations.registry import handles
from relay.views.failures import failure_count, failures


@handles(ListFailures)
async def list_failures(backend: Backend, request: ListFailures) -> Page[FailureView]:
    async with backend.db.read() as session:
        rows = await failures(session, limit=request.limit)
        total = await failure_count(session)
    return Page(rows=tuple(rows), total=total)
