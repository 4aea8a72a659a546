"""What can become of a top-up's payment, and what settling it did: shared by webhook handlers and direct answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from billing.topup_rows import PaymentIds, TopupRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """Stripe has received the money: `received_cents` of `currency`."""

    received_cents: int
    currency: str
    ids: PaymentIds = field(default_factory=PaymentIds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Declined:
    """The bank said no. `at` is Stripe's time: of several declines the latest is shown, in whatever order they come."""

    at: datetime
    failure_code: str | None
    decline_code: str | None
    message: str | None
    ids: PaymentIds = field(default_factory=PaymentIds)


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedsAction:
    """The customer must authenticate, at `next_action_url` when the bank has a page for it."""

    next_action_url: str | None = None
    ids: PaymentIds = field(default_factory=PaymentIds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Processing:
    """Under way: a page is open, or a bank debit was handed in."""

    ids: PaymentIds = field(default_factory=PaymentIds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """Given up or expired; `why` completes "cancelled: …"."""

    why: str
    ids: PaymentIds = field(default_factory=PaymentIds)


PaymentOutcome = Paid | Declined | NeedsAction | Processing | Cancelled


@dataclass(frozen=True, slots=True)
class Settlement:
    """What `settle` did. `changed` is false when the top-up had been there before, or the move is not legal."""

    topup: TopupRow
    changed: bool
    reason: str
