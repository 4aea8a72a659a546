"""Brings one target what it is owed, one after the other, in the order of arrival.

A delivery that is not taken is tried again on the target's schedule, and everything behind it waits for its turn;
when the schedule is used up, or the answer says "never", it is put aside and the next one goes.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import aiohttp
from sqlalchemy import func, select

from billing.clock import Clock
from billing.db import Database
from billing.models import ForwardState, TargetState
from billing.pump import Pump
from relay.forwarding import rows
from relay.forwarding.rows import FORWARDS, TARGETS, Result
from relay.forwarding.sending import FORWARDED_HEADER, Answer, letter, send
from relay.forwarding.signing import Signing
from relay.upstreams import Upstreams
from relay.views.events import DELIVERIES, EVENTS
from relay.views.query import fetch, fetch_one

log = logging.getLogger(__name__)

AT_ONCE: Final = 32
"""Deliveries that are loaded, and whose results are written, together."""
NOTED_WITHIN_S: Final = 0.2
"""How long a result may wait for others before it is written down: so long a crash makes us repeat."""
UNWANTED_MAX: Final = 100
"""So many deliveries of other types may pass before the target's place is moved on."""

_BODIES = select(
    DELIVERIES.c.id,
    DELIVERIES.c.event_id,
    DELIVERIES.c.headers,
    DELIVERIES.c.secret_label,
    EVENTS.c.event_type,
    func.coalesce(DELIVERIES.c.body, EVENTS.c.payload).label("body"),
).join_from(DELIVERIES, EVENTS, EVENTS.c.id == DELIVERIES.c.webhook_event_id)

Target = Mapping[str, Any]
Row = Mapping[str, Any]


class Courier:
    """One target. `session` gives the HTTP session for it, `signing_for` how a delivery to it is signed."""

    def __init__(
        self,
        target_id: int,
        *,
        db: Database,
        clock: Clock,
        upstreams: Upstreams,
        session: Callable[[bool], aiohttp.ClientSession],
        signing_for: Callable[[int, str | None], Signing],
        queue_max: Callable[[], int],
    ) -> None:
        self._target_id = target_id
        self._db, self._clock, self._upstreams = db, clock, upstreams
        self._session, self._signing_for, self._queue_max = session, signing_for, queue_max
        self._url: str | None = None
        self._pump = Pump(f"forward {target_id}", self._step)
        self.start, self.stop, self.wake = self._pump.start, self._pump.stop, self._pump.wake
        self.asleep = self._pump.asleep

    async def _step(self) -> float | None:
        """Send what is due; the seconds until there is more to do, 0 = at once, None = when somebody wakes us."""
        async with self._db.read() as session:
            target = await fetch_one(session, select(TARGETS).where(TARGETS.c.id == self._target_id))
            if target is None:
                return None
            self._url = target["url"]
            if target["state"] is not TargetState.ON:
                self._report("off", target["state_reason"] or target["state"].value)
                return None
            due = await fetch_one(session, _first_waiting(self._target_id))
            top = (await fetch(session, select(func.max(DELIVERIES.c.id).label("top"))))[0]["top"] or 0
            page = [] if due is not None else list(await fetch(session, _next(target, up_to=top)))
        if due is not None:
            return await self._again(target, due)
        if not page:
            await self._nothing(target, top)
            return None
        await self._send_all(target, page, up_to=top if len(page) < AT_ONCE else page[-1]["id"])
        return 0

    async def _again(self, target: Target, due: Row) -> float:
        """Another try of the delivery at the head of the queue."""
        wait_s: float = (due["next_try_at"] - self._clock.now()).total_seconds()
        if wait_s > 0:
            self._report("down", f"{due['reason']}; next try at {_clock_time(due['next_try_at'])}")
            return max(wait_s, 0.05)
        async with self._db.read() as session:
            row = await fetch_one(session, _BODIES.where(DELIVERIES.c.id == due["delivery_id"]))
        assert row is not None, "a delivery that waits is never pruned"
        answer = await self._try(target, row)
        result = Result(due["id"], row["id"], row["event_id"], row["event_type"], answer)
        await self._note(target, [result], position=None)
        return 0

    async def _send_all(self, target: Target, page: Sequence[Row], *, up_to: int) -> None:
        """Send a page until one is not taken. Results are written a few at a time, also when we are stopped."""
        results: list[Result] = []
        position, noted_at = target["position"], time.monotonic()
        try:
            for row in page:
                if FORWARDED_HEADER in row["headers"]:  # it came from us: an endless circle
                    position = row["id"]
                    continue
                answer = await self._try(target, row)
                results.append(Result(None, row["id"], row["event_id"], row["event_type"], answer))
                position = row["id"]
                if answer.verdict is not ForwardState.DELIVERED:
                    return
                if time.monotonic() - noted_at > NOTED_WITHIN_S:
                    written, results = results, []
                    await self._note(target, written, position=position)
                    noted_at = time.monotonic()
            position = up_to
        finally:
            await self._note(target, results, position=position)

    async def _nothing(self, target: Target, top: int) -> None:
        if top - target["position"] >= UNWANTED_MAX:
            await self._note(target, (), position=top)
        if target["last_try_at"] is None:
            self._report("silent", "nothing to forward yet")

    async def _try(self, target: Target, row: Row) -> Answer:
        now = self._clock.now()
        signing = self._signing_for(self._target_id, row["secret_label"])
        what = letter(row["body"] or b"", row["headers"], secret=signing.secret, now=now)
        answer = await send(self._session(target["allow_remote"]), target["url"], what, now=now)
        taken = answer.verdict is ForwardState.DELIVERED
        self._report("connected" if taken else "down", f"delivery {row['id']}: {answer.text}")
        if not taken:
            log.warning(
                "forward_not_taken", extra={"target": target["name"], "delivery": row["id"], "why": answer.text}
            )
        return answer

    async def _note(self, target: Target, results: Sequence[Result], *, position: int | None) -> None:
        if results or position not in (None, target["position"]):
            await self._db.write(
                rows.record,
                self._target_id,
                results,
                position=position,
                queue_max=self._queue_max(),
                now=self._clock.now(),
            )

    def _report(self, state: str, detail: str) -> None:
        self._upstreams.report(f"forward {self._url}", state=state, detail=detail)

    def forget(self) -> None:
        """The target was removed: nothing is to be said about it any more."""
        self._upstreams.forget(f"forward {self._url}")


def _first_waiting(target_id: int) -> Any:
    return (
        select(FORWARDS.c.id, FORWARDS.c.delivery_id, FORWARDS.c.next_try_at, FORWARDS.c.reason)
        .where(FORWARDS.c.target_id == target_id, rows.WAITING)
        .order_by(FORWARDS.c.delivery_id)
        .limit(1)
    )


def _next(target: Target, *, up_to: int) -> Any:
    conditions = (*rows.owed(target["position"], target["event_types"]), DELIVERIES.c.id <= up_to)
    return _BODIES.where(*conditions).order_by(DELIVERIES.c.id).limit(AT_ONCE)


def _clock_time(at: datetime) -> str:
    return at.astimezone().strftime("%H:%M:%S")
