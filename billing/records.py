"""What Stripe has on record of payments, as a protocol: only read, to be compared with what is booked here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from billing.gateway import GatewayRefund, Payment


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRecord:
    """A payment with what went back of it: `refunded_cents` in sum, `disputed` whether a bank has ever asked for it."""

    payment: Payment
    created_at: datetime
    refunded_cents: int
    disputed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeRecord:
    """A dispute as Stripe has it; `withdrawn` and `reinstated` say whether its money has moved so."""

    dispute_id: str
    amount_cents: int
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
