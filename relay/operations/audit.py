"""The audit trail."""

from __future__ import annotations

from sqlalchemy import ColumnElement, select

from billing.audit import Action
from billing.dialect import table_of
from billing.models import AuditEntry, Company
from relay.api import AuditView, ListAudit, Page
from relay.backend import Backend
from relay.operations.registry import handles
from relay.views.query import chosen, company_id_of, count, fetch

_AUDIT = table_of(AuditEntry)
_COMPANIES = table_of(Company)
_ROWS = select(
    _AUDIT.c.id,
    _AUDIT.c.company_id,
    _COMPANIES.c.slug.label("company_slug"),
    _AUDIT.c.actor,
    _AUDIT.c.action,
    _AUDIT.c.target,
    _AUDIT.c.reason,
    _AUDIT.c.before,
    _AUDIT.c.after,
    _AUDIT.c.created_at,
).join_from(_AUDIT, _COMPANIES, _COMPANIES.c.id == _AUDIT.c.company_id, isouter=True)


@handles(ListAudit)
async def list_audit(backend: Backend, request: ListAudit) -> Page[AuditView]:
    conditions: list[ColumnElement[bool]] = []
    async with backend.db.read() as session:
        if request.company is not None:
            conditions.append(_AUDIT.c.company_id == await company_id_of(session, request.company))
        if request.action is not None:
            conditions.append(_AUDIT.c.action == chosen(Action, request.action, what="action").value)
        if request.actor is not None:
            conditions.append(_AUDIT.c.actor == request.actor)
        found = _ROWS.where(*conditions)
        rows = await fetch(session, found.order_by(_AUDIT.c.id.desc()).limit(request.limit))
        total = await count(session, found)
    return Page(rows=tuple(AuditView(**row) for row in rows), total=total)
