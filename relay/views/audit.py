"""The audit trail with the names of the companies."""

from __future__ import annotations

from sqlalchemy import ColumnElement, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.dialect import table_of
from billing.models import AuditEntry, Company
from relay.api import AuditView
from relay.views.query import fetch

AUDIT = table_of(AuditEntry)
_COMPANIES = table_of(Company)

AUDIT_ROWS = select(
    AUDIT.c.id,
    AUDIT.c.company_id,
    _COMPANIES.c.slug.label("company_slug"),
    AUDIT.c.actor,
    AUDIT.c.action,
    AUDIT.c.target,
    AUDIT.c.reason,
    AUDIT.c.before,
    AUDIT.c.after,
    AUDIT.c.created_at,
).join_from(AUDIT, _COMPANIES, _COMPANIES.c.id == AUDIT.c.company_id, isouter=True)


async def entries(session: AsyncSession, *conditions: ColumnElement[bool], limit: int | None = None) -> list[AuditView]:
    """Entries, newest first."""
    statement = AUDIT_ROWS.where(*conditions).order_by(AUDIT.c.id.desc()).limit(limit)
    return [AuditView(**row) for row in await fetch(session, statement)]
