"""Notices: what companies were told."""

from __future__ import annotations

from billing.models import NoticeChannel, NoticeKind
from relay.api import ListNotices, NoticeView, Page
from relay.backend import Backend
from relay.operations.registry import handles
from relay.views import notices
from relay.views.query import chosen, company_id_of, count


@handles(ListNotices)
async def list_notices(backend: Backend, request: ListNotices) -> Page[NoticeView]:
    conditions = []
    async with backend.db.read() as session:
        if request.company is not None:
            conditions.append(notices.NOTICES.c.company_id == await company_id_of(session, request.company))
        if request.kind is not None:
            conditions.append(notices.NOTICES.c.kind == chosen(NoticeKind, request.kind, what="kind of notice"))
        if request.channel is not None:
            conditions.append(notices.NOTICES.c.channel == chosen(NoticeChannel, request.channel, what="channel"))
        rows = await notices.notices(session, *conditions, limit=request.limit)
        total = await count(session, notices.NOTICE_ROWS.where(*conditions))
    return Page(rows=tuple(rows), total=total)
