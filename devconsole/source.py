"""Where the console gets everything from: a protocol with two members, so that a script can stand in for a server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol, TypeVar

from relay.api import FeedItem, Operation, Problem

R = TypeVar("R")


class SourceError(Exception):
    """The server did not do what was asked.

    OperationRefused     it understood and said no, with a reason
    ServerUnreachable    nobody answers at its address
    """


class OperationRefused(SourceError):
    """The answer is a `Problem`: its message names the cause, its remedy the way out."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class ServerUnreachable(SourceError):
    """The server cannot be reached, or the connection broke before it answered."""


class Source(Protocol):
    """The server, seen from the console."""

    async def call(self, operation: Operation[R]) -> R:
        """Carry out one operation. Raises `OperationRefused` and `ServerUnreachable`."""
        ...

    def feed(self, after: str | None = None) -> AsyncIterator[FeedItem]:
        """The live feed after the number `epoch:seq`, or from now on. Raises `ServerUnreachable` when it breaks."""
        ...
