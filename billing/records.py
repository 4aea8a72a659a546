"""What Stripe has on record of payments, as a protocol: only read, to be compared with what is booked here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from billing.gateway import GatewayRefund, Payment


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRecord:
    """A payment with what of it was refunded, in sum."""

    payment: Payment
    created_at: datetime
    refunded_cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeRecord:
    """A dispute as Stripe has it; `withdrawn` and `reinstated` say whether its money has moved so."""

    dispute_id: str
    intent_id: str | None
    amount_cents: int
    currency: str
    status: str
    reason: str | None
    withdrawn: bool
    reinstated: bool


class PaymentRecords(Protocol):
    """Every call may raise `GatewayUnavailable` and `Refused`."""

    async def payments_since(self, since: datetime, *, limit: int) -> tuple[Sequence[PaymentRecord], bool]:
        """The payments begun since then, newest first, at most `limit`; False: older ones are missing."""

    async def payment(self, intent_id: str) -> PaymentRecord:
        """Raises `UnknownAtStripe`."""

    async def refunds_of(self, intent_id: str) -> Sequence[GatewayRefund]: ...

    async def disputes_of(self, intent_id: str) -> Sequence[DisputeRecord]: ...

    async def disputes_since(self, since: datetime, *, limit: int) -> tuple[Sequence[DisputeRecord], bool]:
        """The disputes opened since then, as `payments_since`."""

    async def dispute(self, dispute_id: str) -> DisputeRecord:
        """Raises `UnknownAtStripe`."""
