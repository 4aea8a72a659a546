"""The format of a story and how a file becomes one. An error names file, line, and what was expected there.

    title: A manual top-up is credited once
    tags: [topup]
    given:
      companies:
        - {slug: acme, name: Acme GmbH, balance: 10.00}
    steps:
      - say: Acme pays 50 euros with a Visa
        do: topups.create
        with: {company: acme, amount: 50.00, card: visa}
        as: topup
        expect:
          result: {status: succeeded}
          balances: {acme: 60.00}

`do` is the name of any operation; `with` its input, where money may be written in euros (`amount: 50.00` for
`amount_cents`) and time in seconds (`duration: 157` for `duration_s`). `${topup.id}` refers to an earlier result.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml

STORY_BYTES_MAX = 1 << 20
"""A story is written by hand; anything larger is a mistake."""


class GivenAutoTopup(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Automatic top-up settings that hold before the first step. Euros as text, exact."""

    threshold: str
    amount: str
    card: str


class GivenCompany(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A company that exists before the first step."""

    slug: str
    name: str | None = None
    balance: str = "0.00"
    prepaid: bool = True
    auto_topup: GivenAutoTopup | None = None


class Given(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    companies: tuple[GivenCompany, ...] = ()


class Expect(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What must become true within `within` seconds. Money in euros, per company slug."""

    result: Mapping[str, str] | None = None
    """Fields of this step's answer, as text, `rows.0.status` too; only for a step that does something."""
    refused: str | None = None
    """The step must be refused with this code."""
    balances: Mapping[str, str] = {}
    bonus: Mapping[str, str] = {}
    reserved: Mapping[str, str] = {}
    levels: Mapping[str, str] = {}
    ledger: Mapping[str, tuple[str, ...]] = {}
    """All rows of the company, oldest first, as `type amount`: `topup 50.00`, `charge -1.10`."""
    topups: Mapping[str, tuple[str, ...]] = {}
    """States of the company's top-ups, oldest first."""
    calls: Mapping[str, tuple[str, ...]] = {}
    """Charge states of the company's calls, oldest first."""
    decisions: Mapping[str, str] = {}
    """The reason of the company's last automatic top-up decision."""
    events: tuple[str, ...] = ()
    """Event types that have arrived, in any order; one that is named twice has arrived at least twice."""
    ledger_check: bool = True
    """The proof holds, always, unless somebody says otherwise."""
    within: float = 10.0


class Step(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"as_": "as", "with_": "with"}
):
    """Do something, expect something, or both. `say` is the caption of a demo."""

    say: str | None = None
    do: str | None = None
    with_: Mapping[str, Any] = {}
    as_: str | None = None
    expect: Expect | None = None


class Story(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file."""

    title: str
    description: str | None = None
    tags: tuple[str, ...] = ()
    given: Given = Given()
    steps: tuple[Step, ...]


class StoryInvalid(Exception):
    """The file is not a story. `line` is 1-based, 0 when the file as a whole is meant."""

    def __init__(self, path: Path, line: int, message: str) -> None:
        super().__init__(f"{path}:{line}: {message}" if line else f"{path}: {message}")
        self.path, self.line, self.message = path, line, message


def load(path: Path) -> Story:
    """Read and check one story. Raises `StoryInvalid`, naming the line."""
    try:
        if path.stat().st_size > STORY_BYTES_MAX:
            raise StoryInvalid(path, 0, f"larger than {STORY_BYTES_MAX:,} bytes; a story is written by hand")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StoryInvalid(path, 0, f"cannot be read: {error}") from error
    return parse(text, path)


def parse(text: str, path: Path) -> Story:
    """The same from text; `path` is only named in errors."""
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        # Every scalar stays text: 1.10 must not become a float on its way to cents.
        data = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - BaseLoader builds str, list and dict only
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise StoryInvalid(path, line, f"not YAML: {error.problem}") from error
    if tree is None:
        raise StoryInvalid(path, 0, "empty; a story has at least `title` and `steps`")
    try:
        story = msgspec.convert(data, Story, strict=False)
    except msgspec.ValidationError as error:
        raise StoryInvalid(path, line_of(tree, str(error)), _plain(str(error))) from error
    for number, step in enumerate(story.steps):
        if (problem := _problem_of(step)) is not None:
            raise StoryInvalid(path, line_of(tree, f"`$.steps[{number}]`"), problem)
    return story


def schema() -> dict[str, Any]:
    """The JSON Schema that editors complete from."""
    return msgspec.json.schema(Story)


def _problem_of(step: Step) -> str | None:
    if step.do is None and step.expect is None and step.say is None:
        return "a step needs `do`, `expect` or `say`"
    if step.do is None and (step.with_ or step.as_):
        return "`with` and `as` belong to a step with `do`"
    if step.do is None and step.expect and (step.expect.result is not None or step.expect.refused is not None):
        return "`result` and `refused` belong to a step with `do`"
    return None


def line_of(tree: yaml.Node, message: str) -> int:
    """The line that a message's path (`$.steps[2].with`) points at, as near as the file has it."""
    found = re.search(r"`(\$[^`]*)`", message)
    node = tree
    for name, index in re.findall(r"\.(\w+)|\[(\d+|\.\.\.)\]", found.group(1) if found else ""):
        child = _child(node, name, index)
        if child is None:
            break
        node = child
    return int(node.start_mark.line) + 1


def _child(node: yaml.Node, name: str, index: str) -> yaml.Node | None:
    if name and isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == name), None)
    if index.isdigit() and isinstance(node, yaml.SequenceNode) and int(index) < len(node.value):
        return node.value[int(index)]  # type: ignore[no-any-return]
    return None


def _plain(message: str) -> str:
    """msgspec's sentence without its path, which became the line number."""
    return re.sub(r" - at `\$[^`]*`$", "", message)
