"""What runs beside the routes: started in this order, stopped in the reverse."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from billing import inbox
from billing.errors import DatabaseLocked
from relay.backend import Backend
from relay.pruning import AGE_ON_VIRTUAL_TIME, Bounds, Pruner
from relay.rehearsal.copying import remove_leftovers
from relay.status import StatusPublisher

log = logging.getLogger(__name__)


@asynccontextmanager
async def running(backend: Backend) -> AsyncIterator[None]:
    """Connect the parts of a backend with each other and keep them running for the length of the block."""
    status = StatusPublisher(backend)
    backend.commits.listen(backend.feed.changed)
    backend.commits.listen(backend.ledger_watch.changed)
    backend.commits.listen(status.touch)
    backend.ledger_watch.on_result(status.touch)
    backend.upstreams.on_change(status.touch)
    journal = backend.journal
    backend.worker.give_way_while(flooded=lambda: journal.is_flooded, receiving=lambda: journal.depth > 0)
    releases: set[asyncio.Task[None]] = set()

    def test_mode_changed(is_on: bool) -> None:
        status.touch()
        if is_on:
            task = asyncio.create_task(_released(backend), name="release what was held")
            releases.add(task)
            task.add_done_callback(releases.discard)

    async def end_releases() -> None:
        for task in releases:
            task.cancel()
        await asyncio.gather(*releases, return_exceptions=True)

    backend.test_mode.on_change(test_mode_changed)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(backend.loopback.close)
        backend.feed.start()
        stack.push_async_callback(backend.feed.stop)
        status.start()
        stack.push_async_callback(status.stop)
        backend.ledger_watch.start()
        stack.push_async_callback(backend.ledger_watch.stop)
        await backend.worker.start()
        stack.push_async_callback(backend.worker.stop)
        await backend.forwarding.start()
        stack.push_async_callback(backend.forwarding.stop)
        pruner = pruner_of(backend)
        pruner.start()
        backend.rejections.on_many(pruner.wake)
        stack.push_async_callback(pruner.stop)
        await asyncio.to_thread(backend.text_index.prepare)
        await asyncio.to_thread(remove_leftovers, backend.home)
        stack.push_async_callback(backend.finder.close)
        backend.text_index.start(backend.commits)
        stack.push_async_callback(backend.text_index.stop)
        stack.push_async_callback(end_releases)
        backend.test_mode.start()
        stack.push_async_callback(backend.test_mode.stop)
        stack.push_async_callback(backend.journal.drain)
        if backend.test_mode.is_on:
            await release_held(backend)
        yield


async def _released(backend: Backend) -> None:
    """As `release_held`, again and again while somebody else keeps the database locked: nobody else would do it."""
    while backend.test_mode.is_on:
        try:
            await release_held(backend)
        except DatabaseLocked as error:
            log.warning("what was held is not released yet: %s", error)
        else:
            break


def pruner_of(backend: Backend) -> Pruner:
    """On virtual time nothing is too old: a month passes in a moment, and pruning comes by the clock of the machine."""
    bounds = Bounds() if backend.timekeeper is None else Bounds(age=AGE_ON_VIRTUAL_TIME)
    return Pruner(backend.db, clock=backend.clock, bounds=bounds)


async def release_held(backend: Backend) -> None:
    """Test mode is on: what was held is processed now, and what the worker had left lying."""
    await backend.db.write(inbox.release_held, now=backend.clock.now())
    backend.worker.wake()
