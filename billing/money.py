"""Cents and rates: read an amount once, round once, half up. Formatting for people is not done here."""

from __future__ import annotations

import re

from billing.errors import InvalidAmount

AMOUNT_MAX_CENTS = 100_000_000
"""One million euros: far above every limit, so that a slipped digit is refused where it is read."""

_AMOUNT = re.compile(r"(?P<euros>[0-9]{1,12})(?:\.(?P<decimals>[0-9]{1,2}))?")
_SECONDS_TIMES_E4_PER_CENT = 60 * 100
"""A rate is ten-thousandths of a euro a minute: seconds x rate / 6000 are cents."""


def parse_euros(text: str, *, maximum_cents: int = AMOUNT_MAX_CENTS) -> int:
    """Read a decimal amount in euros such as `50`, `50.5` or `50.00` as cents.

    Raises `InvalidAmount` for anything else: a comma, a sign, an exponent, more than two decimals, zero, too much.
    """
    matched = _AMOUNT.fullmatch(text.strip())
    if matched is None:
        raise InvalidAmount(_why_unreadable(text.strip()), remedy="Write it as euros with a dot, such as 50 or 49.90.")
    decimals = (matched["decimals"] or "").ljust(2, "0")
    cents = int(matched["euros"]) * 100 + int(decimals)
    if cents == 0:
        raise InvalidAmount("the amount is zero", remedy="Give at least 0.01.")
    if cents > maximum_cents:
        raise InvalidAmount(
            f"{text.strip()} EUR is too much; at most {maximum_cents // 100}.{maximum_cents % 100:02d} EUR is accepted"
        )
    return cents


def _why_unreadable(text: str) -> str:
    if not text:
        return "the amount is empty"
    if text.startswith("-"):
        return f"{text} is negative"
    if "," in text:
        return f"{text} contains a comma; the decimal sign is a dot, and thousands are not separated"
    if re.fullmatch(r"[0-9]+\.[0-9]{3,}", text):
        return f"{text} has more than two decimals"
    if re.fullmatch(r"[0-9]{13,}(\.[0-9]{1,2})?", text):
        return f"{text} EUR is too much"
    return f"{text[:40]!r} is not an amount"


def round_half_up(numerator: int, denominator: int) -> int:
    """The one rounding of this system: `numerator / denominator`, both not negative, halves upwards."""
    assert numerator >= 0, numerator
    assert denominator > 0, denominator
    return (2 * numerator + denominator) // (2 * denominator)


def price_cents(*, duration_s: int, rate_e4_per_minute: int, increment_s: int, minimum_cents: int) -> int:
    """Price of one ended call in cents, rounded half up exactly once.

    `duration_s` > 0 is raised to a multiple of `increment_s`, then the minimum applies: 157 s at 4200 (0.42 EUR a
    minute) -> 110. Raises nothing: the caller has already skipped unanswered calls.
    """
    assert duration_s > 0, duration_s
    assert rate_e4_per_minute >= 0, rate_e4_per_minute
    assert minimum_cents >= 0, minimum_cents
    step_s = max(1, increment_s)
    billable_s = -(-duration_s // step_s) * step_s
    return max(round_half_up(billable_s * rate_e4_per_minute, _SECONDS_TIMES_E4_PER_CENT), minimum_cents)


def seconds_covered(*, cents: int, rate_e4_per_minute: int) -> int | None:
    """Whole seconds of calling that `cents` pay for at most; 0 for nothing or debt, None when calls are free."""
    if rate_e4_per_minute == 0:
        return None
    return max(0, cents) * _SECONDS_TIMES_E4_PER_CENT // rate_e4_per_minute
