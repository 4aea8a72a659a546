"""Amounts are read once, prices are rounded once."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.errors import InvalidAmount
from billing.money import parse_euros, price_cents, round_half_up, seconds_covered


@pytest.mark.parametrize(
    ("text", "cents"),
    [("50", 5_000), ("50.00", 5_000), ("50.5", 5_050), ("0.01", 1), ("19.99", 1_999), (" 10 ", 1_000), ("007", 700)],
)
def test_amounts_are_read_as_cents(text: str, cents: int) -> None:
    assert parse_euros(text) == cents


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("50,00", "comma"),
        ("1,000.00", "comma"),
        ("0.001", "more than two decimals"),
        ("1.999", "more than two decimals"),
        ("-5", "negative"),
        ("0", "zero"),
        ("0.00", "zero"),
        ("", "empty"),
        ("1e3", "not an amount"),
        ("+5", "not an amount"),
        ("5.", "not an amount"),
        (".5", "not an amount"),
        ("NaN", "not an amount"),
        ("inf", "not an amount"),
        ("0x10", "not an amount"),
        ("1_000", "not an amount"),
        ("٥", "not an amount"),
        ("5 0", "not an amount"),
        ("1000000.01", "too much"),
        ("9" * 400, "too much"),
    ],
)
def test_everything_else_is_refused_with_its_reason(text: str, why: str) -> None:
    with pytest.raises(InvalidAmount, match=why):
        parse_euros(text)


def test_the_maximum_is_the_callers() -> None:
    assert parse_euros("10000", maximum_cents=1_000_000) == 1_000_000
    with pytest.raises(InvalidAmount, match=r"at most 10000\.00 EUR"):
        parse_euros("10000.01", maximum_cents=1_000_000)


@given(st.integers(min_value=1, max_value=100_000_000))
def test_every_amount_survives_being_written_and_read(cents: int) -> None:
    assert parse_euros(f"{cents // 100}.{cents % 100:02d}") == cents


@pytest.mark.parametrize(
    ("duration_s", "increment_s", "minimum_cents", "expected_cents"),
    [
        (1, 1, 0, 1),
        (3, 1, 0, 2),
        (5, 1, 0, 4),  # 3.5 cents: halves go up
        (30, 1, 0, 21),
        (60, 1, 0, 42),
        (120, 1, 0, 84),
        (157, 1, 0, 110),
        (7, 6, 0, 8),
        (12, 6, 0, 8),
        (61, 60, 0, 84),
        (60, 60, 0, 42),
        (5, 1, 10, 10),
        (157, 1, 10, 110),
        (3_600, 1, 0, 2_520),
        (1, 0, 0, 1),  # an increment of nothing is an increment of one
    ],
)
def test_the_price_of_a_call_at_42_cents(
    duration_s: int, increment_s: int, minimum_cents: int, expected_cents: int
) -> None:
    price = price_cents(
        duration_s=duration_s, rate_e4_per_minute=4_200, increment_s=increment_s, minimum_cents=minimum_cents
    )
    assert price == expected_cents


durations = st.integers(min_value=1, max_value=86_400)
rates = st.integers(min_value=0, max_value=1_000_000)
increments = st.integers(min_value=1, max_value=600)


@given(durations, rates, increments)
def test_the_price_is_within_half_a_cent_of_the_exact_one(duration_s: int, rate: int, increment_s: int) -> None:
    billable_s = next(s for s in range(duration_s, duration_s + increment_s) if s % increment_s == 0)
    exact = Fraction(billable_s * rate, 6_000)
    price = price_cents(duration_s=duration_s, rate_e4_per_minute=rate, increment_s=increment_s, minimum_cents=0)
    assert Fraction(-1, 2) < price - exact <= Fraction(1, 2)


@given(durations, durations, rates, increments)
def test_a_longer_call_never_costs_less(one_s: int, other_s: int, rate: int, increment_s: int) -> None:
    short_s, long_s = sorted((one_s, other_s))

    def price(seconds: int) -> int:
        return price_cents(duration_s=seconds, rate_e4_per_minute=rate, increment_s=increment_s, minimum_cents=3)

    assert 3 <= price(short_s) <= price(long_s)


@pytest.mark.parametrize(
    ("numerator", "denominator", "rounded"), [(0, 7, 0), (1, 2, 1), (3, 2, 2), (5, 4, 1), (7, 4, 2)]
)
def test_halves_are_rounded_up(numerator: int, denominator: int, rounded: int) -> None:
    assert round_half_up(numerator, denominator) == rounded


@pytest.mark.parametrize(
    ("cents", "rate", "seconds"), [(42, 4_200, 60), (41, 4_200, 58), (0, 4_200, 0), (-5, 4_200, 0), (100, 0, None)]
)
def test_how_long_the_money_lasts(cents: int, rate: int, seconds: int | None) -> None:
    assert seconds_covered(cents=cents, rate_e4_per_minute=rate) == seconds
