"""Every default and limit of billing in one place, so that settings can change it and no rule hides a number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Amounts in cents, rates in ten-thousandths of a euro a minute. Ranges are inclusive."""

    prepaid_billing_enabled: bool = True
    """False: no call of any company is charged or blocked."""
    auto_topup_enabled: bool = True
    """False: no company's balance is topped up automatically, whatever its settings say."""

    topup_min_cents: int = 1_000
    topup_max_cents: int = 1_000_000
    checkout_expiry: timedelta = timedelta(minutes=30)
    """The shortest that Stripe allows."""

    vat_basis_points: int = 1_900
    """Hundredths of a percent. It is contained in what was paid."""
    invoice_timezone: str = "Europe/Berlin"
    """Of whoever writes the invoices: their dates, and the year that they are numbered in."""

    default_rate_e4_per_minute: int = 4_200
    default_increment_s: int = 1
    default_minimum_cents: int = 0
    default_low_balance_threshold_cents: int = 2_000
    warning_gap: timedelta = timedelta(hours=24)
    """At most one low-balance notice per level in this time."""

    reservation_minutes: int = 5
    """A call in progress holds the price of so many minutes."""
    reservation_lifetime: timedelta = timedelta(hours=4)
    """A call that never ended gives back what it held after this time."""

    call_refund_window: timedelta = timedelta(days=180)

    default_auto_topup_threshold_cents: int = 1_000
    default_auto_topup_amount_cents: int = 5_000
    auto_topup_threshold_min_cents: int = 1_000
    auto_topup_threshold_max_cents: int = 50_000
    auto_topup_amount_min_cents: int = 5_000
    auto_topup_amount_max_cents: int = 500_000
    auto_topup_daily_limit: int = 2
    auto_topup_daily_limit_max: int = 5
    auto_topup_monthly_limit_cents: int = 500_000
    auto_topup_cooldown: timedelta = timedelta(minutes=60)
    """After a success."""
    auto_topup_backoff: tuple[timedelta, ...] = (timedelta(minutes=15), timedelta(minutes=60))
    """After the first and the second failure in a row."""
    auto_topup_failures_max: int = 3
    """So many failures in a row switch it off."""
