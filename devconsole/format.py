"""Cents, rates, times and ids as text for people; shared by the screens and the command line.

Pure: no clock is read, no locale is asked, so the same value reads the same in a table, a screen and a test.
Money is written `1,234.50 EUR`: a comma groups thousands, a dot sets off the cents, the currency follows.
What does not exist (`None`) is written as a dash, never as zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, tzinfo
from typing import Any

ABSENT = "–"
"""Stands where a value does not exist."""

MICROSECONDS_PER_MS = 1_000

LEVELS = ("good", "low", "critical", "blocked", "exhausted")
"""The levels of a balance in the order in which they get worse."""

LEVEL_SENTENCES = {
    "good": "The balance is at or above the low-balance threshold.",
    "low": "The balance is below the low-balance threshold.",
    "critical": "The balance is at most half of the low-balance threshold.",
    "blocked": "The balance pays for less than one minute; new calls are refused.",
    "exhausted": "Nothing is left; new calls are refused.",
}
"""What each level means, by the effective total (balance + bonus - reserved)."""

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))


def amount(cents: int | None) -> str:
    """Cents as euros without the currency, for a column that names it: `1,234.50`, `-0.05`."""
    if cents is None:
        return ABSENT
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100:,}.{abs(cents) % 100:02d}"


def euros(cents: int | None) -> str:
    """Cents as `1,234.50 EUR`."""
    return ABSENT if cents is None else f"{amount(cents)} EUR"


def signed(cents: int | None) -> str:
    """A change of a balance with its sign, without the currency: `+50.00`, `-1.10`, `0.00`."""
    if cents is None:
        return ABSENT
    return f"+{amount(cents)}" if cents > 0 else amount(cents)


def signed_euros(cents: int | None) -> str:
    """A change of a balance with its sign: `+50.00 EUR`."""
    return ABSENT if cents is None else f"{signed(cents)} EUR"


def money(cents: int | None, currency: str | None) -> str:
    """An amount in its own currency, as events carry it: `50.00 EUR`, `19.99 USD`."""
    return ABSENT if cents is None else f"{amount(cents)} {(currency or 'eur').upper()}"


def rate(e4_per_minute: int | None) -> str:
    """Ten-thousandths of a euro a minute as `0.42 EUR/min`; further decimals only where there are any."""
    if e4_per_minute is None:
        return ABSENT
    whole, decimals = divmod(e4_per_minute, 10_000)
    shown = f"{decimals:04d}".rstrip("0").ljust(2, "0")
    return f"{whole}.{shown} EUR/min"


def duration(seconds: int | None) -> str:
    """Seconds as `h:mm:ss`: 157 is `0:02:37`."""
    if seconds is None:
        return ABSENT
    hours, rest = divmod(max(0, seconds), 3_600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}"


def span(seconds: float) -> str:
    """A length of time in its largest unit: `3 s`, `5 min`, `2 h`, `4 d`."""
    for length, unit in _UNITS:
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return f"{max(0, int(seconds))} s"


def remaining(seconds: int | None) -> str:
    """How long a balance still pays for: `1 h 59 min`, `37 s`; without an end when calls are free."""
    if seconds is None:
        return "unlimited"
    hours, rest = divmod(max(0, seconds), 3_600)
    if hours:
        return f"{hours:,} h {rest // 60:02d} min"
    return f"{rest // 60} min {rest % 60:02d} s" if rest >= 60 else f"{rest} s"


def relative(at: datetime | None, *, now: datetime) -> str:
    """A moment seen from `now`: `just now`, `3 s ago`, `in 5 min`."""
    if at is None:
        return ABSENT
    away_s = (at - now).total_seconds()
    if abs(away_s) < 1:
        return "just now"
    return f"in {span(away_s)}" if away_s > 0 else f"{span(-away_s)} ago"


def clock(at: datetime | None, *, zone: tzinfo | None = None) -> str:
    """The time of day as `14:03:07` in `zone` (none: that of this machine)."""
    return ABSENT if at is None else f"{at.astimezone(zone):%H:%M:%S}"


def clock_ms(at: datetime | None, *, zone: tzinfo | None = None) -> str:
    """The time of day with milliseconds: `14:03:07.042`."""
    if at is None:
        return ABSENT
    local = at.astimezone(zone)
    return f"{local:%H:%M:%S}.{local.microsecond // MICROSECONDS_PER_MS:03d}"


def day(on: date | datetime | None, *, zone: tzinfo | None = None) -> str:
    """A day as `2026-11-02`."""
    if on is None:
        return ABSENT
    return f"{on.astimezone(zone) if isinstance(on, datetime) else on:%Y-%m-%d}"


def moment(at: datetime | None, *, zone: tzinfo | None = None) -> str:
    """Day and time of day as `2026-11-02 14:03:07`."""
    return ABSENT if at is None else f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}"


def rfc3339(at: datetime) -> str:
    """A moment as JSON has it: UTC with a Z."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def latency(microseconds: int | None) -> str:
    """How long something took: `0.84 ms`, `12 ms`, `1.30 s`."""
    if microseconds is None:
        return ABSENT
    milliseconds = microseconds / MICROSECONDS_PER_MS
    if milliseconds >= 1_000:
        return f"{milliseconds / 1_000:.2f} s"
    return f"{milliseconds:.0f} ms" if milliseconds >= 10 else f"{milliseconds:.2f} ms"


def size(count: int) -> str:
    """Bytes as `512 B`, `2.1 KB`, `1.0 MB`."""
    if count < 1_024:
        return f"{count} B"
    return f"{count / 1_024:.1f} KB" if count < 1_048_576 else f"{count / 1_048_576:.1f} MB"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """A number with its noun: `1 event`, `1,200 events`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def words(identifier: str | None) -> str:
    """A state or reason code as words: `in_progress` is `in progress`."""
    return ABSENT if not identifier else identifier.replace("_", " ")


def level(name: str) -> str:
    """The sentence for a balance's level; one that is not known is shown as its word."""
    return LEVEL_SENTENCES.get(name, words(name))


def yes_no(value: bool) -> str:
    return "yes" if value else "no"


def fact(name: str, value: Any) -> str:
    """One field of a record: money by the end of its name, lists with commas, yes and no instead of true and false."""
    if value is None:
        return ABSENT
    if isinstance(value, bool):
        return yes_no(value)
    if isinstance(value, int) and name.endswith("_cents"):
        return amount(value)
    if isinstance(value, list | tuple):
        return ", ".join(fact(name, each) for each in value) or ABSENT
    return str(value)


def fields(record: Mapping[str, Any]) -> str:
    """What is set in a record, in a line: `company acme, amount 50.00`."""
    return ", ".join(
        f"{words(name.removesuffix('_cents'))} {fact(name, value)}"
        for name, value in record.items()
        if value not in (None, "", [], ())
    )


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """What differs, in a line: `daily limit – → 2.00`."""
    return ", ".join(
        f"{words(name.removesuffix('_cents'))} {fact(name, before.get(name))} → {fact(name, after.get(name))}"
        for name in dict.fromkeys((*before, *after))
        if before.get(name) != after.get(name)
    )


def short_id(identifier: str | None, *, width: int = 16) -> str:
    """An id cut in the middle, so that its kind and its end stay readable: `evt_1Qabc…9xYz`."""
    if not identifier:
        return ABSENT
    if len(identifier) <= width:
        return identifier
    assert width >= 8, width
    return f"{identifier[: width - 5]}…{identifier[-4:]}"


def masked(secret: str | None) -> str:
    """A secret as its kind and its last four characters: `sk_test_…9xYz`. A short one shows nothing of itself."""
    if not secret:
        return ABSENT
    if len(secret) < 16:
        return "…"
    kind = secret[: secret.rfind("_", 0, 9) + 1]
    return f"{kind}…{secret[-4:]}"
