"""One readable line per event: what a server without a screen prints, and what `events follow` shows."""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Iterable
from datetime import tzinfo
from typing import TextIO

import msgspec

from devconsole import format as text
from devconsole.output import printable
from relay.api import BalanceView, EventView, FeedItem, FeedKind

WAITING_MAX = 1_000
"""Lines that a slow terminal may owe; further ones are counted and dropped, never waited for."""

_event = msgspec.json.Decoder(EventView).decode
_balance = msgspec.json.Decoder(BalanceView).decode


class Narrator:
    """Turns feed items into lines: time, type, company, amount, state with its reason, and the balance after it."""

    def __init__(self, *, zone: tzinfo | None = None) -> None:
        self._zone = zone
        self._balances: dict[int, BalanceView] = {}

    def lines(self, items: Iterable[FeedItem]) -> list[str]:
        """The lines of items that came together: balances are taken in first, whatever their place among them."""
        taken = list(items)
        for item in taken:
            if item.kind is FeedKind.BALANCE:
                balance = _balance(item.row)
                self._balances[balance.company_id] = balance
        events = [_event(item.row) for item in taken if item.kind is FeedKind.EVENT]
        return [self._line(event) for event in events if _has_news(event)]

    def _line(self, event: EventView) -> str:
        parts = [
            text.clock(event.received_at, zone=self._zone),
            event.type,
            event.company_slug or "no company of ours",
            text.money(event.amount_cents, event.currency) if event.amount_cents is not None else "",
            f"{text.words(event.status)}: {event.reason}" if event.reason else text.words(event.status),
            self._balance_of(event),
        ]
        return "  ".join(printable(part) for part in parts if part)

    def _balance_of(self, event: EventView) -> str:
        balance = self._balances.get(event.company_id) if event.company_id is not None else None
        return f"balance {text.euros(balance.effective_total_cents)} ({balance.level})" if balance else ""


def _has_news(event: EventView) -> bool:
    """A pending event says nothing yet, unless it failed once and waits for its next attempt."""
    return event.status != "pending" or event.retry_count > 0


class LinePrinter:
    """Prints in a thread of its own: a paused terminal or a full pipe must not make the server wait."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._waiting: queue.Queue[str | None] = queue.Queue(WAITING_MAX)
        self._dropped = 0
        self._thread = threading.Thread(target=self._print, name="lines", daemon=True)
        self._thread.start()

    def print(self, lines: Iterable[str]) -> None:
        """Queue lines. Those that do not fit are counted, and the count is printed when there is room again."""
        for line in lines:
            try:
                if self._dropped:
                    self._waiting.put_nowait(f"({text.count(self._dropped, 'line')} left out)")
                    self._dropped = 0
                self._waiting.put_nowait(line)
            except queue.Full:
                self._dropped += 1

    def close(self, timeout_s: float = 1.0) -> None:
        """Print what waits, unless nobody reads."""
        try:
            self._waiting.put(None, timeout=timeout_s)
        except queue.Full:
            return
        self._thread.join(timeout_s)

    def _print(self) -> None:
        while (line := self._waiting.get()) is not None:
            try:
                self._stream.write(line + "\n")
                self._stream.flush()
            except (OSError, ValueError):  # nobody reads any more; the server goes on
                return
