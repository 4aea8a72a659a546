"""Reading the values of conditions: amounts, times, ages, names. Each says what it would have understood."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import TypeVar

from relay.filtering.language import STATUSES, Amount, Filter, Named, Note, Received, Text
from relay.filtering.words import words_of

T = TypeVar("T")


class ValueInvalid(ValueError):
    """What is wrong with a value, and what would be right."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message, self.remedy = message, remedy


_EUROS = re.compile(r"-?\d{1,13}(\.\d{1,2})?")
_AGE = re.compile(r"(\d{1,6})(s|m|h|d|w)")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)


def named(field: str, value: str) -> Named:
    """Names with commas between them."""
    patterns = tuple(filter(None, value.split(",")))
    if not patterns:
        raise ValueInvalid(f"{field} needs a name", f"Write {field}:NAME; * stands for anything.")
    for pattern in patterns if field == "status" else ():
        if "*" not in pattern and pattern not in STATUSES:
            raise ValueInvalid(f'there is no status "{pattern}"', f"One of {', '.join(STATUSES)}.")
    return Named(field, patterns)  # type: ignore[arg-type]


def text(value: str) -> Text:
    """Words; a trailing `*` leaves the last one open."""
    words = tuple(words_of(value))
    if not words:
        raise ValueInvalid(f'"{value}" has no word to search for', "Letters, digits and underscores make words.")
    return Text(words, open_end=value.endswith("*"))


def note(value: str) -> Note:
    return Note(value.replace("*", ""))


def amount(operator: str, value: str) -> Amount:
    """Cents of an amount, a comparison, or a range."""
    low, high = _range(operator, value, _cents)
    if low is not None and operator == ">":
        low += 1
    if high is not None and operator == "<":
        high -= 1
    return Amount(low, high)


def received(operator: str, value: str, now: datetime) -> Received:
    """A day, a minute or a moment; a range begins with its first and ends with its last."""
    low, high = _range(operator, value, lambda part: _span(part, now))
    begin = None if low is None else low[1] if operator == ">" else low[0]
    end = None if high is None else high[0] if operator == "<" else high[1]
    return Received(begin, end)


def age(operator: str, value: str, now: datetime) -> Received:
    """How long ago: `age<15m` came within the last quarter of an hour, and so did `age:15m`."""
    low, high = _range("<=" if operator in ":=" and ".." not in value else operator, value, _length)
    return Received(None if high is None else now - high, None if low is None else now - low)


def _range(operator: str, value: str, read: Callable[[str], T]) -> tuple[T | None, T | None]:
    first, dots, last = value.partition("..")
    if dots:
        if operator not in (":", "="):
            raise ValueInvalid(f"{value} is a range, which cannot be compared", "Write it after a colon.")
        return read(first) if first else None, read(last) if last else None
    found = read(value)
    match operator:
        case "<" | "<=":
            return None, found
        case ">" | ">=":
            return found, None
    return found, found


def _cents(part: str) -> int:
    if not _EUROS.fullmatch(part):
        raise ValueInvalid(f'"{part}" is no amount', "Write it like amount>=50, amount:19.99 or amount:10..20.")
    whole, _, decimals = part.partition(".")
    cents = abs(int(whole)) * 100 + int(decimals.ljust(2, "0") or 0)
    return -cents if part.startswith("-") else cents


def _length(part: str) -> timedelta:
    found = _AGE.fullmatch(part)
    if found is None:
        raise ValueInvalid(f'"{part}" is no age', "Write a number and s, m, h, d or w: age<15m.")
    return timedelta(seconds=int(found[1]) * _SECONDS[found[2]])


def _span(part: str, now: datetime) -> tuple[datetime, datetime]:
    """When it begins, and when it is over: a day lasts a day, a minute a minute."""
    local = now.astimezone()
    if part in ("today", "yesterday"):
        day = local.date() if part == "today" else local.date() - _DAY
        return _local(datetime.combine(day, time())), _local(datetime.combine(day + _DAY, time()))
    try:
        if re.fullmatch(r"\d{1,2}:\d{2}(:\d{2})?", part):
            begin = _local(
                datetime.combine(local.date(), time.fromisoformat(part.zfill(len(part) + len(part) % 3 % 2)))
            )
        else:
            begin = _local(datetime.fromisoformat(part))
    except (ValueError, OverflowError):
        raise ValueInvalid(
            f'"{part}" is no time', "Write today, yesterday, 14:30, 2026-11-25 or 2026-11-25T14:30; or use age<15m."
        ) from None
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", part):
        return begin, begin + _DAY
    return begin, begin + (_MINUTE if part.count(":") == 1 and "." not in part else timedelta(seconds=1))


def _local(at: datetime) -> datetime:
    return at.astimezone()


def condition(field: str, operator: str, value: str, now: datetime) -> Filter:
    """One condition. Raises `ValueInvalid`."""
    match field:
        case "amount":
            return amount(operator, value)
        case "received":
            return received(operator, value, now)
        case "age":
            return age(operator, value, now)
    if operator not in (":", "="):
        raise ValueInvalid(f"{field} cannot be compared with {operator}", f"Write {field}:VALUE.")
    match field:
        case "text":
            return text(value)
        case "note":
            return note(value)
    return named(field, value)
