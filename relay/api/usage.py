"""Usage figures: what a company's calls were and cost."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import msgspec

from relay.api.companies import CompanyRef
from relay.api.operation import Operation, Role, View


class UsageDayView(View, frozen=True, kw_only=True):
    day: date
    """By the company's own calendar; a call counts on the day on which it began."""
    calls: int
    talked_s: int
    cost_cents: int
    """What was charged for them, bonus included."""
    refunded_cents: int


class NumberUsageView(View, frozen=True, kw_only=True):
    number: str
    calls: int
    talked_s: int
    cost_cents: int


class UsageView(View, frozen=True, kw_only=True):
    company_id: int
    company_slug: str
    timezone: str
    since: datetime
    calls: int
    talked_s: int
    cost_cents: int
    refunded_cents: int
    average_s: int | None
    """Of a call; null without any call, like the average cost."""
    average_cents: int | None
    by_day: tuple[UsageDayView, ...]
    """Every day, oldest first."""
    top_numbers: tuple[NumberUsageView, ...]
    """Called numbers that cost most."""


class ShowUsage(Operation[UsageView], frozen=True, kw_only=True):
    """Show what the calls of one company were and cost, in all and by day."""

    name = "companies.usage"
    role = Role.SUPPORT
    company: CompanyRef
    days: Annotated[int, msgspec.Meta(ge=1, le=366)] = 30
