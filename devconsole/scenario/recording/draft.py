"""A step before it is written: what it does, and the name that it only gets when a later one refers to it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Self

NOUNS = {"topups": "topup", "calls": "call", "charges": "refund", "events": "event", "companies": "company"}


class Names:
    """Hands out a name of its own for each step: `topup`, `topup_2`."""

    def __init__(self) -> None:
        self._used: Counter[str] = Counter()

    def name(self, operation: str) -> str:
        noun, _, verb = operation.partition(".")
        wanted = "listed" if verb == "list" else NOUNS.get(noun, noun)
        self._used[wanted] += 1
        return wanted if self._used[wanted] == 1 else f"{wanted}_{self._used[wanted]}"


@dataclass
class Draft:
    """One step. Without `do` it only expects, or only comments on what no step can repeat."""

    do: str | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    expect: dict[str, Any] = field(default_factory=dict)
    comments: list[str] = field(default_factory=list)
    name: str | None = None

    @classmethod
    def of(cls, operation: str, fields: dict[str, Any]) -> Self:
        """With fields as operations have them: cents become euros, and units leave the names."""
        return cls(operation, dict(_written(name, value) for name, value in fields.items()))

    def reference(self, path: str, names: Names) -> str:
        assert self.do is not None
        if self.name is None:
            self.name = names.name(self.do)
        return f"${{{self.name}.{path}}}"

    def document(self) -> dict[str, Any]:
        parts = {"do": self.do, "with": self.fields, "as": self.name, "expect": self.expect}
        return {key: value for key, value in parts.items() if value}


def euros(cents: int) -> str:
    """Cents as a story writes them: `-1234.50`."""
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def _written(name: str, value: Any) -> tuple[str, Any]:
    if name.endswith("_cents") and isinstance(value, int):
        return name.removesuffix("_cents"), euros(value)
    return name.removesuffix("_s") if isinstance(value, int) else name, _plain(value)


def _plain(value: Any) -> Any:
    """Every scalar as text, as the format reads it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return str(value)
