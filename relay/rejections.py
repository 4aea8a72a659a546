"""What is told and kept of deliveries that are refused: a sender of rubbish without end costs no more than this."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec
from sqlalchemy import select

from relay.allowance import Allowance
from relay.api.webhook import SignatureExplanation
from relay.signatures import Evidence, explain
from relay.views.events import EVENTS
from relay.views.query import fetch

if TYPE_CHECKING:
    from relay.backend import Backend

EXCERPT_MAX: Final = 4096
"""So many bytes of a body are kept when it is too large, or when too much was refused lately."""
BODIES_MAX: Final = 16 << 20
"""Bytes of refused bodies that are kept whole; that much again over each ten minutes."""
EXPLAINED_AT_ONCE: Final = 100
EXPLAINED_PER_S: Final = 20.0
"""An explanation costs some milliseconds. What gets none now can be explained later, from what was kept."""
MANY: Final = 2_000
"""Refused deliveries after which it is time to prune."""


class Rejections:
    """The allowances of one server for what it refuses."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._bodies = Allowance(per_s=BODIES_MAX / 600, burst=BODIES_MAX)
        self._explained = Allowance(per_s=EXPLAINED_PER_S, burst=EXPLAINED_AT_ONCE)
        self._one_at_a_time = asyncio.Lock()
        self._since_pruned = 0
        self._listeners: list[Callable[[], None]] = []

    def on_many(self, listener: Callable[[], None]) -> None:
        """Call `listener` after every `MANY` refused deliveries."""
        self._listeners.append(listener)

    def kept(self, body: bytes) -> bytes:
        """As much of a refused body as is stored."""
        self._since_pruned += 1
        if self._since_pruned >= MANY:
            self._since_pruned = 0
            for listener in self._listeners:
                listener()
        return body if len(body) <= EXCERPT_MAX or self._bodies.take(len(body)) else body[:EXCERPT_MAX]

    async def explained(
        self, *, body: bytes, headers: Mapping[str, str], event_id: str | None
    ) -> SignatureExplanation | None:
        """Why the signature of this delivery, which has just arrived, does not verify; None when too many do not."""
        if not self._explained.take():
            return None
        backend = self._backend
        case = Evidence(
            body=body,
            header=headers.get("Stripe-Signature"),
            headers=headers,
            secrets=backend.secrets.known,
            now=backend.clock.now(),
            originals=await originals(backend, event_id),
            clock_ahead_s=backend.clock_ahead_s,
        )
        async with self._one_at_a_time:
            return await asyncio.to_thread(explain, case)


async def originals(backend: Backend, event_id: str | None) -> tuple[bytes, ...]:
    """The bytes of this event as it was accepted, if it was."""
    if event_id is None:
        return ()
    async with backend.db.read() as session:
        rows = await fetch(session, select(EVENTS.c.payload).where(EVENTS.c.event_id == event_id))
    return tuple(row["payload"] for row in rows)


async def evidence_of(backend: Backend, row: Mapping[str, Any]) -> Evidence:
    """The evidence of a kept delivery as it was when it arrived, with the secrets and events that are known now."""
    headers = row["headers"]
    return Evidence(
        body=row["body"],
        header=next((value for name, value in headers.items() if name.lower() == "stripe-signature"), None),
        headers=headers,
        secrets=backend.secrets.known,
        now=row["received_at"],
        originals=await originals(backend, row["event_id"]),
        clock_ahead_s=backend.clock_ahead_s,
    )


def columns_of(explanation: SignatureExplanation) -> dict[str, Any]:
    """As it is stored."""
    columns: dict[str, Any] = msgspec.to_builtins(explanation)
    return columns
