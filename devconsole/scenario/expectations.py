"""What must be true of the money: each expectation is compared as text and told as expected beside actual."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from devconsole.scenario.inputs import cents_of, value_at
from devconsole.scenario.story import Expect
from relay.api import (
    CheckLedger,
    ListBalances,
    ListCalls,
    ListDecisions,
    ListEvents,
    ListLedger,
    ListTopups,
    Operation,
)

R = TypeVar("R")
Call = Callable[[Operation[Any]], Any]


@dataclass(frozen=True)
class Mismatch:
    """One expectation that does not hold."""

    what: str
    expected: str
    actual: str

    def __str__(self) -> str:
        return f"{self.what}: expected {self.expected}, is {self.actual}"


def mismatches(expect: Expect, call: Call) -> list[Mismatch]:
    """Compare the server's state with all that is expected of it; an empty list means that all of it holds."""
    return [found for check in (_balances, _rows, _decisions, _events, _proof) for found in check(expect, call)]


def result_mismatches(expected: Mapping[str, str], result: Mapping[str, Any]) -> list[Mismatch]:
    """Compare fields of an answer, as text; money fields may be written in euros without `_cents`."""
    found = []
    for key, value in expected.items():
        if key not in result and f"{key}_cents" in result:
            actual, wanted = str(result[f"{key}_cents"]), str(cents_of(value))
        else:
            actual, wanted = _text(_field(result, key)), value
        if actual != wanted:
            found.append(Mismatch(f"result {key}", wanted, actual))
    return found


def _field(result: Mapping[str, Any], path: str) -> Any:
    try:
        return value_at(result, path)
    except LookupError:
        return None


def _balances(expect: Expect, call: Call) -> Iterator[Mismatch]:
    if not (expect.balances or expect.bonus or expect.reserved or expect.levels):
        return
    rows = {row.company_slug: row for row in call(ListBalances()).rows}
    for title, wanted, field in (
        ("balance", expect.balances, "balance_cents"),
        ("bonus", expect.bonus, "bonus_cents"),
        ("reserved", expect.reserved, "reserved_cents"),
    ):
        for slug, euros in wanted.items():
            actual = getattr(rows[slug], field) if slug in rows else None
            if actual != cents_of(euros):
                yield Mismatch(f"{title} of {slug}", euros, "no such company" if actual is None else _euros(actual))
    for slug, level in expect.levels.items():
        actual_level = rows[slug].level if slug in rows else "no such company"
        if actual_level != level:
            yield Mismatch(f"level of {slug}", level, actual_level)


def _rows(expect: Expect, call: Call) -> Iterator[Mismatch]:
    for slug, wanted in expect.ledger.items():
        rows = reversed(call(ListLedger(company=slug, limit=500)).rows)
        actual = tuple(f"{row.type} {_euros(row.money_cents + row.bonus_cents)}" for row in rows)
        normal = tuple(_ledger_line(line) for line in wanted)
        if actual != normal:
            yield Mismatch(f"ledger of {slug}", _list(normal), _list(actual))
    for slug, wanted in expect.topups.items():
        actual = tuple(row.status for row in reversed(call(ListTopups(company=slug, limit=500)).rows))
        if actual != wanted:
            yield Mismatch(f"top-ups of {slug}", _list(wanted), _list(actual))
    for slug, wanted in expect.calls.items():
        actual = tuple(row.charge_status for row in reversed(call(ListCalls(company=slug, limit=500)).rows))
        if actual != wanted:
            yield Mismatch(f"calls of {slug}", _list(wanted), _list(actual))


def _decisions(expect: Expect, call: Call) -> Iterator[Mismatch]:
    for slug, wanted in expect.decisions.items():
        rows = call(ListDecisions(company=slug, limit=1)).rows
        actual = rows[0].reason if rows else "none"
        if actual != wanted:
            yield Mismatch(f"last automatic top-up decision of {slug}", wanted, actual)


def _events(expect: Expect, call: Call) -> Iterator[Mismatch]:
    if not expect.events:
        return
    missing = Counter(expect.events) - Counter(row.type for row in call(ListEvents(limit=1000)).rows)
    if missing:
        yield Mismatch("events", _list(tuple(missing.elements())), "not arrived")


def _proof(expect: Expect, call: Call) -> Iterator[Mismatch]:
    if not expect.ledger_check:
        return
    proof = call(CheckLedger())
    if not proof.ok:
        yield Mismatch("ledger check", "no breach", "; ".join(breach.detail for breach in proof.breaches))


def _ledger_line(line: str) -> str:
    kind, _, euros = line.partition(" ")
    return f"{kind} {_euros(cents_of(euros))}"


def _euros(cents: int) -> str:
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def _list(values: tuple[str, ...]) -> str:
    return "[" + ", ".join(values) + "]"


def _text(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, list | tuple):
        return _list(tuple(map(_text, value)))
    return str(value).lower() if isinstance(value, bool) else str(value)
