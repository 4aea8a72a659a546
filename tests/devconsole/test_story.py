"""The format of a story: what is read, and how a mistake is told."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import jsonschema_rs
import pytest
import yaml
from stripe.params import _webhook_endpoint_create_params as endpoints

from devconsole.scenario import inputs, script, shelf
from devconsole.scenario.acts import ACTS
from devconsole.scenario.schema import FILE as SCHEMA_FILE
from devconsole.scenario.schema import schema, schema_text
from devconsole.scenario.story import Story
from devconsole.scenario.vocabulary import unknown_words
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


class Editor(yaml.SafeLoader):
    """YAML 1.2, as editors read it: 50.00 is a number and true a boolean, but `on` and a date are text."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag.endswith((":int", ":float", ":null"))]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


Editor.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(true|false)$"), list("tf"))


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
        (("title: A top-up", "titel: A top-up"), 1, "unknown field 'titel'. Did you mean title?"),
        (("balance: 1.10", "balanc: 1.10"), 4, "unknown field 'balanc'. Did you mean balance?"),
        (("title: A top-up\n", ""), 1, "'title' is missing"),
        (("title: A top-up", "title: A top-up\ntags: topup"), 2, "expected a list, got a plain value"),
        (("amount: 50.00", "amount: fifty"), 7, "'fifty' is not an amount"),
        (("amount: 50.00", "amount: 50.001"), 7, "more than two decimals"),
        (("slug: acme, balance", "slug: acme, balanse"), 4, "balanse"),
        (("slug: acme,", "slug: Acme Ltd,"), 4, "expected lower-case letters, digits and dashes, found 'Acme Ltd'"),
        (("do: topups.create", "doo: topups.create"), 6, "doo"),
        (("do: topups.create", "do: topups.crate"), 6, "Did you mean topups.create?"),
        (("card: visa", "cart: visa"), 7, "topups.create knows no 'cart'; it takes company, amount, card"),
        (("company: acme, amount: 50.00, ", ""), 6, "topups.create needs company, amount"),
        (("card: visa", "card: '${card.name}'"), 7, "no earlier step is called 'card'"),
        (("card: visa", "card: '${HOME}'"), 7, "a story reads no environment variables"),
        (("balances: {acme: 51.10}", "balances: {acme: lots}"), 10, "expected euros, such as 50.00, found 'lots'"),
        (("balances: {acme: 51.10}", "within: soon"), 10, "15min, 24h"),
        (("balances: {acme: 51.10}", "digest: abc"), 10, "at least 12 characters"),
        (("balances: {acme: 51.10}", "auto_topup: {acme: armed}"), 10, "There are: disabled, off, on."),
        (("  - do: topups.create\n", "  - say: hello\n"), 6, "belong to a step with `do`"),
        (("    as: topup\n", "    advance: soon\n"), 8, "15min, 24h"),
        (("    as: topup\n", "    until: next weak\n"), 8, "is no moment."),
        (("balances: {acme: 51.10}", "topups: {acme: [suceeded]}"), 10, "Did you mean succeeded?"),
        (("balances: {acme: 51.10}", "deliveries: {acceptd: 1}"), 10, "Did you mean accepted?"),
        (("balances: {acme: 51.10}", "never: {events: [charge.refundd]}"), 10, "Did you mean charge.refunded?"),
        (("balances: {acme: 51.10}", "never: {ledger: {acme: [refnd -1.00]}}"), 10, "Did you mean refund?"),
        (("balances: {acme: 51.10}", "never: {notices: {acme: [lowbalance low]}}"), 10, "Did you mean low_balance?"),
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


def test_all_mistakes_are_told_at_once() -> None:
    text = WELL_FORMED.replace("card: visa", "cart: visa").replace(
        "acme: 51.10}", "acme: 51.10}\n      levels: {acme: fine}"
    )
    with pytest.raises(script.StoryInvalid) as caught:
        script.parse(text, FILE)
    assert [each.line for each in caught.value.all] == [7, 11]


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("{do: faults.on, with: {fault: drop, times: many}}", "times is 'many'; expected a whole number"),
        ("{do: checkout.pay, with: {topup: 1, card: visa, authenticate: maybe}}", "one of 'cancel', 'fail', 'pass'"),
    ],
)
def test_a_value_that_a_field_cannot_have_is_told_before_anything_is_played(step: str, words: str) -> None:
    with pytest.raises(script.StoryInvalid, match=words):
        read(f"title: x\nsteps:\n  - {step}\n")


def test_no_event_of_stripe_is_taken_for_a_typo() -> None:
    """Stripe knows many more types than there are templates, and some look alike."""
    published = re.findall(r'"([a-z_0-9]+(?:\.[a-z_0-9]+)+)"', inspect.getsource(endpoints))
    assert "charge.expired" in published
    told = {"events": published, "never": {"events_in_order": published}}
    assert list(unknown_words(told)) == []


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
    """`make format` draws it anew."""
    assert (shelf.SHIPPED / SCHEMA_FILE).read_text(encoding="utf-8") == schema_text() + "\n"


@pytest.mark.parametrize("path", shelf.shipped(), ids=lambda path: path.stem)
def test_an_editor_finds_nothing_wrong_with_a_shipped_story(path: Path) -> None:
    jsonschema_rs.validate(schema(), yaml.load(path.read_text(encoding="utf-8"), Loader=Editor))


def test_an_editor_sees_what_is_wrong() -> None:
    for wrong in ("levels: {acme: fine}", "deliveries: {acceptd: 1}", "never: {balance: {acme: 1}}"):
        document = yaml.safe_load(f"title: x\nsteps: [{{say: x, expect: {{{wrong}}}}}]")
        with pytest.raises(jsonschema_rs.ValidationError):
            jsonschema_rs.validate(schema(), document)


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
