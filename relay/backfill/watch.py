"""The heartbeat of whatever delivers events: asks Stripe every few seconds, tells how it is, fetches what is missing.

In `poll` mode nothing is expected to come by itself: what is new is fetched at once, and no Stripe CLI is needed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from billing.errors import BillingError, Refused
from billing.inbox import Arrival, EventHead, read_head
from billing.models import Verdict
from relay.backfill.catch_up import HELD_BYTES_MAX, CatchUp, Round
from relay.backfill.events_api import EventsApi, FetchedEvent
from relay.background import Background
from relay.journal import JournalFull
from relay.views.events import DELIVERIES
from relay.views.query import fetch

if TYPE_CHECKING:
    from relay.backend import Backend

log = logging.getLogger(__name__)

EVENTS_API: Final = "events_api"
"""Its name among the upstreams."""
BACKFILL: Final = "backfill"
POLL: Final = "poll"
"""Sources that no delivery can claim: see `relay.secrets.source_of`."""
AT_ONCE: Final = 100
MISSED_SHOWN_S: Final = 60.0
"""How long an upstream counts as silent after an event had to be fetched."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often Stripe is asked, and how long an event may be on its way.

    An event that nobody delivers is seen within `every_s`, and called missed at the first look after `grace_s`: within
    ten seconds in all, also when an answer takes its time.
    """

    every_s: float = 3.0
    grace_s: float = 5.0


POLLING: Final = Pace(every_s=2.0, grace_s=0.0)


class EventsWatch:
    """Runs beside the server."""

    def __init__(
        self,
        backend: Backend,
        api: EventsApi,
        *,
        polls: bool = False,
        pace: Pace | None = None,
        held_bytes_max: int = HELD_BYTES_MAX,
    ) -> None:
        self._backend, self._api, self._polls = backend, api, polls
        self._pace = pace or (POLLING if polls else Pace())
        self._listeners: list[Callable[[], None]] = []
        self._catch_up = CatchUp(
            db=backend.db,
            api=api,
            stripe_api=backend.stripe_account,
            grace_s=self._pace.grace_s,
            held_bytes_max=held_bytes_max,
        )
        self._background = Background("events-watch", self._run)
        self._missed_at: float | None = None
        self._missed = 0
        self._rejected = 0
        self.fetched = 0
        """Events that came this way since the server started."""

    def on_missed(self, listener: Callable[[], None]) -> None:
        """Call `listener` when events had to be fetched that should have come."""
        self._listeners.append(listener)

    async def begin(self) -> None:
        """Take the first look now, so that nothing made from here on can be overlooked; later if Stripe is away."""
        self._tell("starting", "takes a first look at Stripe's events")
        with contextlib.suppress(BillingError):
            await self._catch_up.begin(self._backend.clock.now())

    def start(self) -> None:
        self._background.start()

    async def stop(self) -> None:
        await self._background.stop()
        await self._api.close()

    async def beat(self) -> bool:
        """Ask once, store what is missing, say how things are. True: there is more to fetch at once."""
        try:
            await self._catch_up.begin(self._backend.clock.now())
            found = await self._catch_up.look()
        except BillingError as error:
            # Somebody who answers, but not this question, is no upstream in trouble.
            state, remedy = ("off", f". {error.remedy}") if isinstance(error, Refused) else ("down", "")
            self._tell(state, f"{error.message}; asked again every {self._pace.every_s:.0f} s{remedy}")
            return False
        self._compare_clocks(found)
        rejected = await self._refused(found.missed)
        complete = await self._store(found.missed)
        if complete:
            await self._catch_up.done(found)
        self._note(len(found.missed), rejected)
        self._tell_how_it_is()
        return found.is_cut and complete

    async def _run(self) -> None:
        while True:
            more = False
            # In a flood events arrive, whatever else is wrong; the inbox is busy enough.
            if not self._backend.journal.is_flooded:
                try:
                    more = await self.beat()
                except Exception:
                    log.exception("events_not_compared")
            await asyncio.sleep(0 if more else self._pace.every_s)

    async def _refused(self, events: Sequence[FetchedEvent]) -> int:
        """How many of these came to the webhook and were rejected there."""
        ids = [event.event_id for event in events[:AT_ONCE]]
        if not ids:
            return 0
        rejected = select(DELIVERIES.c.event_id).where(
            DELIVERIES.c.event_id.in_(ids), DELIVERIES.c.verdict == Verdict.REJECTED
        )
        async with self._backend.db.read() as session:
            return len({row["event_id"] for row in await fetch(session, rejected)})

    async def _store(self, events: Sequence[FetchedEvent]) -> bool:
        """Put them into the inbox, oldest first; False when it was too busy to take all."""
        for start in range(0, len(events), AT_ONCE):
            arrivals = [arrival for event in events[start : start + AT_ONCE] if (arrival := self._arrival(event))]
            taken = await asyncio.gather(
                *(self._backend.journal.store(arrival, started=time.perf_counter()) for arrival in arrivals),
                return_exceptions=True,
            )
            for answer in taken:
                if isinstance(answer, JournalFull):
                    return False
                if isinstance(answer, BaseException):
                    raise answer
            self.fetched += len(arrivals)
        return True

    def _arrival(self, event: FetchedEvent) -> Arrival | None:
        head = read_head(event.body)
        if not isinstance(head, EventHead):
            log.warning("event_not_readable", extra={"event_id": event.event_id, "reason": head.reason})
            return None
        backend = self._backend
        why = "" if self._polls else ", because no delivery of it came"
        return Arrival(
            body=event.body,
            headers={"Content-Type": "application/json; charset=utf-8"},
            source=POLL if self._polls else BACKFILL,
            received_at=backend.clock.now(),
            head=head,
            reason=f"fetched from {backend.stripe_api} with our own key{why}; it needs no signature",
            held=not backend.test_mode.was_on,
        )

    def _note(self, missed: int, rejected: int) -> None:
        if missed and not self._polls:
            now = time.monotonic()
            if self._missed_at is None or now - self._missed_at >= MISSED_SHOWN_S:
                self._missed = self._rejected = 0
            self._missed += missed
            self._rejected += rejected
            self._missed_at = now
            log.warning("events_missed", extra={"number": missed})
            for listener in self._listeners:
                listener()

    def _tell_how_it_is(self) -> None:
        every_s = f"{self._pace.every_s:.0f} s"
        if self._polls:
            self._tell("connected", f"asked for new events every {every_s}; no delivery is needed")
        elif self._missed_at is not None and time.monotonic() - self._missed_at < MISSED_SHOWN_S:
            number = "1 event" if self._missed == 1 else f"{self._missed:,} events"
            why = "was rejected at the webhook" if self._rejected else "did not arrive by webhook"
            self._tell("silent", f"{number} {why} lately and came from the Events API instead")
        else:
            self._tell("connected", f"compared every {every_s}; every event arrived")

    def _tell(self, state: str, detail: str) -> None:
        self._backend.upstreams.report(EVENTS_API, state=state, detail=detail)

    def _compare_clocks(self, found: Round) -> None:
        if found.told_at is not None:
            ahead_s = (self._backend.clock.now() - found.told_at).total_seconds()
            # What Stripe says is cut to seconds, and was under way for a moment.
            self._backend.clock_ahead_s = 0.0 if abs(ahead_s) <= 2 else ahead_s
