"""The words that an expectation may use: a typo is told before anything is played, and editors offer the right ones.

A typo in a `never` would otherwise come true for ever.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

from billing.models import EventStatus, LedgerType, NoticeKind, TopupStatus, Verdict
from billing.rules.auto_topup import Reason
from billing.rules.balance_level import BalanceLevel
from fixtures.events.catalog import EVENT_TYPES
from relay.suggestions import did_you_mean

AUTO_TOPUP: Final = ("on", "off", "disabled")
CALLS: Final = ("none", "charged", "unpaid", "not_billable")
DISPUTES: Final = (
    "warning_needs_response",
    "warning_under_review",
    "warning_closed",
    "needs_response",
    "under_review",
    "won",
    "lost",
    "prevented",
)
"""As Stripe documents them."""


def _words(kind: type[StrEnum], *more: str) -> tuple[str, ...]:
    return (*(member.value for member in kind), *more)


VALUES: Final[Mapping[str, Sequence[str]]] = {
    "levels": _words(BalanceLevel),
    "topups": _words(TopupStatus),
    "calls": CALLS,
    "disputes": DISPUTES,
    "decisions": _words(Reason, "none"),
    "auto_topup": AUTO_TOPUP,
    "event_states": _words(EventStatus),
    "ledger": _words(LedgerType),
    "notices": _words(NoticeKind),
}
"""By the part of an expectation: what stands there of a company or a type."""
FIRST_WORD_COUNTS: Final = ("ledger", "notices")
"""What follows it is an amount or a level."""
KEYS: Final[Mapping[str, Sequence[str]]] = {"deliveries": _words(Verdict)}
"""Parts whose names are words, too."""
TYPES: Final = ("events", "events_in_order")
"""Parts that list event types."""
ALIKE: Final = 0.9
"""Stripe has many more types than templates exist for: one is a typo only if it is almost one of those."""
VERBS_ALIKE: Final = 0.75
"""`updated` is not meant to be `created`."""

Wrong = tuple[str, str]
"""Where, as a path below the expectation, and what is wrong with it."""


def unknown_words(part: Mapping[str, Any]) -> Iterator[Wrong]:
    """All words of an expectation that mean nothing. `part` is plain data; references are passed over."""
    for name, known in VALUES.items():
        for key, value in part.get(name, {}).items():
            for word in (value,) if isinstance(value, str) else value:
                first = word.partition(" ")[0] if name in FIRST_WORD_COUNTS else word
                yield from _unlike(f"{name}.{key}", first, known)
    for name, known in KEYS.items():
        for key in part.get(name, {}):
            yield from _unlike(f"{name}.{key}", key, known)
    for name in TYPES:
        for place, word in enumerate(part.get(name, ())):
            yield from _typo(f"{name}[{place}]", word)
    for key in part.get("event_states", {}):
        yield from _typo(f"event_states.{key}", key)
    if isinstance(never := part.get("never"), Mapping):
        yield from ((f"never.{where}", what) for where, what in unknown_words(never))


def _unlike(where: str, word: str, known: Sequence[str]) -> Iterator[Wrong]:
    if "${" not in word and word not in known:
        name = where.partition(".")[0]
        yield where, f"`{name}` knows no {word!r}. {did_you_mean(word, known)}"


def _typo(where: str, word: str) -> Iterator[Wrong]:
    if word in EVENT_TYPES:
        return
    for alike in difflib.get_close_matches(word, EVENT_TYPES, n=1, cutoff=ALIKE):
        verb, meant = word.rpartition(".")[2], alike.rpartition(".")[2]
        if difflib.SequenceMatcher(None, verb, meant).ratio() > VERBS_ALIKE:
            yield where, f"no event is of type {word!r}. Did you mean {alike}?"
