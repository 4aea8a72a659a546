"""Where a story begins: from any row upwards to its first cause."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Select, select
from sqlmodel.ext.asyncio.session import AsyncSession

from relay.forwarding.rows import FORWARDS
from relay.search.finder import Finder
from relay.tracing.names import Ref, named
from relay.unknown import UnknownReference
from relay.views.calls import CALLS
from relay.views.companies import DECISIONS
from relay.views.events import DELIVERIES, EVENTS
from relay.views.ledger import LEDGER
from relay.views.notices import NOTICES
from relay.views.payments import TOPUPS
from relay.views.query import fetch, fetch_one

TOPUP_REFERENCES = ("topup", "auto_topup", "topup_bonus", "refund")
"""Ledger rows with these reference types carry the id of a top-up."""
LATEST_MAX: Final = 10
"""Stories of a company that are told when it is asked for as a whole."""

_OF_A_TOPUP = re.compile(r"topup_[a-z]+:(?P<id>[0-9]{1,18})")
"""The cause of a notice about a top-up."""
_HAPPENINGS: Final = (
    ("topup", TOPUPS, TOPUPS.c.created_at),
    ("call", CALLS, CALLS.c.started_at),
    ("event", EVENTS, EVENTS.c.received_at),
    ("decision", DECISIONS, DECISIONS.c.decided_at),
    ("ledger", LEDGER, LEDGER.c.created_at),
)
"""What happens to a company, with the time of each."""


async def roots_of(session: AsyncSession, finder: Finder, reference: str) -> list[Ref]:
    """The first causes of what `reference` names, each once. Raises `UnknownReference`."""
    found = await named(session, finder, reference.strip())
    if not found:
        raise UnknownReference(reference)
    return list(await _first_causes(session, found))


async def latest_of(session: AsyncSession, company: int) -> list[Ref]:
    """The first causes of the latest things that happened to a company, oldest first."""
    happened = []
    for kind, table, at in _HAPPENINGS:
        newest = select(table.c.id, at.label("at")).where(table.c.company_id == company)
        rows = await fetch(session, newest.order_by(table.c.id.desc()).limit(LATEST_MAX * 3))
        happened += [(row["at"], row["id"], Ref(kind, row["id"])) for row in rows]
    happened.sort(key=lambda one: one[:2], reverse=True)
    roots = await _first_causes(session, (ref for _, _, ref in happened), at_most=LATEST_MAX)
    return list(roots)[::-1]


async def _first_causes(session: AsyncSession, found: Iterable[Ref], *, at_most: int | None = None) -> dict[Ref, None]:
    roots: dict[Ref, None] = {}
    for ref in found:
        while (cause := await _cause(session, ref)) is not None:
            ref = cause
        roots[ref] = None
        if len(roots) == at_most:
            break
    return roots


async def _cause(session: AsyncSession, ref: Ref) -> Ref | None:
    """What brought this row about; None for a first cause."""
    match ref.kind:
        case "delivery":
            return await _first(
                session, "event", select(DELIVERIES.c.webhook_event_id).where(DELIVERIES.c.id == ref.id)
            )
        case "event":
            return await _first(session, "topup", select(EVENTS.c.topup_id).where(EVENTS.c.id == ref.id))
        case "topup":
            decided = select(DECISIONS.c.id).where(DECISIONS.c.topup_id == ref.id).order_by(DECISIONS.c.id)
            return await _first(session, "decision", decided)
        case "decision":
            return await _first(session, "call", select(DECISIONS.c.call_id).where(DECISIONS.c.id == ref.id))
        case "forward":
            return await _first(session, "delivery", select(FORWARDS.c.delivery_id).where(FORWARDS.c.id == ref.id))
        case "notice":
            return await _told_of(session, ref.id)
        case "ledger":
            return await _booked_for(session, ref.id)
    return None


async def _told_of(session: AsyncSession, notice_id: int) -> Ref | None:
    """The top-up that a notice is about, or the ledger row after which it was due."""
    row = await fetch_one(session, select(NOTICES.c.cause, NOTICES.c.last_ledger_id).where(NOTICES.c.id == notice_id))
    assert row is not None
    if (topup := _OF_A_TOPUP.fullmatch(row["cause"])) is not None:
        return Ref("topup", int(topup["id"]))
    return Ref("ledger", row["last_ledger_id"]) if row["last_ledger_id"] else None


async def _booked_for(session: AsyncSession, ledger_id: int) -> Ref | None:
    row = await fetch_one(
        session,
        select(LEDGER.c.reference_type, LEDGER.c.reference_id, LEDGER.c.webhook_event_id).where(
            LEDGER.c.id == ledger_id
        ),
    )
    assert row is not None
    number = row["reference_id"] if (row["reference_id"] or "").isdigit() else None
    if row["reference_type"] == "call" and number:
        return Ref("call", int(number))
    if row["reference_type"] in TOPUP_REFERENCES and number:
        return Ref("topup", int(number))
    return Ref("event", row["webhook_event_id"]) if row["webhook_event_id"] else None


async def _first(session: AsyncSession, kind: str, ids: Select[Any]) -> Ref | None:
    rows = await fetch(session, ids.limit(1))
    found = next(iter(rows[0].values()), None) if rows else None
    return None if found is None else Ref(kind, found)
