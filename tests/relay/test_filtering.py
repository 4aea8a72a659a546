"""The filter language: what each sentence of it means, and what is said of one that means nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.filtering.language import (
    STATUSES,
    All,
    Amount,
    Any_,
    Filter,
    FilterInvalid,
    Named,
    Not,
    Note,
    Received,
    Text,
)
from relay.filtering.matching import matches
from relay.filtering.parser import parse
from relay.filtering.words import contains
from tests.support import views

NOW = datetime(2026, 11, 25, 14, 30, 20, tzinfo=UTC)


def local(*parts: int) -> datetime:
    return datetime(*parts).astimezone()  # type: ignore[arg-type]


def read(text: str) -> Filter:
    return parse(text, now=NOW)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("", All()),
        ("type:charge.*", Named("type", ("charge.*",))),
        ("status:failed,held", Named("status", ("failed", "held"))),
        ("Status=held", Named("status", ("held",))),
        ("failed", Named("status", ("failed",))),
        ("amount>=50", Amount(5_000, None)),
        ("amount>50", Amount(5_001, None)),
        ("amount<0.10", Amount(None, 9)),
        ("amount:19.9", Amount(1_990, 1_990)),
        ("amount:10..20", Amount(1_000, 2_000)),
        ("amount:..20", Amount(None, 2_000)),
        ("age<15m", Received(NOW - timedelta(minutes=15), None)),
        ("age:2h", Received(NOW - timedelta(hours=2), None)),
        ("age>1w", Received(None, NOW - timedelta(weeks=1))),
        ("age:1h..2h", Received(NOW - timedelta(hours=2), NOW - timedelta(hours=1))),
        ("received:2026-11-02", Received(local(2026, 11, 2), local(2026, 11, 3))),
        ("received>=2026-11-02T09:05", Received(local(2026, 11, 2, 9, 5), None)),
        ("received>2026-11-02", Received(local(2026, 11, 3), None)),
        ("received<2026-11-02T09:00:00Z", Received(None, datetime(2026, 11, 2, 9, tzinfo=UTC))),
        ("received:2026-11-01..2026-11-02", Received(local(2026, 11, 1), local(2026, 11, 3))),
        ('text:"Insufficient  FUNDS"', Text(("insufficient", "funds"))),
        ("text:insuff*", Text(("insuff",), open_end=True)),
        ('"Café AND"', Text(("cafe", "and"))),
        ("note:lost", Note("lost")),
        ("mark:*", Named("mark", ("*",))),
        ("charge.*", Any_((Named("company", ("charge.*",)), Named("type", ("charge.*",))))),
        ("acme", Any_((Named("company", ("acme*",)), Text(("acme",))))),
        ("failed type:a", All((Named("status", ("failed",)), Named("type", ("a",))))),
        ("failed AND type:a", All((Named("status", ("failed",)), Named("type", ("a",))))),
        ("-failed", Not(Named("status", ("failed",)))),
        ("NOT failed", Not(Named("status", ("failed",)))),
        (
            "failed OR held type:a",
            Any_((Named("status", ("failed",)), All((Named("status", ("held",)), Named("type", ("a",)))))),
        ),
        (
            "(failed OR held) -(type:a)",
            All((Any_((Named("status", ("failed",)), Named("status", ("held",)))), Not(Named("type", ("a",))))),
        ),
    ],
)
def test_a_sentence_and_its_meaning(typed: str, meant: Filter) -> None:
    assert read(typed) == meant


def test_days_and_times_of_day_are_those_of_this_machine() -> None:
    today = NOW.astimezone().date()
    begin = local(today.year, today.month, today.day)
    assert read("received:today") == Received(begin, (begin + timedelta(hours=36)).replace(hour=0).astimezone())
    assert read("received>=9:05") == Received(local(today.year, today.month, today.day, 9, 5), None)


@pytest.mark.parametrize(
    ("typed", "at", "says", "remedy"),
    [
        ("status:faild", 7, 'there is no status "faild"', "One of pending, held, completed"),
        ("type:a colour:red", 7, 'there is no field "colour"', "To search for it as text, quote it."),
        ("type:a (failed", 14, "something is missing at the end", "Expected )."),
        ("failed OR", 9, "something is missing at the end", "Expected a condition or (."),
        ("type:", 5, "something is missing at the end", "Expected a value."),
        ("failed ) held", 7, '")" does not belong here', "Expected the end."),
        ("amount:lots", 7, '"lots" is no amount', "Write it like amount>=50"),
        ("amount:1.234", 7, '"1.234" is no amount', "Write it like amount>=50"),
        ("received:soon", 9, '"soon" is no time', "Write today, yesterday, 14:30"),
        ("received:2026-13-01", 9, '"2026-13-01" is no time', "Write today"),
        ("age<15", 4, '"15" is no age', "age<15m"),
        ("type>a", 5, "type cannot be compared with >", "Write type:VALUE."),
        ("amount>1..2", 7, "1..2 is a range, which cannot be compared", "Write it after a colon."),
        ('type:a "open', 7, "this quotation mark is never closed", 'Add a " at its end.'),
        ("text:***", 5, '"***" has no word to search for', "Letters"),
        ("x" * 2_001, 2_000, "a filter has at most 2,000 characters", "Shorten it."),
        ("held " * 101, 500, "a filter has at most 100 conditions", "Shorten it."),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place_and_what_would_be(
    typed: str, at: int, says: str, remedy: str
) -> None:
    with pytest.raises(FilterInvalid) as invalid:
        read(typed)
    assert (invalid.value.at, invalid.value.message) == (at, says)
    assert remedy in invalid.value.remedy
    assert invalid.value.pointer == f"{typed}\n{' ' * at}^"


@given(st.text(max_size=40) | st.text(st.sampled_from('ab:<>=.*()-" ORANDT,_9'), max_size=40))
def test_whatever_is_typed_is_read_or_refused_in_words(typed: str) -> None:
    refusal: FilterInvalid | None = None
    try:
        read(typed)
    except FilterInvalid as invalid:
        refusal = invalid
    assert refusal is None or (0 <= refusal.at <= len(typed) and refusal.message and refusal.remedy)


def test_a_line_of_the_list_is_told_apart_without_the_server() -> None:
    refund = views.event(
        1, type="charge.refunded", company_id=2, company_slug="bergbau-nord", status="failed", mark="bug"
    )
    for typed in TRUE:
        assert matches(read(typed), refund) is True, typed
    for typed in FALSE:
        assert matches(read(typed), refund) is False, typed
    for typed in UNKNOWN:
        assert matches(read(typed), refund) is None, typed


TRUE = (
    *("type:charge.*", "type:charge.refunded,x", "type:*refund*", "company:2", "company:berg*", "-status:completed"),
    *("mark:bug", "id:1", "amount:50", "failed OR text:x", "received:2026-11-02"),
)
FALSE = (
    *("type:charge", "company:acme-telefon", "company:none", "status:completed", "amount>50", "note:x", "mark:b"),
    *("failed age<1h", "type:x text:y", "id:2"),
)
UNKNOWN = ("text:x", "failed text:x", "-text:x", "zebra", "completed OR text:x")


@pytest.mark.parametrize(
    ("body", "words", "found"),
    [
        (b'{"note": "Your card has INSUFFICIENT funds."}', "insufficient funds", True),
        (b'{"note": "insufficient_funds"}', "insufficient", False),
        (b'{"insufficient": 1}', "insufficient", False),
        (b'{"a": 5000, "b": "x"}', "5000", True),
        (b'{"a": "card", "b": "funds"}', "card funds", False),
        (b'{"name": "Caf\\u00e9 Sonnig"}', "cafe sonnig", True),
        ('{"name": "Café Sonnig"}'.encode(), "cafe sonnig", True),
        (b'{"a": "one\\ntwo", "two": 1}', "one two", True),
        (b"not json", "json", True),
        (b"\xff\xfe", "x", False),
    ],
)
def test_words_are_looked_for_in_values_alone(body: bytes, words: str, found: bool) -> None:
    assert contains(body, tuple(words.split()), open_end=False) is found


def test_the_states_of_an_event_are_those_of_billing() -> None:
    from billing.models import EventStatus

    assert set(STATUSES) == {status.value for status in EventStatus}
