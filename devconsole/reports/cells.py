"""Cells of a report as people read them: amounts in euros, times of this machine, microseconds in a fitting unit."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

from devconsole.format import ABSENT, amount, latency, moment
from devconsole.looks import Tone

Value: TypeAlias = str | int | None

WORDS = {"topups": "top-ups", "topup": "top-up", "us": "", "percent": "%"}
CODES = frozenset({"failure_code", "decline_code", "reason", "level", "status", "origin"})


def title(column: str) -> str:
    """The name of a column as a heading: `last_topup_at` is `Last top-up`, `failed_percent` is `Failed %`."""
    for suffix in ("_cents", "_at", "_us"):
        column = column.removesuffix(suffix)
    text = " ".join(WORDS.get(word, word) for word in column.split("_"))
    return text[:1].upper() + text[1:]


def text(column: str, value: Value) -> str:
    """One cell."""
    if value is None:
        return ABSENT
    if isinstance(value, int):
        return _figure(column, value)
    if column.endswith("_at"):
        return moment(datetime.fromisoformat(value))
    if column == "hour":
        return moment(datetime.fromisoformat(value))[:-3]
    if column.endswith("_percent"):
        return f"{value} %"
    if column in ("alarm", "restrict"):
        return f"! {value}" if value == "yes" else value
    if column in CODES:
        return value.replace("_", " ")
    return value


def _figure(column: str, value: int) -> str:
    if column.endswith("_cents"):
        return amount(value)
    if column.endswith("_us"):
        return latency(value)
    return f"{value:,}" if not column.endswith("_id") else str(value)


def is_figure(column: str) -> bool:
    """Whether the column stands to the right, as figures do."""
    return column.endswith(("_cents", "_us", "_percent", "_id")) or column in COUNTS


COUNTS = frozenset(
    {
        "attempts",
        "calls",
        "charged_calls",
        "companies",
        "days_silent",
        "failed",
        "failures",
        "not_done",
        "payments",
        "refunded_calls",
        "slow",
        "succeeded",
        "topups",
    }
)


def tone(column: str, value: Value) -> Tone:
    """What is an alarm stands out; what is nothing steps back."""
    if column in ("alarm", "restrict"):
        return Tone.BAD if value == "yes" else Tone.MUTED
    if column in ("slow", "not_done", "failed") and value:
        return Tone.BAD
    if value in (None, 0, "0.0"):
        return Tone.MUTED
    if column.endswith("_cents"):
        return Tone.STRONG
    return Tone.PLAIN
