"""Spending limits: what a company allows itself per day, week and month, and how much of it is used."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from relay.api.companies import CompanyRef
from relay.api.operation import Operation, Role, View

LimitCents = Annotated[int, msgspec.Meta(ge=0, le=10_000_000)]
"""0 takes the limit away."""


class PeriodView(View, frozen=True, kw_only=True):
    period: str
    """daily, weekly (from Monday) or monthly, by the company's own calendar"""
    starts_at: datetime
    ends_at: datetime
    spent_cents: int
    """All that calls cost, bonus included."""
    limit_cents: int | None
    remaining_cents: int | None
    """Negative when more was spent than allowed."""
    percent: int | None


class LimitsView(View, frozen=True, kw_only=True):
    company_id: int
    company_slug: str
    timezone: str
    hard_limit: bool
    """True: no call is admitted that the limits do not cover. False: they only warn."""
    send_alerts: bool
    alert_steps: tuple[int, ...]
    """Percentages that are announced, each once per period."""
    last_alert_at: datetime | None
    periods: tuple[PeriodView, ...]


class ShowLimits(Operation[LimitsView], frozen=True, kw_only=True):
    """Show the spending limits of one company and what is used of them."""

    name = "limits.show"
    role = Role.SUPPORT
    company: CompanyRef


class SetLimits(Operation[LimitsView], frozen=True, kw_only=True):
    """Change the spending limits of one company; what is left out stays, 0 takes a limit away."""

    name = "limits.set"
    company: CompanyRef
    daily_limit_cents: LimitCents | None = None
    weekly_limit_cents: LimitCents | None = None
    monthly_limit_cents: LimitCents | None = None
    alert_steps: tuple[int, ...] | None = None
    send_alerts: bool | None = None
    hard_limit: bool | None = None
    actor: str = "developer"
