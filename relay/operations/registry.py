"""Which function carries out which operation. Every door calls through here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from relay.api.operation import Operation

if TYPE_CHECKING:
    from relay.backend import Backend

R = TypeVar("R")

Handler = Callable[["Backend", Any], Awaitable[R]]

HANDLERS: dict[str, Handler[Any]] = {}
"""By operation name; filled when `relay.operations` is imported."""


def handles(operation: type[Operation[R]]) -> Callable[[Handler[R]], Handler[R]]:
    """Declare the function that carries out `operation`; the checker holds it to the operation's result."""

    def register(handler: Handler[R]) -> Handler[R]:
        assert operation.name not in HANDLERS, f"{operation.name} has two handlers"
        HANDLERS[operation.name] = handler
        return handler

    return register
