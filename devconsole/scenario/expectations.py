"""What must be true of the money: each expectation is compared as text and told as expected beside actual."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, TypeVar

import msgspec

from devconsole.scenario.inputs import cents_of, resolve, value_at
from devconsole.scenario.scene import Scene
from devconsole.scenario.story import Expect
from relay.api import (
    BalanceView,
    CheckLedger,
    LedgerView,
    ListBalances,
    ListCalls,
    ListDecisions,
    ListLedger,
    ListTopups,
    ShowAutoTopup,
    ShowDigest,
)

T = TypeVar("T")
ROWS_MAX = 500


@dataclass(frozen=True)
class Mismatch:
    """One expectation that does not hold. `company` is the slug that it is about, `event_type` the event's type,
    `record` the top-up or call, as `topup_7`."""

    what: str
    expected: str
    actual: str
    company: str | None = None
    event_type: str | None = None
    record: str | None = None

    def __str__(self) -> str:
        return f"{self.what}: expected {self.expected}, is {self.actual}"


def mismatches(expect: Expect, scene: Scene) -> list[Mismatch]:
    """Compare the server's state with all that is expected of it; an empty list means that all of it holds."""
    from devconsole.scenario.history import CHECKS  # which needs `Mismatch`

    wanted = _resolved(expect, scene)
    checks = (_balances, _levels, _rows, _topups, _calls, _decisions, _auto_topup, *CHECKS, _proof, _digest)
    return [found for check in checks for found in check(wanted, scene)]


def result_mismatches(expected: Mapping[str, str], result: Any, results: Mapping[str, Any]) -> list[Mismatch]:
    """Compare fields of an answer, as text; money fields may be written in euros without `_cents`."""
    found = []
    for key, value in expected.items():
        wanted = str(resolve(value, results))
        if isinstance(result, dict) and key not in result and f"{key}_cents" in result:
            cents = result[f"{key}_cents"]
            actual = "none" if cents is None else euros(cents)
            wanted = wanted if wanted == "none" else euros(cents_of(wanted))
        else:
            actual = _text(_field(result, key))
        if actual != wanted:
            found.append(Mismatch(f"result {key}", wanted, actual))
    return found


def _resolved(expect: Expect, scene: Scene) -> Expect:
    """With references to earlier results replaced."""
    if not scene.results:
        return expect
    return msgspec.convert(resolve(msgspec.to_builtins(expect), scene.results), Expect, strict=False)


def _field(result: Any, path: str) -> Any:
    try:
        return value_at(result, path)
    except LookupError:
        return None


def _balances(expect: Expect, scene: Scene) -> Iterator[Mismatch]:
    wanted = {"balance": expect.balances, "bonus": expect.bonus, "reserved": expect.reserved}
    if not any(wanted.values()):
        return
    rows = {row.company_slug: row for row in scene.call(ListBalances()).rows}
    for title, by_company in wanted.items():
        for slug, amount in by_company.items():
            row = rows.get(scene.named(slug))
            actual = None if row is None else getattr(row, f"{title}_cents")
            if actual != cents_of(amount):
                yield Mismatch(
                    f"{title} of {slug}",
                    euros(cents_of(amount)),
                    "no such company" if actual is None else euros(actual),
                    slug,
                )


def _levels(expect: Expect, scene: Scene) -> Iterator[Mismatch]:
    rows: dict[str, BalanceView] = {}
    if expect.levels:
        rows = {row.company_slug: row for row in scene.call(ListBalances()).rows}
    for slug, level in expect.levels.items():
        row = rows.get(scene.named(slug))
        actual = "no such company" if row is None else row.level
        if actual != level:
            yield Mismatch(f"level of {slug}", level, actual, slug)


def _rows(expect: Expect, scene: Scene) -> Iterator[Mismatch]:
    for slug, wanted in expect.ledger.items():
        rows = scene.call(ListLedger(company=scene.named(slug), limit=ROWS_MAX)).rows
        actual = tuple(ledger_line(row) for row in reversed(rows))
        normal = tuple(normal_line(line) for line in wanted)
        if actual != normal:
            yield Mismatch(f"ledger of {slug}", listed(normal), listed(actual), slug)


def _topups(expect: Expect, scene: Scene) -> Iterator[Mismatch]:
    for slug in dict.fromkeys((*expect.topups, *expect.disputes)):
        rows = scene.call(ListTopups(company=scene.named(slug), limit=ROWS_MAX)).rows[::-1]
        states = tuple(row.status for row in rows)
        if slug in expect.topups and states != expect.topups[slug]:
            record = _first_unlike("topup", expect.topups[slug], states, [row.id for row in rows])
            yield Mismatch(f"top-ups of {slug}", listed(expect.topups[slug]), listed(states), slug, record=record)
        disputes = tuple(row.dispute_status for row in rows if row.dispute_status is not None)
        if slug in expect.disputes and disputes != expect.disputes[slug]:
            yield Mismatch(f"disputes of {slug}", listed(expect.disputes[slug]), listed(disputes), slug)


def _calls(expect: Expect, scene: Scene) -> Iterator[Mismatch]:
    for slug, wanted in expect.calls.items():
        rows = scene.call(ListCalls(company=scene.named(slug), limit=ROWS_MAX)).rows[::-1]
        actual = tuple(row.charge_status for row in rows)
        if actual != wanted:
            record = _first_unlike("call", wanted, actual, [row.id for row in rows])
            yield Mismatch(f"calls of {slug}", listed(wanted), listed(actual), slug, record=record)


def _first_unlike(noun: str, wanted: Sequence[str], actual: Sequence[str], ids: Sequence[int]) -> str | None:
    """The first record that is not as it should be, or that should not be there; None when one is missing."""
    unlike = (id_ for id_, want, is_ in zip_longest(ids, wanted, actual) if id_ is not None and want != is_)
    found = next(unlike, None)
    return None if found is None else f"{noun}_{found}"


def _decisions(expect: Expect, scene: Scene) -> Iterator[Mismatch]:
    for slug, wanted in expect.decisions.items():
        rows = scene.call(ListDecisions(company=scene.named(slug), limit=1)).rows
        actual = rows[0].reason if rows else "none"
        if actual != wanted:
            yield Mismatch(f"last automatic top-up decision of {slug}", wanted, actual, slug)


def _auto_topup(expect: Expect, scene: Scene) -> Iterator[Mismatch]:
    for slug, wanted in expect.auto_topup.items():
        view = scene.call(ShowAutoTopup(company=scene.named(slug)))
        actual = "on" if view.enabled else "off" if view.disabled_reason is None else "disabled"
        if actual != wanted:
            why = f" ({view.disabled_reason})" if view.disabled_reason else ""
            yield Mismatch(f"automatic top-up of {slug}", wanted, actual + why, slug)


def _proof(expect: Expect, scene: Scene) -> Iterator[Mismatch]:
    if not (expect.ledger_check or expect.stripe_agrees):
        return
    proof = scene.call(CheckLedger(stripe=expect.stripe_agrees))
    if proof.breaches and expect.ledger_check:
        yield Mismatch("ledger check", "no breach", "; ".join(breach.detail for breach in proof.breaches))
    if expect.stripe_agrees and proof.stripe.agrees is not True:
        told = "; ".join(
            f"{difference.payment_intent_id}: {difference.detail}" for difference in proof.stripe.differences
        )
        yield Mismatch("Stripe's payments", "the same as ours", told or str(proof.stripe.reason))


def _digest(expect: Expect, scene: Scene) -> Iterator[Mismatch]:
    if expect.digest is None:
        return
    actual = scene.call(ShowDigest()).digest
    if not actual.startswith(expect.digest):
        yield Mismatch("digest", expect.digest, actual[: max(16, len(expect.digest))])


def ledger_line(row: LedgerView) -> str:
    """A row as a story writes it: `topup 50.00`, what is held for calls included."""
    return f"{row.type} {euros(row.money_cents + row.bonus_cents + row.reserved_cents)}"


def normal_line(line: str) -> str:
    kind, _, amount = line.partition(" ")
    return f"{kind} {euros(cents_of(amount))}" if amount else kind


def euros(cents: int) -> str:
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def listed(values: tuple[str, ...]) -> str:
    return "[" + ", ".join(values) + "]"


def _text(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, list | tuple):
        return listed(tuple(map(_text, value)))
    return str(value).lower() if isinstance(value, bool) else str(value)
