"""What msgspec found wrong with a story, in the words of somebody who writes one: what was expected, what is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec
from msgspec import inspect

from devconsole.scenario.story import Story
from relay.suggestions import did_you_mean

STEP: Final = re.compile(r"\.(\w+)|\[(\d+|\.\.\.)\]")
PLACE: Final = re.compile(r" - at `(?:key in )?(\$[^`]*)`$")
UNKNOWN: Final = re.compile(r"Object contains unknown field `([^`]*)`")
MISSING: Final = re.compile(r"Object missing required field `([^`]*)`")
PATTERN: Final = re.compile(r"Expected `str` matching regex '")
NOUNS: Final = {
    "`array`": "a list",
    "`object`": "a map of names to values",
    "`str`": "a plain value",
    "`int`": "a whole number",
    "`bool`": "true or false",
    "`null`": "nothing",
}
SHOWN_MAX: Final = 40


def complaint(error: msgspec.ValidationError, data: Any) -> tuple[str, str]:
    """Where it stands, as a path such as "`$.steps[2].with`", and what is wrong with it."""
    message = str(error)
    found = PLACE.search(message)
    place = found.group(1) if found else "$"
    said = message[: found.start()] if found else message
    if (unknown := UNKNOWN.match(said)) is not None:
        name = unknown.group(1)
        known = list(_fields_of(place))
        return f"`{place}.{name}`", f"unknown field {name!r}. {did_you_mean(name, known)}" if known else said
    if (missing := MISSING.match(said)) is not None:
        return f"`{place}`", f"{missing.group(1)!r} is missing"
    if PATTERN.match(said):
        where, value, expected = _unlike_pattern(place, data)
        return f"`{where}`", f"expected {expected}, found {shown(value)}"
    return f"`{place}`", plainly(said)


def plainly(said: str) -> str:
    """A message of msgspec without its place, with the kinds of values as a writer of stories calls them."""
    said = PLACE.sub("", said)
    for word, noun in NOUNS.items():
        said = said.replace(word, noun)
    return f"{said[0].lower()}{said[1:]}"


def _fields_of(place: str) -> Iterator[str]:
    kind, _ = _bare(_type_at(place))
    if isinstance(kind, inspect.StructType):
        yield from (field.encode_name for field in kind.fields)


def _unlike_pattern(place: str, data: Any) -> tuple[str, Any, str]:
    """The value that does not look as it should: where exactly, what it is, and what its type says about itself."""
    kind, described = _bare(_type_at(place))
    pattern = getattr(kind, "pattern", None) or ""
    value, where = data, "$"
    for name, index in STEP.findall(place):
        if index == "..." and isinstance(value, dict):
            name = next((key for key, each in value.items() if _is_unlike(each, pattern)), "")
        elif index == "..." and isinstance(value, list):
            index = str(next((number for number, each in enumerate(value) if _is_unlike(each, pattern)), 0))
        where += f".{name}" if name else f"[{index}]"
        value = value[name] if name and isinstance(value, dict) else value[int(index)]
    return where, value, described


def _is_unlike(value: Any, pattern: str) -> bool:
    return isinstance(value, str) and re.search(pattern, value) is None


def _type_at(place: str) -> inspect.Type | None:
    found: inspect.Type | None = inspect.type_info(Story)
    for name, _ in STEP.findall(place):
        kind = _bare(found)[0]
        if isinstance(kind, inspect.StructType):
            found = next((field.type for field in kind.fields if field.encode_name == name), None)
        else:  # a map or a list
            found = getattr(kind, "value_type", None) or getattr(kind, "item_type", None)
    return found


def _bare(kind: inspect.Type | None) -> tuple[inspect.Type | None, str]:
    """Without `| None` and annotations, and the description that it bears."""
    described = ""
    while True:
        if isinstance(kind, inspect.Metadata):
            told = str((kind.extra_json_schema or {}).get("description", described))
            described = f"{told[:1].lower()}{told[1:]}"
            kind = kind.type
        elif isinstance(kind, inspect.UnionType):
            kind = next(each for each in kind.types if not isinstance(each, inspect.NoneType))
        else:
            return kind, described


def shown(value: Any) -> str:
    text = str(value)
    return repr(text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]}…")
