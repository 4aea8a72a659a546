"""Passes deliveries on to other addresses of this machine, such as the user's own app: Stripe's bytes and headers.

Each accepted delivery goes to each target in the order of arrival; one that is not taken is tried again shortly, then
given up. What a target answers never reaches the sender of the event; it shows in the server's status.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
from sqlalchemy import func, select

from billing.changes import Changes, Kind
from billing.db import Database
from billing.models import Verdict
from relay.commits import Commits
from relay.receive import MASK
from relay.upstreams import Upstreams
from relay.views.events import DELIVERIES, EVENTS
from relay.views.query import fetch

log = logging.getLogger(__name__)

WAITING_MAX: Final = 10_000
"""Deliveries that one target may owe; the oldest are given up first."""
BATCH_MAX: Final = 64
TIMEOUT_S: Final = 30.0
RETRY_DELAYS_S: Final = (0.2, 1.0)
"""Before the second and the third try. Short, because what came later waits for its turn."""
FORWARDED_HEADER: Final = "X-Devconsole-Forwarded"
"""Marks what we sent, so that a target that leads back here does not make an endless circle."""
OF_ONE_HOP: Final = frozenset({"host", "content-length", "connection", "transfer-encoding", "keep-alive", "expect"})

_ACCEPTED = (
    select(
        DELIVERIES.c.id,
        DELIVERIES.c.headers,
        func.coalesce(DELIVERIES.c.body, EVENTS.c.payload).label("body"),
    )
    .outerjoin_from(DELIVERIES, EVENTS, EVENTS.c.id == DELIVERIES.c.webhook_event_id)
    .where(DELIVERIES.c.verdict != Verdict.REJECTED)
    .order_by(DELIVERIES.c.id)
)


@dataclass(frozen=True, slots=True)
class _Delivery:
    id: int
    headers: Mapping[str, str]
    body: bytes


class Forwarder:
    """Sends what is committed from `start` on to one target. Its state is reported as `forward <url>`."""

    def __init__(self, target: str, *, db: Database, commits: Commits, upstreams: Upstreams) -> None:
        self._target = target
        self._db = db
        self._commits = commits
        self._upstreams = upstreams
        self._waiting: deque[int] = deque(maxlen=WAITING_MAX)
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        assert self._task is None, "started twice"
        self._report("silent", "nothing to forward yet")
        self._task = asyncio.create_task(self._run(), name=f"forward {self._target}")

    async def stop(self) -> None:
        """Give up what was not sent yet."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    def _changed(self, changes: Changes) -> None:
        arrived = changes.get(Kind.DELIVERY, ())
        if arrived:
            self._waiting.extend(arrived)
            self._news.set()

    async def _run(self) -> None:
        # What the target answers is of no use to us beyond its status; redirects would lead away from this machine.
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        async with aiohttp.ClientSession(timeout=timeout, auto_decompress=False) as session:
            with self._commits.listening(self._changed):
                while True:
                    await self._news.wait()
                    self._news.clear()
                    while self._waiting:
                        ids = [self._waiting.popleft() for _ in range(min(len(self._waiting), BATCH_MAX))]
                        for delivery in await self._load(ids):
                            await self._send(session, delivery)

    async def _load(self, ids: Sequence[int]) -> list[_Delivery]:
        async with self._db.read() as session:
            rows = await fetch(session, _ACCEPTED.where(DELIVERIES.c.id.in_(ids)))
        return [_delivery(row) for row in rows if FORWARDED_HEADER not in row["headers"]]

    async def _send(self, session: aiohttp.ClientSession, delivery: _Delivery) -> None:
        for delay_s in (*RETRY_DELAYS_S, None):
            taken, answer = await self._try(session, delivery)
            if taken:
                self._report("connected", f"delivery {delivery.id} was answered with {answer}")
                return
            self._report("down", f"delivery {delivery.id} was not taken: {answer}")
            if delay_s is not None:
                await asyncio.sleep(delay_s)
        log.warning("forward_failed", extra={"target": self._target, "delivery": delivery.id, "reason": answer})

    async def _try(self, session: aiohttp.ClientSession, delivery: _Delivery) -> tuple[bool, str]:
        """Whether the target took it, and its status or why there is none. A 4xx would not change."""
        try:
            async with session.post(
                self._target, data=delivery.body, headers=delivery.headers, allow_redirects=False
            ) as response:
                return response.status < 500, str(response.status)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            return False, str(error) or type(error).__name__

    def _report(self, state: str, detail: str) -> None:
        self._upstreams.report(f"forward {self._target}", state=state, detail=detail)


def _delivery(row: Mapping[str, Any]) -> _Delivery:
    headers = {
        name: value for name, value in row["headers"].items() if name.lower() not in OF_ONE_HOP and value != MASK
    }
    return _Delivery(row["id"], {**headers, FORWARDED_HEADER: "1"}, row["body"] or b"")
