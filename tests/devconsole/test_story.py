"""The format of a story: what is read, and how a mistake is told."""

from __future__ import annotations

from pathlib import Path

import pytest

import fixtures
from devconsole.scenario import inputs, story
from relay.api import CreateTopup, RefundCall, SimulateCall

STORIES = Path(fixtures.__file__).parent / "scenarios"
FILE = Path("acme.yaml")

WELL_FORMED = """\
title: A top-up
given:
  companies:
    - {slug: acme, balance: 1.10}
steps:
  - do: topups.create
    with: {company: acme, amount: 50.00, card: visa}
    as: topup
    expect:
      balances: {acme: 51.10}
"""


def test_a_story_keeps_money_as_it_was_written() -> None:
    read = story.parse(WELL_FORMED, FILE)
    assert read.given.companies[0].balance == "1.10"
    step = read.steps[0]
    assert step.as_ == "topup"
    assert step.expect is not None
    assert step.expect.balances == {"acme": "51.10"}


@pytest.mark.parametrize(
    ("mistake", "line", "words"),
    [
        (("title: A top-up", "titel: A top-up"), 1, "titel"),
        (("slug: acme, balance", "slug: acme, balanse"), 4, "balanse"),
        (("do: topups.create", "doo: topups.create"), 6, "doo"),
        (("balances: {acme: 51.10}", "within: soon"), 10, "float"),
        (("  - do: topups.create\n", "  - say: hello\n"), 6, "belong to a step with `do`"),
        (("title: A top-up", "title: [A top-up"), 2, "not YAML"),
    ],
)
def test_a_mistake_names_file_line_and_cause(mistake: tuple[str, str], line: int, words: str) -> None:
    text = WELL_FORMED.replace(*mistake)
    assert text != WELL_FORMED
    with pytest.raises(story.StoryInvalid) as caught:
        story.parse(text, FILE)
    assert (caught.value.path, caught.value.line) == (FILE, line)
    assert words in str(caught.value)


def test_an_empty_file_is_told() -> None:
    with pytest.raises(story.StoryInvalid, match="at least `title` and `steps`"):
        story.parse("", FILE)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(story.StoryInvalid, match="cannot be read"):
        story.load(tmp_path / "none.yaml")


def test_the_schema_describes_every_key_of_a_step() -> None:
    steps = story.schema()["$defs"]["Step"]["properties"]
    assert set(steps) == {"say", "do", "with", "as", "expect"}


@pytest.mark.parametrize("path", sorted(STORIES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_story_is_well_formed_and_asks_for_known_operations(path: Path) -> None:
    read = story.load(path)
    assert read.tags
    for step in read.steps:
        if step.do is not None and step.do != "checkout.pay":
            fields = {key: value for key, value in step.with_.items() if "${" not in value}
            declared = inputs.OPERATIONS[step.do]
            known = {name.removesuffix("_cents").removesuffix("_s") for name in declared.__struct_fields__}
            assert set(fields) <= known


def test_money_and_time_lose_their_units_in_a_story() -> None:
    assert inputs.operation_of("topups.create", {"company": "acme", "amount": "50.00"}, {}) == CreateTopup(
        company="acme", amount_cents=5000
    )
    assert inputs.operation_of("calls.simulate", {"company": "acme", "duration": "157"}, {}) == SimulateCall(
        company="acme", duration_s=157
    )


def test_a_reference_takes_its_value_from_an_earlier_answer() -> None:
    read = inputs.operation_of("calls.refund", {"call": "${call.id}"}, {"call": {"id": 7}})
    assert read == RefundCall(call=7)


@pytest.mark.parametrize(
    ("name", "fields", "words"),
    [
        ("topups.make", {}, "unknown operation"),
        ("topups.create", {"company": "a", "amount": "1.999"}, "more than two decimals"),
        ("topups.create", {"company": "a", "amount": "ten"}, "not an amount"),
        ("topups.create", {"company": "a", "sum": "10"}, "it takes company, amount, card"),
        ("calls.refund", {"call": "${call.id}"}, "no earlier step is called 'call'"),
        ("calls.simulate", {"company": "a", "duration": "-1"}, "duration_s"),
    ],
)
def test_a_step_that_cannot_be_understood_is_told(name: str, fields: dict[str, str], words: str) -> None:
    with pytest.raises(inputs.StepInvalid, match=words):
        inputs.operation_of(name, fields, {})


def test_a_reference_reaches_into_a_list() -> None:
    found = {"paid": {"rows": ({"event_id": "evt_2"}, {"event_id": "evt_1"})}}
    assert inputs.resolve(["${paid.rows.1.event_id}"], found) == ["evt_1"]
    with pytest.raises(inputs.StepInvalid, match=r"has no 'rows\.2\.event_id'"):
        inputs.resolve("${paid.rows.2.event_id}", found)
