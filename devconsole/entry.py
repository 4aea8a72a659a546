"""What people type, read into cents and seconds. A refusal says what to write instead.

Pure, and free of any screen: forms use it while somebody types. The server checks everything once more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from devconsole.format import amount

AMOUNT = re.compile(
    r"(?P<sign>[-+−]?)\s*(?P<euros>[0-9]{1,9})?(?:[.,](?P<decimals>[0-9]*))?\s*(?:€|EUR)?", re.IGNORECASE
)
"""Euros with a point or a comma; a comma never groups thousands, so `1,000` has three decimals and is refused."""

CLOCK = re.compile(r"(?:(?P<hours>[0-9]{1,2}):)?(?P<minutes>[0-9]{1,3}):(?P<seconds>[0-9]{1,2})")
SPAN = re.compile(r"(?P<figure>[0-9]{1,6})\s*(?P<unit>s|sec|m|min|h)?", re.IGNORECASE)
UNITS_S = {"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}
SPANS = re.compile(r"(?:[0-9]{1,9}\s*(?:sec|s|min|m|h|d)\s*)+", re.IGNORECASE)
ONE_OF_SPANS = re.compile(r"([0-9]+)\s*([a-z]+)", re.IGNORECASE)

LONGEST_CALL_S = 86_400


class EntryRefused(ValueError):
    """What was typed cannot be read, or lies outside its range; the text is one sentence for the person who typed."""


@dataclass(frozen=True, kw_only=True)
class AmountRange:
    """What an amount may be, both ends included."""

    least_cents: int
    most_cents: int

    def __str__(self) -> str:
        return f"{amount(self.least_cents)} to {amount(self.most_cents)} EUR"

    def read(self, text: str) -> int:
        """Decimal euros as cents. Raises `EntryRefused`."""
        cents = read_cents(text)
        if cents < self.least_cents:
            raise EntryRefused(f"At least {amount(self.least_cents)} EUR")
        if cents > self.most_cents:
            raise EntryRefused(f"At most {amount(self.most_cents)} EUR")
        return cents


TOPUP_RANGE = AmountRange(least_cents=1_000, most_cents=1_000_000)
AUTO_THRESHOLD_RANGE = AmountRange(least_cents=1_000, most_cents=50_000)
AUTO_AMOUNT_RANGE = AmountRange(least_cents=5_000, most_cents=500_000)
AUTO_MONTH_RANGE = AmountRange(least_cents=5_000, most_cents=10_000_000)
LIMIT_RANGE = AmountRange(least_cents=0, most_cents=10_000_000)
STEPS_MAX = 10
BALANCE_RANGE = AmountRange(least_cents=0, most_cents=10_000_000)


def read_cents(text: str) -> int:
    """Decimal euros with at most two decimals, never negative, as cents. Raises `EntryRefused`."""
    stripped = text.strip()
    if not stripped:
        raise EntryRefused("Enter an amount in euros, such as 50.00")
    found = AMOUNT.fullmatch(stripped)
    if found is None or not (found["euros"] or found["decimals"]):
        raise EntryRefused("Not an amount; write euros such as 50.00")
    if found["sign"] in ("-", "−"):
        raise EntryRefused("An amount is never negative")
    if len(found["decimals"] or "") > 2:
        raise EntryRefused("At most two decimals, such as 50.00")
    return int(Decimal(f"{found['euros'] or 0}.{found['decimals'] or 0}") * 100)


def read_seconds(text: str) -> int:
    """A duration as `157`, `2:37`, `1:02:37`, `10 min` or `1 h`, in seconds. Raises `EntryRefused`."""
    stripped = text.strip()
    if not stripped:
        raise EntryRefused("Enter a duration: seconds, or m:ss such as 2:37")
    duration_s = _clock_s(stripped)
    if duration_s is None:
        raise EntryRefused("Not a duration; write seconds such as 157, or m:ss such as 2:37")
    if duration_s > LONGEST_CALL_S:
        raise EntryRefused("A call lasts at most 24 hours")
    return duration_s


def read_span(text: str) -> int:
    """A span of time as `90`, `15min`, `24h`, `3d` or `1h 30min`, in seconds. Raises `EntryRefused`."""
    stripped = text.strip()
    if stripped.isascii() and stripped.isdigit() and len(stripped) <= 9:
        return int(stripped)
    if SPANS.fullmatch(stripped) is None:
        raise EntryRefused("write seconds, or a span such as 15min, 24h, 3d or 1h 30min")
    return sum(int(figure) * UNITS_S[unit.lower()] for figure, unit in ONE_OF_SPANS.findall(stripped))


def read_delays(text: str, *, most: int, longest_s: int) -> tuple[int, ...]:
    """When to try again, as `1s,30s,5min`, or `none`: seconds after each try, at most `most`. Raises `EntryRefused`."""
    if text.strip() == "none":
        return ()
    try:
        delays = tuple(read_span(each) for each in text.split(","))
    except EntryRefused:
        raise EntryRefused("write delays such as 1s,30s,5min, or none") from None
    if len(delays) > most or max(delays) > longest_s:
        raise EntryRefused(f"at most {most} delays, none longer than {longest_s // 86_400} d")
    return delays


def read_count(text: str, *, least: int, most: int) -> int:
    """A whole number within its range. Raises `EntryRefused`."""
    stripped = text.strip()
    if not stripped.isascii() or not stripped.isdigit():
        raise EntryRefused(f"A whole number from {least} to {most}")
    if not least <= (count := int(stripped[:9])) <= most:
        raise EntryRefused(f"From {least} to {most}")
    return count


def read_text(text: str, *, most: int) -> str:
    """Words, without the spaces around them. Raises `EntryRefused`."""
    words = " ".join(text.split())
    if not words:
        raise EntryRefused("Say it in a few words")
    if len(words) > most:
        raise EntryRefused(f"At most {most} characters")
    return words


def read_steps(text: str) -> tuple[int, ...]:
    """Percentages such as `50, 80, 100`, in their order, each once. Raises `EntryRefused`."""
    words = text.replace("%", " ").replace(",", " ").split()
    if not words or not all(word.isascii() and word.isdigit() for word in words):
        raise EntryRefused("Percentages such as 50, 80, 100")
    steps = tuple(sorted({int(word[:9]) for word in words}))
    if not all(1 <= step <= 100 for step in steps):
        raise EntryRefused("Each from 1 to 100")
    if len(steps) > STEPS_MAX:
        raise EntryRefused(f"At most {STEPS_MAX}")
    return steps


def _clock_s(text: str) -> int | None:
    if (clock := CLOCK.fullmatch(text)) is not None:
        hours, minutes, seconds = (int(clock[name] or 0) for name in ("hours", "minutes", "seconds"))
        if seconds > 59:
            raise EntryRefused("Seconds after a colon go from 00 to 59")
        if clock["hours"] and minutes > 59:
            raise EntryRefused("Minutes after hours go from 00 to 59")
        return hours * 3600 + minutes * 60 + seconds
    if (span := SPAN.fullmatch(text)) is not None:
        return int(span["figure"]) * UNITS_S[(span["unit"] or "s").lower()]
    return None
