"""Companies, their balances and their automatic top-ups."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from relay.api.operation import Operation, Page, Role, View

PositiveCents = Annotated[int, msgspec.Meta(gt=0, le=10_000_000)]
CompanyRef = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
"""A company's id or slug, as text."""
RequestKey = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
"""The caller's own name for a request: made again with the same one, it is the same one, and moves no more money."""


class BalanceView(View, frozen=True, kw_only=True):
    company_id: int
    company_slug: str
    company_name: str
    balance_cents: int
    bonus_cents: int
    reserved_cents: int
    effective_total_cents: int
    """balance + bonus - reserved: what calls may still use."""
    low_balance_threshold_cents: int
    level: str
    """good, low, critical, blocked or exhausted"""
    remaining_s: int | None
    """Seconds of calling that the effective total pays for; null when the rate is zero."""
    auto_topup_armed: bool
    prepaid_billing_enabled: bool
    updated_at: datetime


class AutoTopupView(View, frozen=True, kw_only=True):
    company_id: int
    company_slug: str
    enabled: bool
    threshold_cents: int | None
    amount_cents: int | None
    payment_method: str | None
    payment_method_label: str | None
    daily_limit: int
    daily_count: int
    monthly_limit_cents: int
    month_used_cents: int
    failure_count: int
    disabled_reason: str | None
    last_success_at: datetime | None
    next_allowed_at: datetime | None
    """Null = now; otherwise the end of the cooldown or back-off."""


class DecisionView(View, frozen=True, kw_only=True):
    id: int
    company_id: int
    company_slug: str
    decided_at: datetime
    allowed: bool
    reason: str
    explanation: str
    triggered_by: str
    call_id: int | None
    topup_id: int | None
    effective_total_cents: int
    threshold_cents: int | None
    amount_cents: int | None


class CompanyView(View, frozen=True, kw_only=True):
    id: int
    slug: str
    name: str
    email: str | None
    is_active: bool
    prepaid_billing_enabled: bool
    stripe_customer_id: str | None
    rate_e4_per_minute: int
    balance: BalanceView
    auto_topup: AutoTopupView
    created_at: datetime


class ListCompanies(Operation[Page[CompanyView]], frozen=True, kw_only=True):
    """List the companies with balance, rate and automatic top-up."""

    name = "companies.list"
    role = Role.SUPPORT


class ShowCompany(Operation[CompanyView], frozen=True, kw_only=True):
    """Show one company."""

    name = "companies.show"
    role = Role.SUPPORT
    company: CompanyRef


class CreateCompany(Operation[CompanyView], frozen=True, kw_only=True):
    """Create a company, by default with prepaid billing on and an empty balance."""

    name = "companies.create"
    company_name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    slug: str | None = None
    email: str | None = None
    opening_balance_cents: Annotated[int, msgspec.Meta(ge=0, le=10_000_000)] = 0
    prepaid_billing_enabled: bool = True


class ListBalances(Operation[Page[BalanceView]], frozen=True, kw_only=True):
    """List all balances with their levels."""

    name = "balances.list"
    role = Role.SUPPORT


class ShowBalance(Operation[BalanceView], frozen=True, kw_only=True):
    """Show the balance of one company."""

    name = "balances.show"
    role = Role.SUPPORT
    company: CompanyRef


class DrainBalance(Operation[BalanceView], frozen=True, kw_only=True):
    """Book an adjustment that lowers the effective total, by default to just below the low-balance threshold."""

    name = "balances.drain"
    company: CompanyRef
    to_cents: Annotated[int, msgspec.Meta(ge=0, le=10_000_000)] | None = None
    actor: str = "developer"
    reason: str = "drained to try a low balance"


class ShowAutoTopup(Operation[AutoTopupView], frozen=True, kw_only=True):
    """Show the automatic top-up settings of one company."""

    name = "auto_topup.show"
    role = Role.SUPPORT
    company: CompanyRef


class SetAutoTopup(Operation[AutoTopupView], frozen=True, kw_only=True):
    """Change the automatic top-up settings; what is left out stays. `card` is a test card's name or a `pm_…`."""

    name = "auto_topup.set"
    company: CompanyRef
    enabled: bool | None = None
    threshold_cents: PositiveCents | None = None
    amount_cents: PositiveCents | None = None
    daily_limit: Annotated[int, msgspec.Meta(ge=1, le=5)] | None = None
    monthly_limit_cents: PositiveCents | None = None
    card: str | None = None


class AutoTopupCheck(View, frozen=True, kw_only=True):
    decision: DecisionView
    settings: AutoTopupView


class CheckAutoTopup(Operation[AutoTopupCheck], frozen=True, kw_only=True):
    """Ask now whether an automatic top-up is due, and carry it out if it is."""

    name = "auto_topup.check"
    company: CompanyRef


class ListDecisions(Operation[Page[DecisionView]], frozen=True, kw_only=True):
    """List the last automatic top-up decisions, also the skipped ones."""

    name = "auto_topup.decisions"
    role = Role.SUPPORT
    company: str | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=500)] = 50
