"""What has happened since the story began: events, deliveries, forwards and notices, and what must never have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from devconsole.scenario.expectations import ROWS_MAX, Mismatch, euros, ledger_line, listed, normal_line
from devconsole.scenario.inputs import cents_of
from devconsole.scenario.scene import Scene
from devconsole.scenario.story import Expect
from relay.api import (
    EventView,
    ListDeliveries,
    ListEvents,
    ListForwardTargets,
    ListLedger,
    ListNotices,
    ShowForwardTarget,
)

EVENTS_MAX = 1_000


def _events_of(scene: Scene) -> list[EventView]:
    """Oldest first, without those from before the story."""
    rows = scene.call(ListEvents(limit=EVENTS_MAX)).rows
    return [row for row in reversed(rows) if row.id > scene.first_event]


def _events(expect: Expect, scene: Scene) -> Iterator[Mismatch]:
    if not (expect.events or expect.events_in_order or expect.event_states):
        return
    arrived = _events_of(scene)
    types = [row.type for row in arrived]
    missing = tuple((Counter(expect.events) - Counter(types)).elements())
    if missing:
        yield Mismatch("events", listed(missing), f"not arrived; there are {listed(tuple(types))}")
    rest = iter(types)
    late = next((each for each in expect.events_in_order if each not in rest), None)
    if late is not None:
        yield Mismatch("events in order", listed(expect.events_in_order), listed(tuple(types)), event_type=late)
    for type_, wanted in expect.event_states.items():
        actual = tuple(row.status for row in arrived if row.type == type_)
        if actual != wanted:
            yield Mismatch(f"states of {type_}", listed(wanted), listed(actual), event_type=type_)


def _deliveries(expect: Expect, scene: Scene) -> Iterator[Mismatch]:
    for verdict, wanted in expect.deliveries.items():
        actual = scene.call(ListDeliveries(verdict=verdict, limit=1)).total
        if actual != wanted:
            yield Mismatch(f"deliveries {verdict}", str(wanted), str(actual))


def _forwards(expect: Expect, scene: Scene) -> Iterator[Mismatch]:
    if not expect.forwards:
        return
    answers: dict[str, list[str]] = {}
    for target in scene.call(ListForwardTargets()).rows:
        shown = scene.call(ShowForwardTarget(target=target.name, limit=ROWS_MAX))
        for forward in reversed(shown.forwards):
            answers.setdefault(forward.event_type, []).append(
                "no answer" if forward.http_status is None else str(forward.http_status)
            )
    for type_, wanted in expect.forwards.items():
        actual = tuple(answers.get(type_, ()))
        if actual != tuple(map(str, wanted)):
            yield Mismatch(
                f"forward answers to {type_}", listed(tuple(map(str, wanted))), listed(actual), event_type=type_
            )


def _notices(expect: Expect, scene: Scene) -> Iterator[Mismatch]:
    for slug, wanted in expect.notices.items():
        actual = _notices_of(scene, slug)
        if not _same_notices(wanted, actual):
            yield Mismatch(f"notices of {slug}", listed(wanted), listed(actual), slug)


def _notices_of(scene: Scene, slug: str) -> tuple[str, ...]:
    rows = scene.call(ListNotices(company=scene.named(slug), channel="in_app", limit=ROWS_MAX)).rows
    return tuple(f"{row.kind} {row.level}" if row.level else row.kind for row in reversed(rows))


def _same_notices(wanted: tuple[str, ...], actual: tuple[str, ...]) -> bool:
    """A level is compared where one is written."""
    return len(wanted) == len(actual) and all(
        is_ == want or is_.partition(" ")[0] == want for want, is_ in zip(wanted, actual, strict=True)
    )


def _never(expect: Expect, scene: Scene) -> Iterator[Mismatch]:
    never = expect.never
    if never is None:
        return
    if never.events:
        seen = {row.type for row in _events_of(scene)}
        for type_ in never.events:
            if type_ in seen:
                yield Mismatch("events", f"never {type_}", "it has arrived", event_type=type_)
    for slug in dict.fromkeys((*never.balances, *never.ledger)):
        rows = scene.call(ListLedger(company=scene.named(slug), limit=ROWS_MAX)).rows
        amount = never.balances.get(slug)
        if amount is not None and any(row.balance_after_cents == cents_of(amount) for row in rows):
            yield Mismatch(f"balance of {slug}", f"never {euros(cents_of(amount))}", "it was so once", slug)
        lines = {line for row in rows for line in (ledger_line(row), row.type)}
        for line in never.ledger.get(slug, ()):
            if normal_line(line) in lines:
                yield Mismatch(f"ledger of {slug}", f"never {line}", "there is such a row", slug)
    for slug, kinds in never.notices.items():
        told = _notices_of(scene, slug)
        for kind in kinds:
            if any(_same_notices((kind,), (each,)) for each in told):
                yield Mismatch(f"notices of {slug}", f"never {kind}", listed(told), slug)


CHECKS = (_events, _deliveries, _forwards, _notices, _never)
