"""JSON text as lines that can be shown, folded and searched. What is no JSON is shown as it came."""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, NamedTuple

INDENT = "  "


class Token(StrEnum):
    KEY = "key"
    TEXT = "text"
    NUMBER = "number"
    LITERAL = "literal"
    MARK = "mark"
    """Braces, commas, colons."""


Part = tuple[str, Token]


class Line(NamedTuple):
    parts: tuple[Part, ...]
    closes_at: int
    """Index of the line with the closing brace, the line's own index when it opens nothing."""
    summary: str = ""
    """What a folded line shows instead of its content: `3 keys`."""

    @property
    def text(self) -> str:
        return "".join(text for text, _ in self.parts)


def lines_of(text: str) -> list[Line]:
    """The lines of a JSON document, two cells a level; of any other text the lines that it has."""
    lines: list[Line] = []
    try:
        _append(lines, json.loads(text), depth=0, head=(), tail=())
    except (ValueError, RecursionError):  # no JSON, or nested deeper than anybody could read
        return [Line(((line, Token.TEXT),), index) for index, line in enumerate(text.splitlines())]
    return lines


def _append(lines: list[Line], value: Any, *, depth: int, head: tuple[Part, ...], tail: tuple[Part, ...]) -> None:
    """Add the lines of one value; `head` is its key, `tail` the comma after it."""
    margin = ((INDENT * depth, Token.MARK),) if depth else ()
    if not isinstance(value, (dict, list)) or not value:
        lines.append(Line((*margin, *head, _scalar(value), *tail), len(lines)))
        return
    opening, closing, noun = ("{", "}", "key") if isinstance(value, dict) else ("[", "]", "item")
    opened = len(lines)
    summary = f"{len(value)} {noun}{'s' if len(value) != 1 else ''}"
    lines.append(Line((*margin, *head, (opening, Token.MARK)), opened, summary))
    for key, child, comma in _children(value):
        name = ((json.dumps(key, ensure_ascii=False), Token.KEY), (": ", Token.MARK)) if key is not None else ()
        _append(lines, child, depth=depth + 1, head=name, tail=((",", Token.MARK),) if comma else ())
    lines[opened] = lines[opened]._replace(closes_at=len(lines))
    lines.append(Line((*margin, (closing, Token.MARK), *tail), len(lines)))


def _children(value: dict[str, Any] | list[Any]) -> Iterator[tuple[str | None, Any, bool]]:
    last = len(value) - 1
    if isinstance(value, dict):
        for index, (key, child) in enumerate(value.items()):
            yield key, child, index < last
    else:
        for index, child in enumerate(value):
            yield None, child, index < last


def _scalar(value: Any) -> Part:
    written = json.dumps(value, ensure_ascii=False)
    if isinstance(value, str):
        return written, Token.TEXT
    if isinstance(value, (bool, dict, list)) or value is None:
        return written, Token.LITERAL
    return written, Token.NUMBER
