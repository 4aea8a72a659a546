"""The JSON Schema that editors complete from: made from the models, with the input of each operation and act."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from devconsole.scenario.acts import ACTS
from devconsole.scenario.inputs import word_of
from devconsole.scenario.secrecy import ON_FILES
from devconsole.scenario.story import Story
from devconsole.scenario.vocabulary import FIRST_WORD_COUNTS, KEYS, TYPES, VALUES
from fixtures.events.catalog import EVENT_TYPES
from relay.api import OPERATIONS
from relay.api.clock import MOMENTS

REFERENCE = {"type": "string", "pattern": r"^\$\{"}
FILE = "scenario.schema.json"
"""Beside the shipped stories; a test keeps it up to date."""


def schema() -> dict[str, Any]:
    """The whole document."""
    document = msgspec.json.schema(Story)
    parts = document["$defs"]
    parts["Scalar"] = {"type": ["string", "number", "boolean"], "description": "A plain value; quotes are needless"}
    for name, part in parts.items():
        if name != "Scalar":
            parts[name] = _as_written(part)
    for part in ("Expect", "Never"):
        _offer_words(parts[part]["properties"])
    step = parts["Step"]
    step["properties"]["until"] = {
        **step["properties"]["until"],
        "anyOf": [{"enum": list(MOMENTS)}, {"type": "string"}],
    }
    step["properties"]["do"] = {
        "anyOf": [{"const": name, "description": help_} for name, help_ in sorted(_helps())],
    }
    step["allOf"] = [_input(name, declared) for name, declared in sorted(_declared().items())]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A devconsole scenario",
        **document,
    }


def schema_text() -> str:
    """The document as the shipped file has it: line by line, so that a change of it can be read."""
    return json.dumps(schema(), indent=1, ensure_ascii=False)


def _offer_words(properties: dict[str, Any]) -> None:
    """The words that a part of an expectation knows. Behind some of them an amount or a level may stand."""
    for name, words in VALUES.items():
        if name in properties:
            more = {"type": "string"} if name in FIRST_WORD_COUNTS else REFERENCE
            _put(properties[name]["additionalProperties"], {"anyOf": [{"enum": list(words)}, more]})
    for name, words in KEYS.items():
        if name in properties:
            properties[name]["propertyNames"] = {"enum": list(words)}
    for name in TYPES:
        if name in properties:
            _put(properties[name], {"anyOf": [{"enum": list(EVENT_TYPES)}, {"type": "string"}]})


def _put(place: dict[str, Any], offered: dict[str, Any]) -> None:
    """In a list the words are its items."""
    if "items" in place:
        place["items"] = offered
    else:
        place.clear()
        place.update(offered)


def _declared() -> dict[str, Any]:
    """All that a step may do."""
    return {name: each for name, each in {**OPERATIONS, **ACTS}.items() if name not in ON_FILES}


def _helps() -> Iterator[tuple[str, str]]:
    for name, declared in _declared().items():
        yield name, (declared.__doc__ or "").strip()


def _input(name: str, declared: Any) -> dict[str, Any]:
    """If the step does this, its `with` looks so."""
    fields = msgspec.structs.fields(declared)
    own = msgspec.json.schema(declared)
    shape = own["$defs"][declared.__name__] if "$defs" in own else own
    properties = {word_of(field.name): _loose(shape["properties"][field.encode_name], field.name) for field in fields}
    required = [word_of(field.name) for field in fields if field.required]
    with_: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    consequence: dict[str, Any] = {"properties": {"with": with_}}
    if required:
        with_["required"] = required
        consequence["required"] = ["with"]
    return {"if": {"properties": {"do": {"const": name}}, "required": ["do"]}, "then": consequence}


def _loose(field: dict[str, Any], name: str) -> dict[str, Any]:
    """What an editor may offer and accept for a field: enums as they are, everything else also as a reference."""
    unit = "Euros. " if name.endswith("_cents") else "Seconds. " if name.endswith("_s") else ""
    described = {"description": (unit + field.get("description", "")).strip()} if unit or "description" in field else {}
    if "enum" in field:
        values = [each for each in field["enum"] if each is not None]
        return {"anyOf": [{"enum": values}, REFERENCE], **described}
    return described


def _as_written(part: dict[str, Any]) -> dict[str, Any]:
    """YAML reads 50.00 as a number and `on` as a boolean, the format reads text: both are right in an editor."""
    if part.get("type") == "string":
        kept = {key: value for key, value in part.items() if key in ("description", "default")}
        return {**kept, "$ref": "#/$defs/Scalar"} if "enum" not in part else part
    fresh: dict[str, Any] = {}
    for key, value in part.items():
        if isinstance(value, dict):
            fresh[key] = _as_written(value)
        elif isinstance(value, list):
            fresh[key] = [_as_written(each) if isinstance(each, dict) else each for each in value]
        else:
            fresh[key] = value
    return fresh
