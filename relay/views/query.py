"""Running a Core select on a read session, and the few conditions that many lists share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeVar, cast

from sqlalchemy import Select, func, or_, select
from sqlmodel import Session
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.dialect import table_of
from billing.errors import UnknownCompany
from billing.models import Company
from relay.unknown import UnknownChoice

E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")

_COMPANIES = table_of(Company)


async def fetch(session: AsyncSession, statement: Select[Any], **parameters: object) -> Sequence[Mapping[str, Any]]:
    """All rows as mappings by column label.

    What is asked many times a second should be one statement with parameters: to build one anew takes longer than to
    run it.
    """
    connection = await session.connection()
    rows: Sequence[Any] = (await connection.execute(statement, parameters)).mappings().all()
    return rows


async def fetch_one(session: AsyncSession, statement: Select[Any]) -> Mapping[str, Any] | None:
    rows = await fetch(session, statement)
    return rows[0] if rows else None


async def count(session: AsyncSession, statement: Select[Any]) -> int:
    """How many rows the statement has without its order and limit."""
    inner = statement.order_by(None).limit(None).subquery()
    rows = await fetch(session, select(func.count().label("total")).select_from(inner))
    return int(rows[0]["total"])


async def read_sync(session: AsyncSession, read: Callable[[Session], T]) -> T:
    """Run a reading function of billing, which takes a synchronous session, on this one."""
    return await session.run_sync(lambda inner: read(cast(Session, inner)))


async def company_id_of(session: AsyncSession, reference: str) -> int:
    """The id behind an id or a slug. Raises `UnknownCompany`."""
    names = _COMPANIES.c.slug == reference
    if reference.isascii() and reference.isdigit() and len(reference) <= 18:
        names = or_(names, _COMPANIES.c.id == int(reference))
    row = await fetch_one(session, select(_COMPANIES.c.id).where(names).order_by(_COMPANIES.c.id).limit(1))
    if row is None:
        raise UnknownCompany(reference)
    return int(row["id"])


def chosen(kind: type[E], text: str, *, what: str) -> E:
    """The member that `text` names. Raises `UnknownChoice` with the members that exist."""
    try:
        return kind(text)
    except ValueError:
        known = ", ".join(member.value for member in kind)
        raise UnknownChoice(f"there is no {what} {text!r}", remedy=f"Choose one of: {known}.") from None
