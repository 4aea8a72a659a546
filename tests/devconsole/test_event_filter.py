"""What may be typed to narrow the event list."""

from __future__ import annotations

import pytest

from devconsole.event_filter import EventFilter, FilterInvalid, parse
from tests.support import views

SLUGS = ("acme-telefon", "bergbau-nord")


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("", EventFilter()),
        ("failed", EventFilter(status="failed")),
        ("status:held", EventFilter(status="held")),
        ("type:charge.*", EventFilter(type="charge.*")),
        ("charge", EventFilter(type="charge*")),
        ("payment_intent.*", EventFilter(type="payment_intent.*")),
        ("acme-telefon", EventFilter(company="acme-telefon")),
        ("berg", EventFilter(company="bergbau-nord")),
        ("company:7", EventFilter(company="7")),
        ("failed acme charge.", EventFilter(status="failed", company="acme-telefon", type="charge.*")),
    ],
)
def test_words_become_conditions(typed: str, expected: EventFilter) -> None:
    assert parse(typed, companies=SLUGS) == expected


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("status:broken", "'broken' is no status; one of pending, held"),
        ("failed held", "Only one status at a time: failed or held"),
        ("colour:red", "write status:…, type:… or company:…"),
        ("type:", "write status:…, type:… or company:…"),
    ],
)
def test_what_means_nothing_is_refused_with_what_would(typed: str, says: str) -> None:
    with pytest.raises(FilterInvalid, match=says.replace(".", r"\.")):
        parse(typed, companies=SLUGS)


def test_a_filter_reads_back_as_it_was_typed() -> None:
    typed = "status:failed type:charge.* company:acme-telefon"
    assert str(parse(typed)) == typed
    assert parse(str(parse("failed acme", companies=SLUGS))) == parse("failed acme", companies=SLUGS)


def test_a_filter_lets_through_what_the_server_would_list() -> None:
    refund = views.event(1, type="charge.refunded", company_id=2, company_slug="bergbau-nord", status="failed")
    assert EventFilter(type="charge.*", company="2", status="failed").matches(refund)
    assert EventFilter(type="charge.refunded").matches(refund)
    assert not EventFilter(type="charge").matches(refund)
    assert not EventFilter(company="acme-telefon").matches(refund)
    assert not EventFilter(status="completed").matches(refund)
