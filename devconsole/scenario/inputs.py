"""From the words of a step to the typed input of its operation or act: references, euros, seconds."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec
import msgspec.inspect

from devconsole.scenario.complaints import plainly, shown
from devconsole.scenario.secrecy import ON_FILES
from relay.api import OPERATIONS

REFERENCE = re.compile(r"\$\{([a-z_][a-z0-9_]*)\.([a-z0-9_.]+)\}", re.IGNORECASE)
"""`${name.field}`, where `name` is what an earlier step was called with `as`; of a list `${name.rows.0.field}`."""

UNITS = ("_cents", "_s")


class StepInvalid(Exception):
    """The step cannot be understood: unknown operation, field or reference; or it makes no sense here."""


def declared_as(name: str) -> Any:
    """The operation or act of this name, None when there is none."""
    from devconsole.scenario.acts import ACTS  # which need this module

    return OPERATIONS.get(name) or ACTS.get(name)


def input_of(name: str, fields: Mapping[str, Any], results: Mapping[str, Any]) -> Any:
    """The operation or act that a step asks for. Raises `StepInvalid` with what was expected."""
    declared = declared_as(name)
    if declared is None:
        raise StepInvalid(f"unknown operation {name!r}")
    if name in ON_FILES:
        raise StepInvalid(f"no story does {name}: {ON_FILES[name]}")
    given = {}
    for key, value in fields.items():
        field, resolved = field_of(declared, key), resolve(value, results)
        given[field] = cents_of(resolved) if field == f"{key}_cents" else resolved
    try:
        return msgspec.convert(given, declared, strict=False)
    except msgspec.ValidationError as error:
        raise StepInvalid(f"{name}: {error}") from error


def value_fits(declared: Any, key: str, value: Any) -> None:
    """Raises `StepInvalid` when a word of a story is no field, or stands for a value that the field cannot have.

    What refers to an earlier step is known only when it is played.
    """
    field = field_of(declared, key)
    if _refers(value):
        return
    kind = next(each.type for each in _fields_of(declared) if each.name == field)
    given = cents_of(value) if field == f"{key}_cents" else value
    try:
        msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        choices = ", ".join(map(repr, _choices(kind)))
        told = f"it is one of {choices}" if choices else plainly(str(error))
        raise StepInvalid(f"{declared.name}: {key} is {shown(value)}; {told}") from error


def _choices(kind: Any) -> tuple[str, ...]:
    found = msgspec.inspect.type_info(kind)
    parts = found.types if isinstance(found, msgspec.inspect.UnionType) else (found,)
    return tuple(str(each) for part in parts if isinstance(part, msgspec.inspect.LiteralType) for each in part.values)


def _refers(value: Any) -> bool:
    if isinstance(value, str):
        return REFERENCE.search(value) is not None
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return any(map(_refers, parts))


def resolve(value: Any, results: Mapping[str, Any]) -> Any:
    """Replace references in text, also inside lists and maps."""
    if isinstance(value, str):
        return REFERENCE.sub(lambda found: _look_up(found.group(1), found.group(2), results), value)
    if isinstance(value, list | tuple):
        return [resolve(item, results) for item in value]
    if isinstance(value, dict):
        return {key: resolve(item, results) for key, item in value.items()}
    return value


def cents_of(euros: str) -> int:
    """Decimal euros to cents, also negative, at most two decimals. Raises `StepInvalid`."""
    try:
        cents = Decimal(euros) * 100
    except (InvalidOperation, TypeError, ValueError):
        raise StepInvalid(f"{euros!r} is not an amount; write euros such as 50.00") from None
    if not cents.is_finite():
        raise StepInvalid(f"{euros!r} is not an amount; write euros such as 50.00")
    if cents != cents.to_integral_value():
        raise StepInvalid(f"{euros!r} has more than two decimals")
    return int(cents)


def field_of(declared: Any, key: str) -> str:
    """The field that a word of a story means. Raises `StepInvalid` that names those that there are."""
    names = declared.__struct_fields__
    for field in (key, *(f"{key}{unit}" for unit in UNITS)):
        if field in names:
            return str(field)
    expected = ", ".join(shown_fields(declared)) or "nothing"
    raise StepInvalid(f"{declared.name} knows no {key!r}; it takes {expected}")


def shown_fields(declared: Any, *, required: bool = False) -> list[str]:
    """The fields as a story writes them; only those that must be given when `required`."""
    return [word_of(field.name) for field in _fields_of(declared) if not required or field.required]


@functools.cache
def _fields_of(declared: Any) -> tuple[msgspec.structs.FieldInfo, ...]:
    """Kept: reading the annotations of a class takes longer than reading a story."""
    return msgspec.structs.fields(declared)


def word_of(field: str) -> str:
    """A field's name without its unit: `amount_cents` is written `amount`."""
    return field.removesuffix("_cents").removesuffix("_s")


def _look_up(name: str, path: str, results: Mapping[str, Any]) -> str:
    if name not in results:
        raise StepInvalid(f"no earlier step is called {name!r}; name it with `as: {name}`")
    try:
        return str(value_at(results[name], path))
    except LookupError:
        raise StepInvalid(f"the result of {name!r} has no {path!r}") from None


def value_at(answer: Any, path: str) -> Any:
    """What an answer has at `rows.0.event_id`. Raises `LookupError` when it has nothing there."""
    for part in path.split("."):
        if isinstance(answer, list | tuple) and part.isdigit() and int(part) < len(answer):
            answer = answer[int(part)]
        elif isinstance(answer, dict) and part in answer:
            answer = answer[part]
        else:
            raise LookupError(path)
    return answer
