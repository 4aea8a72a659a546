"""`PaymentRecords` over Stripe's API: payments page by page, and what went back of one of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Final, Protocol, TypeVar

from billing.gateway import GatewayRefund
from billing.handlers.objects import Dispute
from billing.records import DisputeRecord, PaymentRecord
from billing.stripe_answers import DisputeList, Intent, IntentList, RefundList, dispute_of, record_of, refund_of
from billing.stripe_connection import StripeConnection

PAGE: Final = 100
"""Stripe gives no larger ones; of one payment there are never so many refunds or disputes."""
IMPATIENT: Final = {"max_network_retries": 1}
"""A Stripe that is out of reach is soon said to be so."""


class _Named(Protocol):
    @property
    def id(self) -> str: ...


R = TypeVar("R", bound=_Named)


class _List(Protocol[R]):
    """A page of Stripe's."""

    @property
    def data(self) -> list[R]: ...

    @property
    def has_more(self) -> bool: ...


class StripeRecords:
    """Reads only, so nothing here carries an idempotency key."""

    def __init__(self, connection: StripeConnection) -> None:
        self._connection = connection

    async def payments_since(self, since: datetime, *, limit: int) -> tuple[Sequence[PaymentRecord], bool]:
        expanded = {"expand": ["data.latest_charge"]}
        found, is_all = await self._pages(
            lambda params: self._connection.ask(
                lambda v1: v1.payment_intents.list_async({**expanded, **params}, IMPATIENT), IntentList
            ),
            since,
            limit,
        )
        return list(map(record_of, found)), is_all

    async def payment(self, intent_id: str) -> PaymentRecord:
        params = {"expand": ["latest_charge"]}
        return record_of(
            await self._connection.ask(lambda v1: v1.payment_intents.retrieve_async(intent_id, params), Intent)
        )

    async def refunds_of(self, intent_id: str) -> Sequence[GatewayRefund]:
        params = {"payment_intent": intent_id, "limit": PAGE}
        found = await self._connection.ask(lambda v1: v1.refunds.list_async(params), RefundList)
        return [refund_of(refund) for refund in found.data]

    async def disputes_of(self, intent_id: str) -> Sequence[DisputeRecord]:
        params = {"payment_intent": intent_id, "limit": PAGE}
        found = await self._connection.ask(lambda v1: v1.disputes.list_async(params), DisputeList)
        return [dispute_of(dispute) for dispute in found.data]

    async def disputes_since(self, since: datetime, *, limit: int) -> tuple[Sequence[DisputeRecord], bool]:
        found, is_all = await self._pages(
            lambda params: self._connection.ask(lambda v1: v1.disputes.list_async(params, IMPATIENT), DisputeList),
            since,
            limit,
        )
        return list(map(dispute_of, found)), is_all

    async def dispute(self, dispute_id: str) -> DisputeRecord:
        return dispute_of(await self._connection.ask(lambda v1: v1.disputes.retrieve_async(dispute_id), Dispute))

    async def _pages(
        self, ask: Callable[[dict[str, Any]], Awaitable[_List[R]]], since: datetime, limit: int
    ) -> tuple[list[R], bool]:
        """What was made since then, newest first, at most `limit`; False: older ones are missing."""
        found: list[R] = []
        more: dict[str, str] = {}
        while True:
            created = {"gte": int(since.timestamp())}
            page = await ask({"created": created, "limit": min(PAGE, limit - len(found)), **more})
            found += page.data
            if not page.has_more or not page.data:
                return found, True
            if len(found) >= limit:
                return found, False
            more = {"starting_after": page.data[-1].id}
