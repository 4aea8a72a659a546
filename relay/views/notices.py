"""Notices with the names of their companies."""

from __future__ import annotations

from sqlalchemy import ColumnElement, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.dialect import table_of
from billing.models import Company, Notice
from relay.api import NoticeView
from relay.views.query import fetch

NOTICES = table_of(Notice)
_COMPANIES = table_of(Company)

NOTICE_ROWS = select(
    NOTICES.c.id,
    NOTICES.c.company_id,
    _COMPANIES.c.slug.label("company_slug"),
    NOTICES.c.kind,
    NOTICES.c.level,
    NOTICES.c.channel,
    NOTICES.c.recipient,
    NOTICES.c.language,
    NOTICES.c.status,
    NOTICES.c.cause,
    NOTICES.c.subject,
    NOTICES.c.body,
    NOTICES.c.created_at,
    NOTICES.c.sent_at,
).join_from(NOTICES, _COMPANIES, _COMPANIES.c.id == NOTICES.c.company_id)


async def notices(
    session: AsyncSession, *conditions: ColumnElement[bool], limit: int | None = None
) -> list[NoticeView]:
    """Notices, newest first."""
    statement = NOTICE_ROWS.where(*conditions).order_by(NOTICES.c.id.desc()).limit(limit)
    return [NoticeView(**row) for row in await fetch(session, statement)]
