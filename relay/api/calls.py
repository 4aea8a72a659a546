"""Calls: simulate them, end them, give money back for them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from relay.api.companies import CompanyRef, PositiveCents, RequestKey
from relay.api.operation import Operation, Page, Role, View

Seconds = Annotated[int, msgspec.Meta(ge=0, le=86_400)]


class CallView(View, frozen=True, kw_only=True):
    id: int
    call_id: str
    company_id: int
    company_slug: str
    from_number: str | None
    to_number: str | None
    status: str
    """in_progress, completed"""
    charge_status: str
    """none (running, unanswered or prepaid off), charged, unpaid, not_billable"""
    duration_s: int | None
    started_at: datetime
    ended_at: datetime | None
    rate_e4_per_minute: int
    """Of the charge; while the call runs, the company's current rate."""
    amount_cents: int | None
    paid_by_bonus_cents: int
    refunded_cents: int
    refund_status: str
    ledger_id: int | None


class SimulateCall(Operation[CallView], frozen=True, kw_only=True):
    """Simulate a call that has just ended after `duration_s` seconds, and charge it."""

    name = "calls.simulate"
    company: CompanyRef
    duration_s: Seconds
    from_number: str | None = None
    to_number: str | None = None


class StartCall(Operation[CallView], frozen=True, kw_only=True):
    """Start a call; money for five minutes is reserved until it ends. Refused when the balance pays for none."""

    name = "calls.start"
    company: CompanyRef
    from_number: str | None = None
    to_number: str | None = None


class EndCall(Operation[CallView], frozen=True, kw_only=True):
    """End a call in progress and charge it for the time since its start, or for `duration_s`."""

    name = "calls.end"
    call: int
    duration_s: Seconds | None = None


class ShowCall(Operation[CallView], frozen=True, kw_only=True):
    """Show one call."""

    name = "calls.show"
    role = Role.SUPPORT
    call: int


class ListCalls(Operation[Page[CallView]], frozen=True, kw_only=True):
    """List calls, newest first."""

    name = "calls.list"
    role = Role.SUPPORT
    company: str | None = None
    charge_status: str | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=500)] = 50


class RefundCall(Operation[CallView], frozen=True, kw_only=True):
    """Give all or part of a call's price back to the balance."""

    name = "calls.refund"
    call: int
    amount_cents: PositiveCents | None = None
    reason: str = "technical_issue"
    notes: Annotated[str, msgspec.Meta(max_length=500)] | None = None
    actor: str = "developer"
    request_key: RequestKey | None = None
