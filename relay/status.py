"""The state of the server as one view, and pushing it to the feed when it has changed."""

from __future__ import annotations

import asyncio
import logging
import os
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import func, select

from relay.api import StatusView, TestModeView
from relay.api.feed import FeedKind
from relay.background import Background
from relay.pace import rest_s
from relay.views.events import EVENTS
from relay.views.failures import failure_count
from relay.views.query import fetch

if TYPE_CHECKING:
    from relay.backend import Backend

log = logging.getLogger(__name__)

GAP_S = 0.25
"""At most four times a second."""

_COUNTS = select(EVENTS.c.status, func.count().label("number")).group_by(EVENTS.c.status)


async def status_of(backend: Backend) -> StatusView:
    """What `server.status` answers."""
    async with backend.db.read() as session:
        counts = {row["status"].value: row["number"] for row in await fetch(session, _COUNTS)}
        failures = await failure_count(session)
    return StatusView(
        version=backend.version,
        pid=os.getpid(),
        home=str(backend.home),
        relay_url=backend.relay_url,
        webhook_url=backend.webhook_url,
        sandbox_url=backend.sandbox_url,
        stripe_api=backend.stripe_api,
        mode=backend.mode,
        test_mode=test_mode_view(backend, held=counts.get("held", 0)),
        started_at=backend.started_at,
        queue_depth=counts.get("pending", 0) + backend.journal.depth,
        events_total=sum(counts.values()),
        events_by_status=counts,
        failures=failures,
        ledger_ok=backend.ledger_watch.ok,
        topup_min_cents=backend.policy.topup_min_cents,
        topup_max_cents=backend.policy.topup_max_cents,
        upstreams=backend.upstreams.views(),
        feed_epoch=backend.feed.epoch,
        feed_seq=backend.feed.seq,
    )


def test_mode_view(backend: Backend, *, held: int) -> TestModeView:
    mode = backend.test_mode
    return TestModeView(on=mode.is_on, lock_file=str(mode.lock_file), reason=mode.reason, held_events=held)


class StatusPublisher:
    """Sends the status after something has happened, if it is another one than before and anybody follows."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._touched = asyncio.Event()
        self._sent: bytes | None = None
        self._background = Background("status", self._run)

    def touch(self, *_what: object) -> None:
        """Something may have changed."""
        self._touched.set()

    def start(self) -> None:
        self._background.start()

    async def stop(self) -> None:
        await self._background.stop()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._touched.wait()
            self._touched.clear()
            start = loop.time()
            if self._backend.feed.clients:
                try:
                    await self._publish()
                except Exception:
                    log.exception("status_not_published")
            await asyncio.sleep(rest_s(loop.time() - start, at_least_s=GAP_S))

    async def _publish(self) -> None:
        status = await status_of(self._backend)
        # The number of the last item changes with every item, this one included: it is no news.
        seen = msgspec.json.encode(msgspec.structs.replace(status, feed_seq=0))
        if seen != self._sent:
            self._sent = seen
            self._backend.feed.publish([(FeedKind.STATUS, status)])
