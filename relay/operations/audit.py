"""The audit trail."""

from __future__ import annotations

from sqlalchemy import ColumnElement

from billing.audit import Action
from relay.api import AuditView, ListAudit, Page
from relay.backend import Backend
from relay.operations.registry import handles
from relay.views.audit import AUDIT, AUDIT_ROWS, entries
from relay.views.query import chosen, company_id_of, count


@handles(ListAudit)
async def list_audit(backend: Backend, request: ListAudit) -> Page[AuditView]:
    conditions: list[ColumnElement[bool]] = []
    async with backend.db.read() as session:
        if request.company is not None:
            conditions.append(AUDIT.c.company_id == await company_id_of(session, request.company))
        if request.action is not None:
            conditions.append(AUDIT.c.action == chosen(Action, request.action, what="action").value)
        if request.actor is not None:
            conditions.append(AUDIT.c.actor == request.actor)
        rows = await entries(session, *conditions, limit=request.limit)
        total = await count(session, AUDIT_ROWS.where(*conditions))
    return Page(rows=tuple(rows), total=total)
