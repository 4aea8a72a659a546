"""From the words of a step to the typed input of its operation: references, euros, seconds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from relay.api import OPERATIONS, Operation

REFERENCE = re.compile(r"\$\{([a-z_][a-z0-9_]*)\.([a-z0-9_.]+)\}", re.IGNORECASE)
"""`${name.field}`, where `name` is what an earlier step was called with `as`; of a list `${name.rows.0.field}`."""


class StepInvalid(Exception):
    """The step cannot be understood: unknown operation, field or reference."""


def operation_of(name: str, fields: Mapping[str, Any], results: Mapping[str, Any]) -> Operation[Any]:
    """The operation that a step asks for. Raises `StepInvalid` with what was expected."""
    declared = OPERATIONS.get(name)
    if declared is None:
        raise StepInvalid(f"unknown operation {name!r}; known: {', '.join(sorted(OPERATIONS))}")
    given = {}
    for key, value in fields.items():
        field, resolved = _field(declared, key, resolve(value, results))
        given[field] = resolved
    try:
        operation: Operation[Any] = msgspec.convert(given, declared, strict=False)
    except msgspec.ValidationError as error:
        raise StepInvalid(f"{name}: {error}") from error
    return operation


def resolve(value: Any, results: Mapping[str, Any]) -> Any:
    """Replace references in text, also inside lists and maps."""
    if isinstance(value, str):
        return REFERENCE.sub(lambda found: _look_up(found.group(1), found.group(2), results), value)
    if isinstance(value, list):
        return [resolve(item, results) for item in value]
    if isinstance(value, dict):
        return {key: resolve(item, results) for key, item in value.items()}
    return value


def cents_of(euros: str) -> int:
    """Decimal euros to cents, also negative, at most two decimals. Raises `StepInvalid`."""
    try:
        cents = Decimal(euros) * 100
    except InvalidOperation:
        raise StepInvalid(f"{euros!r} is not an amount; write euros such as 50.00") from None
    if cents != cents.to_integral_value():
        raise StepInvalid(f"{euros!r} has more than two decimals")
    return int(cents)


def _field(declared: type[Operation[Any]], key: str, value: Any) -> tuple[str, Any]:
    names = declared.__struct_fields__
    if key in names:
        return key, value
    if f"{key}_cents" in names:
        return f"{key}_cents", cents_of(value)
    if f"{key}_s" in names:
        return f"{key}_s", value
    expected = ", ".join(name.removesuffix("_cents").removesuffix("_s") for name in names) or "nothing"
    raise StepInvalid(f"{declared.name} knows no {key!r}; it takes {expected}")


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
