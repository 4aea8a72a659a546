"""What developers did."""

from __future__ import annotations

import asyncio
from datetime import datetime

from relay.api import ListOperations, Page, PerformedView
from relay.backend import Backend
from relay.operations.registry import handles


@handles(ListOperations)
async def list_operations(backend: Backend, request: ListOperations) -> Page[PerformedView]:
    rows = await asyncio.to_thread(_since, backend, request.since)
    return Page(rows=tuple(rows[: request.limit]), total=len(rows))


def _since(backend: Backend, since: datetime | None) -> list[PerformedView]:
    return [row for row in backend.performed.newest_first() if since is None or row.at >= since]
