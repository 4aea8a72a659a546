"""Marks, notes and saved filters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import delete, func, select
from sqlmodel import Session

from billing.changes import Kind, announce
from billing.dialect import insert_or_replace, table_of
from billing.models import SavedFilter
from relay.api import DeleteFilter, EventView, ListFilters, MarkEvent, Page, SavedFilterView, SaveFilter
from relay.api.notes import SAVED_MAX
from relay.backend import Backend
from relay.operations.events import ids_of, read_filter, saved_filters
from relay.operations.registry import handles
from relay.unknown import FilterRefused, MarkRefused, TooManyFilters, UnknownFilter
from relay.views import events
from relay.views.events import EVENTS, NOTES
from relay.views.query import fetch

FILTERS: Final = table_of(SavedFilter)
_MARK: Final = re.compile(r'[^\s,*"()]+')


@handles(MarkEvent)
async def mark_event(backend: Backend, request: MarkEvent) -> EventView:
    changes: dict[str, str | None] = {}
    if request.mark is not msgspec.UNSET:
        changes["mark"] = _checked(request.mark)
    if request.note is not msgspec.UNSET:
        changes["note"] = (request.note or "").strip() or None
    async with backend.db.read() as session:
        (id_,) = await ids_of(session, [request.event])
    await backend.db.write(_write, id_, changes, now=backend.clock.now())
    async with backend.db.read() as session:
        return (await events.events(session, EVENTS.c.id == id_))[0]


def _checked(mark: str | None) -> str | None:
    if mark and not _MARK.fullmatch(mark):
        raise MarkRefused(mark)
    return mark or None


def _write(session: Session, id_: int, changes: Mapping[str, str | None], *, now: datetime) -> None:
    connection = session.connection()
    row = connection.execute(select(NOTES.c.mark, NOTES.c.note).where(NOTES.c.webhook_event_id == id_)).first()
    values = {"mark": row.mark, "note": row.note, **changes} if row else {"mark": None, "note": None, **changes}
    if any(values.values()):
        key = {"webhook_event_id": id_, "updated_at": now}
        connection.execute(insert_or_replace(NOTES, "webhook_event_id", values | key))
    else:
        connection.execute(delete(NOTES).where(NOTES.c.webhook_event_id == id_))
    announce(session, Kind.EVENT, id_)


@handles(ListFilters)
async def list_filters(backend: Backend, _request: ListFilters) -> Page[SavedFilterView]:
    async with backend.db.read() as session:
        rows = await fetch(session, select(FILTERS).order_by(FILTERS.c.name))
    return Page(rows=tuple(SavedFilterView(**row) for row in rows), total=len(rows))


@handles(SaveFilter)
async def save_filter(backend: Backend, request: SaveFilter) -> SavedFilterView:
    now = backend.clock.now()
    if any(word.startswith("@") for word in request.filter.split()):
        raise FilterRefused("a saved filter cannot name another", remedy="Write out what the other one says.")
    read_filter(request.filter, now=now, saved={})
    view = SavedFilterView(name=request.as_, filter=" ".join(request.filter.split()), saved_at=now)
    await backend.db.write(_save, view)
    return view


def _save(session: Session, view: SavedFilterView) -> None:
    connection = session.connection()
    connection.execute(insert_or_replace(FILTERS, "name", msgspec.structs.asdict(view)))
    if connection.execute(select(func.count()).select_from(FILTERS)).scalar_one() > SAVED_MAX:
        raise TooManyFilters(SAVED_MAX)


@handles(DeleteFilter)
async def delete_filter(backend: Backend, request: DeleteFilter) -> SavedFilterView:
    async with backend.db.read() as session:
        rows = await fetch(session, select(FILTERS).where(FILTERS.c.name == request.saved.removeprefix("@")))
    if not rows:
        raise UnknownFilter(request.saved, await saved_filters(backend))
    view = SavedFilterView(**rows[0])
    await backend.db.write(_delete, view.name)
    return view


def _delete(session: Session, name: str) -> None:
    session.connection().execute(delete(FILTERS).where(FILTERS.c.name == name))
