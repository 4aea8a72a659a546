"""The points at which a server can die: before and after each commit that wrote something, and each call to Stripe.

They are found by running: whatever commits through `Database` or asks through `PaymentGateway` is a point, so that a
new one cannot be forgotten. In a process of its own, a server notes each point that it passes, or kills itself there.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import os
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, event
from sqlmodel import Session

from billing.db import Database
from billing.gateway import PaymentGateway
from billing.stripe_gateway import StripeGateway

P = ParamSpec("P")
T = TypeVar("T")

BEFORE_COMMIT, AFTER_COMMIT = "before the commit of", "after the commit of"
BEFORE_ASKING, AFTER_ANSWER = "before asking Stripe to", "after Stripe did"
STRIPE_CALLS = tuple(name for name, call in vars(PaymentGateway).items() if inspect.iscoroutinefunction(call))


@dataclass(frozen=True, order=True)
class Point:
    """The `nth` time (from 1) that a server passes here."""

    when: str
    what: str
    """The name of the function that a transaction ran, or of the gateway's method."""
    nth: int

    def __str__(self) -> str:
        return f"{self.when} {self.what} ({self.nth})"

    @classmethod
    def read(cls, line: str) -> Point:
        when, what, nth = line.split("\t")
        return cls(when, what, int(nth))

    def line(self) -> str:
        return f"{self.when}\t{self.what}\t{self.nth}"


class Points:
    """Notes what is passed in a file that survives the process, and dies at `deadly`."""

    def __init__(self, notes: Path, deadly: Point | None) -> None:
        self._notes = notes.open("a", encoding="utf-8")
        self._deadly = deadly
        self._passed: Counter[tuple[str, str]] = Counter()

    def passed(self, when: str, what: str) -> None:
        self._passed[when, what] += 1
        point = Point(when, what, self._passed[when, what])
        with contextlib.suppress(OSError):  # the disk may be full on purpose
            self._notes.write(point.line() + "\n")
            self._notes.flush()
        if point == self._deadly:
            os.kill(os.getpid(), signal.SIGKILL)
            signal.pause()


def database_with(points: Points) -> type[Database]:
    """`Database`, with a point before and after each commit. One that wrote nothing is none."""

    class CountedDatabase(Database):
        def __init__(self, path: Path, **options: Any) -> None:
            self._wrote: list[str] = []
            """The functions that wrote something into the transaction that is open."""
            self._committed: list[str] = []
            super().__init__(path, **options)
            event.listen(self._writer, "commit", self._commits)

        async def write(
            self, function: Callable[Concatenate[Session, P], T], /, *args: P.args, **kwargs: P.kwargs
        ) -> T:
            @functools.wraps(function)
            def named(session: Session, /, *args: P.args, **kwargs: P.kwargs) -> T:
                before = _changes(session.connection())
                result = function(session, *args, **kwargs)
                session.flush()
                if _changes(session.connection()) > before:
                    self._wrote.append(function.__name__)
                return result

            return await super().write(named, *args, **kwargs)

        def _commits(self, _connection: Connection) -> None:
            self._committed = list(self._wrote)
            for name in self._committed:
                points.passed(BEFORE_COMMIT, name)

        def _answer(self, *batch: Any) -> None:
            for name in self._committed:
                points.passed(AFTER_COMMIT, name)
            self._wrote.clear()
            self._committed.clear()
            super()._answer(*batch)

    return CountedDatabase


def _changes(connection: Connection) -> int:
    changes: int = connection.connection.driver_connection.total_changes  # type: ignore[union-attr]
    return changes


def gateway_with(points: Points) -> type[StripeGateway]:
    """`StripeGateway`, with a point before and after each call that the protocol knows."""

    def counted(name: str) -> Callable[..., Any]:
        ask = getattr(StripeGateway, name)

        @functools.wraps(ask)
        async def call(self: StripeGateway, *args: Any, **kwargs: Any) -> Any:
            points.passed(BEFORE_ASKING, name)
            answer = await ask(self, *args, **kwargs)
            points.passed(AFTER_ANSWER, name)
            return answer

        return call

    asked = [name for name in STRIPE_CALLS if name != "close"]
    return type("CountedGateway", (StripeGateway,), {name: counted(name) for name in asked})
