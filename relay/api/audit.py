"""The audit trail: who changed what, and why."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec

from relay.api.operation import Operation, Page, Role, View


class AuditView(View, frozen=True, kw_only=True):
    id: int
    company_id: int | None
    company_slug: str | None
    actor: str
    action: str
    target: str
    """What was acted on: company_3, call_17, topup_4."""
    reason: str | None
    before: dict[str, Any]
    after: dict[str, Any]
    created_at: datetime


class ListAudit(Operation[Page[AuditView]], frozen=True, kw_only=True):
    """List who adjusted, withdrew, refunded or changed settings, newest first."""

    name = "audit.list"
    role = Role.SUPPORT
    company: str | None = None
    action: str | None = None
    actor: str | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=500)] = 50
