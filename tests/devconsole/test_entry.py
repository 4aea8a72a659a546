"""Amounts, durations and counts as people type them."""

from __future__ import annotations

import pytest

from devconsole.entry import TOPUP_RANGE, EntryRefused, read_cents, read_count, read_seconds


@pytest.mark.parametrize(
    ("typed", "cents"),
    [
        ("50", 5_000),
        ("50.00", 5_000),
        (" 50,5 ", 5_050),
        ("0.01", 1),
        (".5", 50),
        ("12.", 1_200),
        ("19.99 EUR", 1_999),
        ("7€", 700),
        ("0", 0),
        ("+3", 300),
    ],
)
def test_amounts_are_read_as_cents(typed: str, cents: int) -> None:
    assert read_cents(typed) == cents


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "Enter an amount"),
        ("1.234", "At most two decimals"),
        ("1,000", "At most two decimals"),
        ("-5", "never negative"),
        ("−5", "never negative"),
        ("fifty", "Not an amount"),
        ("1e3", "Not an amount"),
        (".", "Not an amount"),
        ("1 000", "Not an amount"),
        ("NaN", "Not an amount"),
        ("٣", "Not an amount"),
        ("9" * 40, "Not an amount"),
    ],
)
def test_what_is_no_amount_is_refused_with_the_way_out(typed: str, reason: str) -> None:
    with pytest.raises(EntryRefused, match=reason):
        read_cents(typed)


@pytest.mark.parametrize("typed", ["9.99", "10000.01"])
def test_an_amount_outside_its_range_is_refused_with_the_limit(typed: str) -> None:
    with pytest.raises(EntryRefused, match=r"At (least 10\.00|most 10,000\.00) EUR"):
        TOPUP_RANGE.read(typed)


@pytest.mark.parametrize(
    ("typed", "seconds"),
    [
        ("157", 157),
        ("2:37", 157),
        ("0:05", 5),
        ("90:00", 5_400),
        ("1:02:37", 3_757),
        ("30 s", 30),
        ("10 min", 600),
        ("10m", 600),
        ("1h", 3_600),
        ("0", 0),
        ("24:00:00", 86_400),
    ],
)
def test_durations_are_read_as_seconds(typed: str, seconds: int) -> None:
    assert read_seconds(typed) == seconds


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "Enter a duration"),
        ("2:75", "from 00 to 59"),
        ("1:75:00", "from 00 to 59"),
        ("2.5", "Not a duration"),
        ("-30", "Not a duration"),
        ("soon", "Not a duration"),
        ("24:00:01", "24 hours"),
        ("99999", "24 hours"),
    ],
)
def test_what_is_no_duration_is_refused_with_the_way_out(typed: str, reason: str) -> None:
    with pytest.raises(EntryRefused, match=reason):
        read_seconds(typed)


def test_a_count_keeps_to_its_range() -> None:
    assert read_count(" 3 ", least=1, most=5) == 3
    for typed in ("0", "6", "", "x", "2.0", "-1", "9" * 50):
        with pytest.raises(EntryRefused, match="rom 1 to 5"):
            read_count(typed, least=1, most=5)
