"""What a minute costs a company: prices with a validity, and the default for those that have none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from billing.models import BillingRate
from billing.money import price_cents
from billing.policy import Policy


@dataclass(frozen=True, slots=True)
class Rate:
    """A price per minute with its rounding block and its floor."""

    rate_e4_per_minute: int
    increment_s: int
    minimum_cents: int

    def price_cents(self, duration_s: int) -> int:
        """Price of a call of `duration_s` > 0 seconds."""
        return price_cents(
            duration_s=duration_s,
            rate_e4_per_minute=self.rate_e4_per_minute,
            increment_s=self.increment_s,
            minimum_cents=self.minimum_cents,
        )


def default_rate(policy: Policy) -> Rate:
    """For a company without a valid rate of its own."""
    return Rate(policy.default_rate_e4_per_minute, policy.default_increment_s, policy.default_minimum_cents)


def set_rate(session: Session, *, company_id: int, rate: Rate, valid_from: datetime | None, now: datetime) -> None:
    """Give a company a new price. Earlier rates stay as history; charged calls keep the price they had."""
    session.add(
        BillingRate(
            company_id=company_id,
            rate_e4_per_minute=rate.rate_e4_per_minute,
            increment_s=rate.increment_s,
            minimum_cents=rate.minimum_cents,
            valid_from=valid_from,
            created_at=now,
            updated_at=now,
        )
    )
    session.flush()
