"""From a file to what is played: one script, or one for each row of its table. An error names file, line and cause."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import yaml

from devconsole.scenario.complaints import complaint
from devconsole.scenario.story import Story

STORY_BYTES_MAX = 1 << 20
"""A story is written by hand; anything larger is a mistake."""
NODES_MAX = 100_000
"""Of a file, aliases resolved: a few lines of YAML can stand for billions of nodes."""
ROWS_MAX = 200
TREE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
TEXTS: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
"""Ten times as fast where libyaml is."""
ROW = re.compile(r"\$\{row\.([a-z_][a-z0-9_]*)\}", re.IGNORECASE)


@dataclass(frozen=True)
class Script:
    """One story ready to be played."""

    path: Path
    name: str
    """Of the file, with the row of its table: `declines[lost-card]`."""
    story: Story
    lines: tuple[int, ...]
    """The line of each step, from 1."""
    given_lines: tuple[int, ...] = ()
    """The line of each company that is given."""

    @property
    def folder(self) -> Path:
        """Files that the story names lie in here."""
        return self.path.parent

    def at(self, number: int) -> str:
        """Where a step stands, as `file:line`; the end expectations come after the last."""
        return f"{self.path}:{self.lines[min(number, len(self.lines)) - 1]}"

    def at_company(self, slug: str) -> str:
        """Where a company is given, as `file:line`."""
        places = (
            line for line, each in zip(self.given_lines, self.story.given.companies, strict=True) if each.slug == slug
        )
        return f"{self.path}:{next(places)}"


class StoryInvalid(Exception):
    """The file is not a story. `line` is 1-based, 0 when the file as a whole is meant."""

    def __init__(self, path: Path, line: int, message: str) -> None:
        super().__init__(f"{path}:{line}: {message}" if line else f"{path}: {message}")
        self.path, self.line, self.message = path, line, message
        self.others: tuple[StoryInvalid, ...] = ()
        """What is wrong beside it, in the order of the file."""

    @property
    def all(self) -> tuple[StoryInvalid, ...]:
        return (self, *self.others)


def load(path: Path, values: Mapping[str, str] | None = None) -> tuple[Script, ...]:
    """Read and check one file; `values` replace those of its table's rows. Raises `StoryInvalid`, naming the line."""
    try:
        if path.stat().st_size > STORY_BYTES_MAX:
            raise StoryInvalid(path, 0, f"larger than {STORY_BYTES_MAX:,} bytes; a story is written by hand")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StoryInvalid(path, 0, f"cannot be read: {error}") from error
    return parse(text, path, values)


def parse(text: str, path: Path, values: Mapping[str, str] | None = None) -> tuple[Script, ...]:
    """The same from text; `path` is only named in errors."""
    from devconsole.scenario.checking import problems_of

    tree, data = _read(text, path)
    rows = _rows(data, path, tree)
    scripts = []
    for row in rows or ({},):
        story = _story(_filled(data, {**row, **(values or {})}, path, tree), path, tree)
        mistakes = problems_of(story, path.parent)
        if found := [StoryInvalid(path, line_of(tree, each.where), each.message) for each in mistakes]:
            found[0].others = tuple(found[1:])
            raise found[0]
        lines = tuple(line_of(tree, f"`$.steps[{number}]`") for number in range(len(story.steps)))
        given = tuple(line_of(tree, f"`$.given.companies[{number}]`") for number in range(len(story.given.companies)))
        scripts.append(Script(path, _name(path, row), story, lines, given))
    return tuple(scripts)


def _read(text: str, path: Path) -> tuple[yaml.Node, Any]:
    try:
        tree = yaml.compose(text, Loader=TREE)
        if tree is None:
            raise StoryInvalid(path, 0, "empty; a story has at least `title` and `steps`")
        if _nodes(tree, {}) > NODES_MAX:
            raise StoryInvalid(path, 0, f"more than {NODES_MAX:,} values, aliases resolved")
        # Every scalar stays text: 1.10 must not become a float on its way to cents.
        data = yaml.load(text, Loader=TEXTS)  # noqa: S506 - it builds str, list and dict only
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise StoryInvalid(path, line, f"not YAML: {error.problem}") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise StoryInvalid(path, 0, f"not YAML: {error}") from error
    return tree, data


def _nodes(node: yaml.Node, known: dict[int, int]) -> int:
    """How many values a node stands for, aliases resolved."""
    if id(node) not in known:
        known[id(node)] = NODES_MAX + 1  # in case it contains itself
        parts = node.value if isinstance(node, yaml.CollectionNode) else ()
        inner = [each for part in parts for each in (part if isinstance(part, tuple) else (part,))]
        known[id(node)] = min(NODES_MAX + 1, 1 + sum(_nodes(each, known) for each in inner))
    return known[id(node)]


def _rows(data: Any, path: Path, tree: yaml.Node) -> list[dict[str, str]]:
    table = data.get("table", []) if isinstance(data, dict) else []
    if not isinstance(table, list) or not all(
        isinstance(row, dict) and all(isinstance(value, str) for value in row.values()) for row in table
    ):
        raise StoryInvalid(path, line_of(tree, "`$.table`"), "`table` is a list of maps from names to plain values")
    if len(table) > ROWS_MAX:
        raise StoryInvalid(path, line_of(tree, "`$.table`"), f"`table` has more than {ROWS_MAX} rows")
    return table


def _filled(data: Any, row: Mapping[str, str], path: Path, tree: yaml.Node) -> Any:
    """The file with the values of a row in the places of `${row.name}`."""

    def value(found: re.Match[str]) -> str:
        if found.group(1) not in row:
            known = ", ".join(row) or "no `table`"
            raise StoryInvalid(path, _line_with(tree, found.group(0)), f"{found.group(0)}: the row has {known}")
        return row[found.group(1)]

    def filled(part: Any) -> Any:
        if isinstance(part, str):
            return ROW.sub(value, part)
        if isinstance(part, list):
            return [filled(each) for each in part]
        if isinstance(part, dict):
            return {key if key == "table" else filled(key): filled(each) for key, each in part.items()}
        return part

    return filled(data)


def _story(data: Any, path: Path, tree: yaml.Node) -> Story:
    try:
        return msgspec.convert(data, Story, strict=False)
    except msgspec.ValidationError as error:
        where, message = complaint(error, data)
        raise StoryInvalid(path, line_of(tree, where), message) from error


def _name(path: Path, row: Mapping[str, str]) -> str:
    return f"{path.stem}[{next(iter(row.values()))}]" if row else path.stem


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


def _line_with(node: yaml.Node, text: str) -> int:
    """The line of the first scalar that has the text; of the node itself when none has."""
    if isinstance(node, yaml.ScalarNode):
        return int(node.start_mark.line) + 1 if text in node.value else 0
    parts = [each for part in node.value for each in (part if isinstance(part, tuple) else (part,))]
    return next((line for each in parts if (line := _line_with(each, text))), 0)


def _child(node: yaml.Node, name: str, index: str) -> yaml.Node | None:
    if name and isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == name), None)
    if index.isdigit() and isinstance(node, yaml.SequenceNode) and int(index) < len(node.value):
        return node.value[int(index)]  # type: ignore[no-any-return]
    return None
