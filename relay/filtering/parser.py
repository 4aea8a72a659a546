"""From text to a filter, by lark; what cannot be read is said with its place and with what was expected there."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from relay.filtering import values
from relay.filtering.language import FIELDS, STATUSES, All, Any_, Filter, FilterInvalid, Named, Not
from relay.suggestions import did_you_mean

LENGTH_MAX = 2_000
"""Characters of a filter."""
CONDITIONS_MAX = 100

_KINDS = {
    "FIELD": "a condition",
    "WORD": "a condition",
    "QUOTED": "a condition",
    "SAVED": "a condition",
    "NOT": "a condition",
    "MINUS": "a condition",
    "VALUE": "a value",
    "OPERATOR": "one of : < <= > >=",
    "AND": "AND",
    "OR": "OR",
    "LPAR": "(",
    "RPAR": ")",
    "$END": "the end",
}


def parse(text: str, *, now: datetime, saved: Mapping[str, str] | None = None) -> Filter:
    """Read a filter; an empty text lets everything through. `@name` is one of `saved`, which name no others.

    Raises `FilterInvalid`.
    """
    if len(text) > LENGTH_MAX:
        raise FilterInvalid(text, LENGTH_MAX, f"a filter has at most {LENGTH_MAX:,} characters", "Shorten it.")
    if text.count('"') % 2:
        raise FilterInvalid(text, text.rindex('"'), "this quotation mark is never closed", 'Add a " at its end.')
    return _Reader(text, now, saved or {}).read(_tree(text))


def _tree(text: str) -> Any:
    from lark.exceptions import UnexpectedCharacters, UnexpectedToken

    try:
        return _lark().parse(text)
    except UnexpectedToken as error:
        at = len(text) if error.token.type == "$END" else (error.token.start_pos or 0)
        raise _unexpected(text, at, error.accepts or error.expected, error.token.value) from None
    except UnexpectedCharacters as error:
        at = error.pos_in_stream or 0
        raise _unexpected(text, at, error.allowed or (), text[at]) from None


def _unexpected(text: str, at: int, expected: Collection[str], found: str) -> FilterInvalid:
    named = {"a value"} if "VALUE" in expected else {_KINDS.get(name, name) for name in expected}
    kinds = sorted(named, key=list(dict.fromkeys(_KINDS.values())).index)
    what = f'"{found}" does not belong here' if found else "something is missing at the end"
    return FilterInvalid(text, at, what, f"Expected {' or '.join(kinds)}.")


@cache
def _lark() -> Any:
    """Deferred import: 40 ms that nobody pays who never filters."""
    from lark import Lark

    grammar = Path(__file__).with_name("grammar.lark").read_text(encoding="utf-8")
    return Lark(grammar, start="filter", parser="lalr", propagate_positions=True, maybe_placeholders=False)


class _Reader:
    """Walks the tree that lark made."""

    def __init__(self, text: str, now: datetime, saved: Mapping[str, str]) -> None:
        self._text, self._now, self._conditions = text, now, 0
        self._saved = saved

    def read(self, tree: Any) -> Filter:
        match tree.data:
            case "filter":
                return self.read(tree.children[0]) if tree.children else All()
            case "any":
                return self._joined(Any_, tree.children)
            case "all":
                return self._joined(All, tree.children)
            case "no":
                return Not(self.read(tree.children[0]))
        return self._condition(tree)

    def _joined(self, kind: type[All | Any_], children: Sequence[Any]) -> Filter:
        found = tuple(self.read(child) for child in children)
        return found[0] if len(found) == 1 else kind(found)

    def _condition(self, tree: Any) -> Filter:
        self._conditions += 1
        first = tree.children[0]
        if self._conditions > CONDITIONS_MAX:
            raise FilterInvalid(
                self._text, first.start_pos, f"a filter has at most {CONDITIONS_MAX} conditions", "Shorten it."
            )
        if tree.data == "saved":
            return self._named(str(first)[1:], first.start_pos)
        try:
            if tree.data == "test":
                return self._test(*tree.children)
            return self._word(str(first)) if tree.data == "word" else values.text(str(first).strip('"'))
        except values.ValueInvalid as invalid:
            raise FilterInvalid(self._text, tree.children[-1].start_pos, invalid.message, invalid.remedy) from None

    def _named(self, name: str, at: int) -> Filter:
        if name not in self._saved:
            known = ", ".join(f"@{each}" for each in sorted(self._saved)) or "none yet"
            raise FilterInvalid(self._text, at, f"there is no saved filter @{name}", f"Saved are: {known}.")
        try:
            return parse(self._saved[name], now=self._now)
        except FilterInvalid as invalid:
            raise FilterInvalid(self._text, at, f"@{name}: {invalid.message}", invalid.remedy) from None

    def _test(self, field: Any, operator: Any, value: Any) -> Filter:
        name = field.lower()
        if name not in FIELDS:
            raise FilterInvalid(
                self._text,
                field.start_pos,
                f'there is no field "{field}"',
                f"{did_you_mean(name, FIELDS)} To search for it as text, quote it.",
            )
        return values.condition(name, str(operator), str(value).strip('"'), self._now)

    def _word(self, word: str) -> Filter:
        if word in STATUSES:
            return Named("status", (word,))
        if "*" in word:
            return Any_((Named("company", (word,)), Named("type", (word,))))
        # The type is a value of the body too.
        return Any_((Named("company", (f"{word}*",)), values.text(word)))
