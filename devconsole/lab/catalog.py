"""The faults of the lab: what each is, how it is brought about, and how it is seen to have struck.

Chance comes from a seed: which event, which commit, how often. The same seed makes the same mistake.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from random import Random
from typing import Any

from devconsole.lab.hazards import BROKEN, FULL, SLOW
from devconsole.lab.points import AFTER_COMMIT, BEFORE_COMMIT, Point
from devconsole.lab.world import World, rows
from fixtures import faults as named
from fixtures.sandbox.faults import Fault

EVENTS = ("payment_intent.succeeded", "charge.succeeded", "checkout.session.completed", "charge.refunded")
PAYMENTS = "/v1/payment_intents"
REQUESTS = (PAYMENTS, "/v1/checkout/sessions", "/v1/refunds")
LOCKED_S = 0.6
FULL_S = 0.5
SKEW_S = (360.0, 720.0)
"""More than a signature may be old, and less than is waited for afterwards."""
SKEW_LOOK_S, SKEW_LOOKS = 0.02, 200
ASIDE = ("queue", "send")
"""Commits of notices to companies: beside the story, so not every run passes them."""
AFTER_S = 0.25
"""Into the story, when something happens beside it."""

Beside = Callable[[World], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Trouble:
    """One fault as it is brought about in one world. `how` says what chance has chosen."""

    how: str
    struck: Callable[[World], bool]
    rules: tuple[Fault, ...] = ()
    """Of the sandbox."""
    deadly: Point | None = None
    impatient: bool = False
    told: tuple[tuple[str, object], ...] = ()
    """Hazards of the server, from the beginning."""
    beside: Beside | None = None
    """Runs beside the story; it is waited for before anything is judged."""


Brew = Callable[[Random, Sequence[Point]], Trouble]
"""Of chance and of the points that an undisturbed story passes."""


# At Stripe, and on the way to us --------------------------------------------------------------------------------------


def _hook(name: str, *, times: tuple[int, int] = (1, 3), events: Sequence[str] = EVENTS, **changes: Any) -> Brew:
    def brew(chance: Random, _points: Sequence[Point]) -> Trouble:
        event_type, count = chance.choice(list(events)), chance.randint(*times)
        rule = named.BY_NAME[name].armed(path=event_type, times=count, name=name, **changes)
        return _of_rule(rule, f"{event_type}, {_times(count)}")

    return brew


def _api(name: str, *, times: tuple[int, int] = (1, 1), paths: Sequence[str] = REQUESTS, **changes: Any) -> Brew:
    def brew(chance: Random, _points: Sequence[Point]) -> Trouble:
        path, count = chance.choice(list(paths)), chance.randint(*times)
        rule = named.BY_NAME[name].armed(path=path, times=count, name=name, **changes)
        return _of_rule(rule, f"POST {path}, {_times(count)}")

    return brew


def _of_rule(rule: Fault, how: str) -> Trouble:
    def struck(world: World) -> bool:
        left = [each for each in world.sandbox.faults.rules() if each.fault.name == rule.name]
        return not left or left[0].hits > 0

    return Trouble(how, struck, rules=(rule,))


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


# In the server --------------------------------------------------------------------------------------------------------


def _noted(what: str) -> Callable[[World], bool]:
    return lambda world: what in world.struck


def _slow_handler(chance: Random, _points: Sequence[Point]) -> Trouble:
    pauses = [round(chance.uniform(0.1, 0.4), 2) for _ in range(chance.randint(1, 3))]
    how = f"{', '.join(map(str, pauses))} s, inside of the transaction"
    return Trouble(how, _noted(SLOW), told=(("slow", pauses),))


def _handler_error(chance: Random, _points: Sequence[Point]) -> Trouble:
    count = chance.randint(1, 2)
    return Trouble(f"{_times(count)}, after all that it wrote", _noted(BROKEN), told=(("errors", count),))


def _crash(when: str) -> Brew:
    def brew(chance: Random, points: Sequence[Point]) -> Trouble:
        passed = (point for point in points if point.when == when and point.nth == 1 and point.what not in ASIDE)
        point = chance.choice(sorted(passed))
        return Trouble(f"{when} {point.what}", lambda world: world.deaths > 0, deadly=point)

    return brew


def _restart(chance: Random, _points: Sequence[Point]) -> Trouble:
    after_s = round(chance.uniform(0.0, 2 * AFTER_S), 2)

    async def restart(world: World) -> None:
        await asyncio.sleep(after_s)
        await world.restart()

    return Trouble(f"after {after_s} s", lambda world: world.restarts > 0, beside=restart)


def _database_locked(chance: Random, _points: Sequence[Point]) -> Trouble:
    after_s = round(chance.uniform(0.0, AFTER_S), 2)
    done = []

    async def lock(world: World) -> None:
        await asyncio.sleep(after_s)
        with closing(_other_writer(world)) as other:
            await asyncio.to_thread(other.execute, "BEGIN EXCLUSIVE")
            done.append(True)
            await asyncio.sleep(LOCKED_S)
            other.execute("ROLLBACK")

    how = f"for {LOCKED_S} s after {after_s} s, by another process; writers wait for 0.2 s"
    return Trouble(how, lambda _world: bool(done), impatient=True, beside=lock)


def _other_writer(world: World) -> sqlite3.Connection:
    return sqlite3.connect(world.database, isolation_level=None, timeout=10, check_same_thread=False)


def _disk_full(chance: Random, _points: Sequence[Point]) -> Trouble:
    after_s = round(chance.uniform(0.0, AFTER_S), 2)

    async def fill(world: World) -> None:
        await asyncio.sleep(after_s)
        world.server.tell("full", True)
        await asyncio.sleep(FULL_S)
        world.server.tell("full", False)

    return Trouble(f"for {FULL_S} s after {after_s} s", _noted(FULL), beside=fill)


def _clock_skew(chance: Random, _points: Sequence[Point]) -> Trouble:
    skew_s = round(chance.uniform(*SKEW_S))

    async def mend(world: World) -> None:
        world.skew_s = skew_s
        world.set_clock()
        for _ in range(SKEW_LOOKS):
            if _rejected_as_old(world):
                break
            await asyncio.sleep(SKEW_LOOK_S)
        world.skew_s = 0.0
        world.set_clock()

    how = f"the server is {skew_s / 60:.0f} min ahead, until it has rejected an event as too old"
    return Trouble(how, _rejected_as_old, beside=mend)


def _rejected_as_old(world: World) -> bool:
    query = "SELECT 1 FROM webhook_deliveries WHERE reason_code = 'timestamp_too_old' LIMIT 1"
    return bool(rows(world.database, query))


BREWS: Mapping[str, Brew] = {
    "drop": _hook("drop", times=(1, 1), events=EVENTS[:3]),
    "lost-acknowledgement": _hook("lost-acknowledgement"),
    "delay": _hook("delay", seconds=0.3),
    "duplicate": _hook("duplicate"),
    "concurrent-duplicate": _hook("concurrent-duplicate"),
    "reorder": _hook("reorder", seconds=0.3),
    "tamper": _hook("tamper"),
    "stale-timestamp": _hook("stale-timestamp"),
    "wrong-secret": _hook("wrong-secret"),
    "clock-skew": _clock_skew,
    "stripe-429": _api("stripe-429"),
    "stripe-500": _api("stripe-500", times=(1, 3)),
    "charge-lost-answer": _api("charge-lost-answer", times=(1, 2), paths=(PAYMENTS,)),
    "slow-handler": _slow_handler,
    "handler-error": _handler_error,
    "database-locked": _database_locked,
    "disk-full": _disk_full,
    "crash-before-commit": _crash(BEFORE_COMMIT),
    "crash-after-commit": _crash(AFTER_COMMIT),
    "restart": _restart,
}
"""How each fault of `listing.IN_LAB` is brought about."""
