"""How far the events of one Stripe are known completely, kept in the database beside them."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import select, update
from sqlmodel import Session
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.dialect import insert_unless_present, table_of
from billing.models import EventCursor
from relay.views.query import fetch_one

CURSORS: Final = table_of(EventCursor)


async def read_cursor(session: AsyncSession, stripe_api: str) -> EventCursor | None:
    found = await fetch_one(session, select(CURSORS).where(CURSORS.c.stripe_api == stripe_api))
    return EventCursor(**found) if found is not None else None


def begin_cursor(session: Session, cursor: EventCursor) -> None:
    """Keep the first look at a Stripe; a second first look changes nothing."""
    row = {column.name: getattr(cursor, column.name) for column in CURSORS.columns}
    session.connection().execute(insert_unless_present(CURSORS, "stripe_api").values(row))


def move_cursor(session: Session, stripe_api: str, complete_until: datetime) -> None:
    session.connection().execute(
        update(CURSORS).where(CURSORS.c.stripe_api == stripe_api).values(complete_until=complete_until)
    )
