"""Notices: what companies were told, and on which channel."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from relay.api.operation import Operation, Page, Role, View


class NoticeView(View, frozen=True, kw_only=True):
    id: int
    company_id: int
    company_slug: str
    kind: str
    """low_balance, spending_limit, auto_topup_succeeded, auto_topup_failed, auto_topup_disabled, payment_failed"""
    level: str | None
    """Of a low balance its level, of a spending limit its period and step."""
    channel: str
    """in_app or mail"""
    recipient: str | None
    language: str
    status: str
    """queued or sent"""
    cause: str
    subject: str | None
    """Null until it is sent."""
    body: str | None
    created_at: datetime
    sent_at: datetime | None


class ListNotices(Operation[Page[NoticeView]], frozen=True, kw_only=True):
    """List the notices to companies, newest first."""

    name = "notices.list"
    role = Role.SUPPORT
    company: str | None = None
    kind: str | None = None
    channel: str | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=500)] = 50
