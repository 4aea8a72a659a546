"""The format of a story: what is read, and how a mistake is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from devconsole.scenario import inputs, script, shelf
from devconsole.scenario.acts import ACTS
from devconsole.scenario.schema import FILE as SCHEMA_FILE
from devconsole.scenario.schema import schema
from devconsole.scenario.story import Story
from relay.api import OPERATIONS, CreateTopup, RefundCall, SimulateCall

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


def read(text: str) -> Story:
    return script.parse(text, FILE)[0].story


def test_a_story_keeps_money_as_it_was_written() -> None:
    told = read(WELL_FORMED)
    assert told.given.companies[0].balance == "1.10"
    step = told.steps[0]
    assert step.as_ == "topup"
    assert step.expect is not None
    assert step.expect.balances == {"acme": "51.10"}


@pytest.mark.parametrize(
    ("mistake", "line", "words"),
    [
        (("title: A top-up", "titel: A top-up"), 1, "titel"),
        (("slug: acme, balance", "slug: acme, balanse"), 4, "balanse"),
        (("slug: acme,", "slug: Acme Ltd,"), 4, "matching regex"),
        (("do: topups.create", "doo: topups.create"), 6, "doo"),
        (("do: topups.create", "do: topups.crate"), 6, "Did you mean topups.create?"),
        (("card: visa", "cart: visa"), 7, "topups.create knows no 'cart'; it takes company, amount, card"),
        (("company: acme, amount: 50.00, ", ""), 6, "topups.create needs company, amount"),
        (("card: visa", "card: '${card.name}'"), 7, "no earlier step is called 'card'"),
        (("card: visa", "card: '${HOME}'"), 7, "a story reads no environment variables"),
        (("balances: {acme: 51.10}", "balances: {acme: lots}"), 10, "matching regex"),
        (("balances: {acme: 51.10}", "within: soon"), 10, "15min, 24h"),
        (("balances: {acme: 51.10}", "digest: abc"), 10, "at least 12 characters"),
        (("balances: {acme: 51.10}", "auto_topup: {acme: armed}"), 10, "none of on, off, disabled"),
        (("  - do: topups.create\n", "  - say: hello\n"), 6, "belong to a step with `do`"),
        (("    as: topup\n", "    advance: soon\n"), 8, "15min, 24h"),
        (("title: A top-up", "title: [A top-up"), 2, "not YAML"),
        (("title: A top-up", "title: ${row.name}"), 1, "the row has no `table`"),
    ],
)
def test_a_mistake_names_file_line_and_cause(mistake: tuple[str, str], line: int, words: str) -> None:
    text = WELL_FORMED.replace(*mistake)
    assert text != WELL_FORMED
    with pytest.raises(script.StoryInvalid) as caught:
        script.parse(text, FILE)
    assert (caught.value.path, caught.value.line) == (FILE, line)
    assert words in str(caught.value)


def test_an_empty_file_is_told() -> None:
    with pytest.raises(script.StoryInvalid, match="at least `title` and `steps`"):
        script.parse("", FILE)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(script.StoryInvalid, match="cannot be read"):
        script.load(tmp_path / "none.yaml")


def test_a_few_lines_that_stand_for_billions_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    with pytest.raises(script.StoryInvalid, match="aliases resolved"):
        script.parse("\n".join(lines), FILE)


def test_a_table_makes_a_script_of_each_row() -> None:
    text = WELL_FORMED.replace("card: visa", "card: '${row.card}'") + "table:\n  - {card: visa}\n  - {card: amex}\n"
    scripts = script.parse(text, FILE)
    assert [each.name for each in scripts] == ["acme[visa]", "acme[amex]"]
    assert [each.story.steps[0].with_["card"] for each in scripts] == ["visa", "amex"]


@pytest.mark.parametrize("name", ["/etc/passwd", "../secret.json", ".env", "inner/.hidden/x", "link.json"])
def test_a_story_reads_nothing_outside_of_its_folder(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "stories"
    folder.mkdir()
    (tmp_path / "secret.json").write_text("{}")
    (folder / ".env").write_text("STRIPE_SECRET=sk_test_1")
    (folder / "link.json").symlink_to(tmp_path / "secret.json")
    text = f"title: x\nsteps:\n  - do: stripe.fixtures\n    with: {{file: {name}}}\n"
    with pytest.raises(script.StoryInvalid, match=r"outside of the story's folder|is hidden") as caught:
        script.parse(text, folder / "x.yaml")
    assert caught.value.line == 4


def test_the_schema_describes_every_key_of_a_step_and_the_input_of_every_act() -> None:
    step = schema()["$defs"]["Step"]
    assert {"say", "do", "with", "as", "advance", "until", "expect"} <= set(step["properties"])
    inputs_of = {each["if"]["properties"]["do"]["const"]: each["then"] for each in step["allOf"]}
    assert set(ACTS) <= set(inputs_of)
    shape = inputs_of["topups.create"]["properties"]["with"]
    assert set(shape["properties"]) == {"company", "amount", "card", "request_key"}
    assert shape["required"] == ["company", "amount"]


def test_the_shipped_schema_is_that_of_the_models() -> None:
    """Regenerate it with `devconsole scenario schema > fixtures/scenarios/scenario.schema.json`."""
    shipped = json.loads((shelf.SHIPPED / SCHEMA_FILE).read_text(encoding="utf-8"))

    def format_of(document: dict[str, Any]) -> Any:
        """Operations come and go with the product; the format is the author's."""
        document["$defs"]["Step"] = {**document["$defs"]["Step"], "allOf": [], "properties": {}}
        return document

    assert format_of(shipped) == format_of(json.loads(json.dumps(schema())))


@pytest.mark.parametrize("path", shelf.shipped(), ids=lambda path: path.stem)
def test_every_shipped_story_is_well_formed_and_tagged(path: Path) -> None:
    assert path.read_text(encoding="utf-8").startswith(f"# yaml-language-server: $schema=./{SCHEMA_FILE}\n")
    for each in script.load(path):
        assert each.story.tags
        assert each.story.given.companies


def test_money_and_time_lose_their_units_in_a_story() -> None:
    assert inputs.input_of("topups.create", {"company": "acme", "amount": "50.00"}, {}) == CreateTopup(
        company="acme", amount_cents=5000
    )
    assert inputs.input_of("calls.simulate", {"company": "acme", "duration": "157"}, {}) == SimulateCall(
        company="acme", duration_s=157
    )


def test_a_reference_takes_its_value_from_an_earlier_answer() -> None:
    asked = inputs.input_of("calls.refund", {"call": "${call.id}"}, {"call": {"id": 7}})
    assert asked == RefundCall(call=7)


@pytest.mark.parametrize(
    ("name", "fields", "words"),
    [
        ("topups.make", {}, "unknown operation"),
        ("topups.create", {"company": "a", "amount": "1.999"}, "more than two decimals"),
        ("topups.create", {"company": "a", "amount": "ten"}, "not an amount"),
        ("topups.create", {"company": "a", "amount": "nan"}, "not an amount"),
        ("topups.create", {"company": "a", "sum": "10"}, "it takes company, amount, card"),
        ("calls.refund", {"call": "${call.id}"}, "no earlier step is called 'call'"),
        ("calls.simulate", {"company": "a", "duration": "-1"}, "duration_s"),
    ],
)
def test_a_step_that_cannot_be_understood_is_told(name: str, fields: dict[str, str], words: str) -> None:
    with pytest.raises(inputs.StepInvalid, match=words):
        inputs.input_of(name, fields, {})


def test_a_reference_reaches_into_a_list() -> None:
    found = {"paid": {"rows": ({"event_id": "evt_2"}, {"event_id": "evt_1"})}}
    assert inputs.resolve(["${paid.rows.1.event_id}"], found) == ["evt_1"]
    with pytest.raises(inputs.StepInvalid, match=r"has no 'rows\.2\.event_id'"):
        inputs.resolve("${paid.rows.2.event_id}", found)


def test_no_act_bears_the_name_of_an_operation() -> None:
    assert set(ACTS) & set(OPERATIONS) == set()
