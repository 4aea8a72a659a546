"""Values as text: the same value reads the same everywhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from devconsole import format as text

NOW = datetime(2026, 11, 2, 13, 3, 7, 42_999, tzinfo=UTC)
BERLIN = timezone(timedelta(hours=1))


@pytest.mark.parametrize(
    ("cents", "plain", "signed"),
    [
        (0, "0.00", "0.00"),
        (5, "0.05", "+0.05"),
        (-5, "-0.05", "-0.05"),
        (110, "1.10", "+1.10"),
        (-123_456, "-1,234.56", "-1,234.56"),
        (100_000_000, "1,000,000.00", "+1,000,000.00"),
        (None, "–", "–"),
    ],
)
def test_money(cents: int | None, plain: str, signed: str) -> None:
    assert text.amount(cents) == plain
    assert text.signed(cents) == signed
    assert text.euros(cents) == (plain if cents is None else f"{plain} EUR")


def test_money_of_an_event_keeps_its_own_currency() -> None:
    assert text.money(1999, "usd") == "19.99 USD"
    assert text.money(None, "usd") == "–"


@pytest.mark.parametrize(
    ("e4", "shown"), [(4200, "0.42"), (4225, "0.4225"), (3000, "0.30"), (10_000, "1.00"), (0, "0.00"), (1, "0.0001")]
)
def test_rates_show_further_decimals_only_where_there_are_any(e4: int, shown: str) -> None:
    assert text.rate(e4) == f"{shown} EUR/min"


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00:00"), (157, "0:02:37"), (3_600, "1:00:00"), (86_399, "23:59:59"), (None, "–")]
)
def test_durations(seconds: int | None, shown: str) -> None:
    assert text.duration(seconds) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (37, "37 s"),
        (97, "1 min 37 s"),
        (7_140, "1 h 59 min"),
        (0, "0 s"),
        (None, "unlimited"),
        (36_000_000, "10,000 h 00 min"),
    ],
)
def test_how_long_a_balance_lasts(seconds: int | None, shown: str) -> None:
    assert text.remaining(seconds) == shown


@pytest.mark.parametrize(
    ("away_s", "shown"),
    [
        (0.4, "just now"),
        (-3, "3 s ago"),
        (-59.9, "59 s ago"),
        (-60, "1 min ago"),
        (300, "in 5 min"),
        (-90_000, "1 d ago"),
    ],
)
def test_relative_times(away_s: float, shown: str) -> None:
    assert text.relative(NOW + timedelta(seconds=away_s), now=NOW) == shown


def test_clock_times_are_of_the_zone_asked_for() -> None:
    assert text.clock(NOW, zone=BERLIN) == "14:03:07"
    assert text.clock_ms(NOW, zone=BERLIN) == "14:03:07.042"
    assert text.moment(NOW, zone=BERLIN) == "2026-11-02 14:03:07"
    assert text.rfc3339(NOW.astimezone(BERLIN)) == "2026-11-02T13:03:07.042999Z"


@pytest.mark.parametrize(
    ("us", "shown"), [(840, "0.84 ms"), (9_990, "9.99 ms"), (12_400, "12 ms"), (1_300_000, "1.30 s")]
)
def test_latencies(us: int, shown: str) -> None:
    assert text.latency(us) == shown


def test_short_ids_keep_kind_and_end() -> None:
    assert text.short_id("evt_1QabcDefGhiJkl9xYz") == "evt_1QabcDe…9xYz"
    assert text.short_id("evt_1") == "evt_1"


@pytest.mark.parametrize(
    ("secret", "shown"),
    [
        ("sk_test_51Nabcdefghi9xYz", "sk_test_…9xYz"),
        ("whsec_0123456789abcdef", "whsec_…cdef"),
        ("short", "…"),
        ("", "–"),
    ],
)
def test_secrets_show_their_kind_and_four_characters(secret: str, shown: str) -> None:
    assert text.masked(secret) == shown


def test_every_level_has_its_sentence() -> None:
    assert set(text.LEVELS) == set(text.LEVEL_SENTENCES)
