"""Filters as SQL over the inbox.

Text is looked up in the attached full-text index as far as it reaches, and in the bodies of what came later.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    and_,
    bindparam,
    false,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
    text,
    true,
    type_coerce,
)
from sqlalchemy.sql.elements import BindParameter

from billing.dialect import constant
from billing.models import EventStatus
from relay.filtering.language import NOBODY, All, Amount, Any_, Filter, Named, Not, Note, Received, Text
from relay.views.events import COMPANIES, EVENTS, NOTES
from relay.views.payments import TOPUPS

LOW: BindParameter[int] = bindparam("low_id", type_=EVENTS.c.id.type)
HIGH: BindParameter[int] = bindparam("high_id", type_=EVENTS.c.id.type)
"""The inbox numbers between which is searched, both included."""

_COLUMNS = {"type": EVENTS.c.event_type, "source": EVENTS.c.source, "status": type_coerce(EVENTS.c.status, String)}


class Conditions:
    """Translates filters for one search. Bodies after the number `read_from` are read, the others looked up."""

    def __init__(self, read_from: int) -> None:
        self._read_from = read_from

    def of(self, wanted: Filter, *, bodies: bool = False) -> ColumnElement[bool]:
        """What holds for a row that is listed; with `bodies` text is looked up in the body itself."""
        match wanted:
            case Named(field=field, patterns=patterns):
                return or_(false(), *(self._named(field, pattern) for pattern in patterns))
            case Amount(low=low, high=high):
                return _between(EVENTS.c.amount_cents, low, high)
            case Received(low=begin, high=end):
                return _during(begin, end)
            case Note(part=part):
                return EVENTS.c.id.in_(_noted(NOTES.c.note.icontains(part, autoescape=True)))
            case Not(filter=inner):
                # Unknown is not "no" in SQL: an amount that is missing is not above fifty.
                return not_(func.coalesce(self.of(inner, bodies=bodies), false()))
            case All(filters=filters):
                return and_(true(), *(self.of(part, bodies=bodies) for part in filters))
            case Any_(filters=filters):
                return or_(false(), *(self.of(part, bodies=bodies) for part in filters))
            case Text():
                return _in_body(wanted) if bodies else self._in_index(wanted)

    def narrow(self, wanted: Filter) -> list[list[Select[Any]]]:
        """Ways to find candidates by an index: each way is some selects of inbox numbers that together cover all."""
        match wanted:
            case All(filters=filters):
                return [way for part in filters for way in self.narrow(part)]
            case Any_(filters=filters):
                ways = [self.narrow(part) for part in filters]
                return [[one for way in ways for one in way[0]]] if all(ways) else []
            case Named(field="id", patterns=patterns):
                # One select for each, so that each is answered by its own index.
                return [[select(EVENTS.c.id).where(one) for pattern in patterns for one in _ids(pattern)]]
            case Named(field="status" | "company" | "mark"):
                return [[select(EVENTS.c.id).where(self.of(wanted))]]
            case Text():
                later = select(EVENTS.c.id).where(EVENTS.c.id > self._read_from, _in_body(wanted))
                return [[_found(wanted), later]]
            case Note():
                return [[select(EVENTS.c.id).where(self.of(wanted))]]
        return []

    def _named(self, field: str, pattern: str) -> ColumnElement[bool]:
        match field:
            case "company":
                return _company(pattern)
            case "mark":
                return EVENTS.c.id.in_(_noted(_like(NOTES.c.mark, pattern)))
            case "id":
                return or_(false(), *_ids(pattern))
        return _like(_COLUMNS[field], pattern)

    def _in_index(self, wanted: Text) -> ColumnElement[bool]:
        return or_(
            EVENTS.c.id.in_(_found(wanted)),
            and_(EVENTS.c.id > self._read_from, _in_body(wanted)),
        )


def _ids(pattern: str) -> list[ColumnElement[bool]]:
    """By the event, its object, or the payment of the top-up that it belongs to; each of these has an index."""
    names = (TOPUPS.c.stripe_payment_intent_id, TOPUPS.c.stripe_checkout_session_id, TOPUPS.c.stripe_charge_id)
    payment = or_(*(_like(name, pattern) for name in names))
    unmatched = EVENTS.c.status == constant(EventStatus.UNMATCHED)
    found = [
        _like(EVENTS.c.event_id, pattern),
        _like(EVENTS.c.object_id, pattern),
        EVENTS.c.topup_id.in_(select(TOPUPS.c.id).where(payment)),
        and_(unmatched, _like(EVENTS.c.correlation_id, pattern)),
    ]
    return [*found, EVENTS.c.id == int(pattern)] if _is_number(pattern) else found


def _company(pattern: str) -> ColumnElement[bool]:
    if pattern == NOBODY:
        return EVENTS.c.company_id.is_(None)
    names = _like(COMPANIES.c.slug, pattern)
    if _is_number(pattern):
        names = or_(names, COMPANIES.c.id == int(pattern))
    return EVENTS.c.company_id.in_(select(COMPANIES.c.id).where(names))


def _like(column: ColumnElement[Any], pattern: str) -> ColumnElement[bool]:
    """A name, a beginning (a range, which an index answers), or any other pattern. Case counts."""
    if "*" not in pattern:
        return column == pattern
    prefix = pattern.removesuffix("*")
    if "*" not in prefix:
        return column.between(prefix, prefix + "\U0010ffff") if prefix else column.is_not(None)
    escaped = "".join(f"[{mark}]" if mark in "[?" else mark for mark in pattern)
    return column.op("GLOB")(escaped)


def _between(column: ColumnElement[Any], low: int | None, high: int | None) -> ColumnElement[bool]:
    bounds = [column >= low] if low is not None else []
    return and_(column.is_not(None), *bounds, *([column <= high] if high is not None else []))


def _during(begin: datetime | None, end: datetime | None) -> ColumnElement[bool]:
    column = EVENTS.c.received_at
    return and_(true(), *([column >= begin] if begin is not None else []), *([column < end] if end is not None else []))


def _noted(which: ColumnElement[bool]) -> Select[Any]:
    return select(NOTES.c.webhook_event_id).where(which)


def _is_number(pattern: str) -> bool:
    return pattern.isascii() and pattern.isdigit() and len(pattern) < 19


def _found(wanted: Text) -> Select[Any]:
    """Inbox numbers from the full-text index. The words hold nothing that its query language would act on."""
    phrase = '"' + " ".join(wanted.words) + '"' + ("*" if wanted.open_end else "")
    return (
        select(literal_column("words.rowid", EVENTS.c.id.type).label("id"))
        .select_from(text("search.words"))
        .where(text("words MATCH :phrase").bindparams(bindparam("phrase", phrase, unique=True)))
        .where(text("words.rowid BETWEEN :low_id AND :high_id").bindparams(LOW, HIGH))
    )


def _in_body(wanted: Text) -> ColumnElement[bool]:
    return func.has_words(EVENTS.c.payload, " ".join(wanted.words), literal(int(wanted.open_end))) == 1


Counter = Callable[[Select[Any], int], int]


def narrowest(ways: Sequence[Sequence[Select[Any]]], count: Counter, *, at_most: int) -> Sequence[Select[Any]] | None:
    """The way with the fewest candidates, None when each has more than `at_most`."""
    best: Sequence[Select[Any]] | None = None
    for way in ways:
        total = 0
        for part in way:
            total += count(part, at_most + 1 - total)
            if total > at_most:
                break
        else:
            best, at_most = way, total - 1 if total else 0
            if not total:
                break
    return best
