"""What delivers events to us, and how each of them is doing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from relay.api import UpstreamView


@dataclass
class _Upstream:
    state: str
    detail: str
    last_event_at: datetime | None = None


class Upstreams:
    """States by name (`sandbox`, `stripe_cli`), told by whoever runs them.

    The ingress adds when the last event of each came.
    """

    def __init__(self) -> None:
        self._known: dict[str, _Upstream] = {}
        self._listeners: list[Callable[[], None]] = []

    def on_change(self, listener: Callable[[], None]) -> None:
        self._listeners.append(listener)

    def report(self, name: str, *, state: str, detail: str) -> None:
        """Say how an upstream is: connected, starting, silent, down or off, and why."""
        known = self._known.get(name)
        if known is not None and (known.state, known.detail) == (state, detail):
            return
        self._known[name] = _Upstream(state, detail, known.last_event_at if known else None)
        for listener in self._listeners:
            listener()

    def forget(self, name: str) -> None:
        """It is there no more."""
        if self._known.pop(name, None) is not None:
            for listener in self._listeners:
                listener()

    def heard(self, name: str, at: datetime) -> None:
        """An event of this source has just been accepted."""
        known = self._known.get(name)
        if known is not None:
            known.last_event_at = at

    def views(self) -> tuple[UpstreamView, ...]:
        return tuple(
            UpstreamView(name=name, state=known.state, detail=known.detail, last_event_at=known.last_event_at)
            for name, known in self._known.items()
        )
