"""How a recorded story is written: what goes in comes out of the reader, and no money needs quotes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devconsole.scenario import script
from devconsole.scenario.recording.draft import Draft, Names, euros
from devconsole.scenario.recording.text import flow, write

TEXTS = st.lists(
    st.one_of(st.integers(0x20, 0x7E), st.integers(0xA0, 0xD7FF), st.integers(0xE000, 0x10FFFF)).map(chr), max_size=30
).map("".join)
"""Everything but control characters and surrogates; by ranges: a table of categories takes a second to build."""


@pytest.fixture(scope="module", autouse=True)
def schema_is_read() -> None:
    """Whoever reads the first story reads the schema of all with it; what is timed below is the writing and reading."""
    script.parse(write(title="Warm", companies=[], drafts=[Draft.of("server.status", {})]), Path("x"))


@given(name=TEXTS.filter(bool), reason=TEXTS.filter(bool), cents=st.integers(-10_000_000, 10_000_000))
def test_whatever_people_typed_is_read_back_as_it_was(name: str, reason: str, cents: int) -> None:
    company = {"slug": "acme", "name": name, "balance": euros(abs(cents))}
    draft = Draft.of("balances.adjust", {"company": "acme", "money_cents": cents, "reason": reason})
    read = script.parse(write(title=name, companies=[(company, ["Why."])], drafts=[draft]), Path("x"))[0].story
    assert (read.title, read.given.companies[0].name) == (name, name)
    assert read.steps[0].with_ == {"company": "acme", "money": euros(cents), "reason": reason}


def test_money_and_words_that_look_like_other_types_need_no_quotes() -> None:
    assert flow({"amount": "50.00", "on": "false", "states": ["none"]}) == "{amount: 50.00, on: false, states: [none]}"


def test_units_leave_the_names_of_fields() -> None:
    assert Draft.of("calls.simulate", {"duration_s": 157, "amount_cents": 5, "on": True}).fields == {
        "duration": "157",
        "amount": "0.05",
        "on": "true",
    }


def test_a_step_gets_its_name_when_something_refers_to_it() -> None:
    names, first, second = Names(), Draft("topups.create"), Draft("topups.checkout")
    assert first.document() == {"do": "topups.create"}
    assert first.reference("id", names) == first.reference("id", names) == "${topup.id}"
    assert second.reference("charge_id", names) == "${topup_2.charge_id}"
    assert second.document()["as"] == "topup_2"


def test_a_comment_stays_one_line_whatever_it_quotes() -> None:
    draft = Draft("ledger.check", comments=["left out: ch_1\n  - do: balances.drain"])
    read = script.parse(write(title="x", companies=[], drafts=[draft]), Path("x"))[0].story
    assert [step.do for step in read.steps] == ["ledger.check"]
