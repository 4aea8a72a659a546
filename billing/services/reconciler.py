"""Comparing our payments with Stripe's, and booking what was lost on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final, cast

from sqlmodel import Session

from billing.clock import Clock
from billing.db import Database
from billing.errors import GatewayUnavailable, UnknownAtStripe
from billing.guard import TestModeGuard
from billing.policy import Policy
from billing.reconciliation import (
    Difference,
    DifferenceKind,
    OurDispute,
    OurPayment,
    compare,
    compare_disputes,
    dispute_unknown_at_stripe,
    disputes_not_among,
    not_among,
    unknown_at_stripe,
)
from billing.reconciliation_rows import book_money_back, book_payment, our_payments, slugs
from billing.records import DisputeRecord, PaymentRecord, PaymentRecords

PAYMENTS_MAX: Final = 10_000
"""So many payments are compared at most, the newest: a hundred pages of Stripe's."""
SINGLE_MAX: Final = 50
"""So many of our payments that Stripe did not list are asked for one by one."""
CLOCKS_APART: Final = timedelta(minutes=5)
"""Stripe's clock and ours; a payment is begun after its top-up."""
SECOND_LOOK_S: Final = 1.0
"""A difference counts when it is seen twice: an event may be on its way."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """`payments` of Stripe's were compared; `is_complete` is False when there were more than could be looked at."""

    since: datetime
    payments: int
    is_complete: bool
    differences: tuple[Difference, ...]

    @property
    def agrees(self) -> bool:
        """Whether no difference makes our books wrong."""
        return not any(difference.kind.breaks for difference in self.differences)


class Reconciler:
    """Reads at Stripe, outside every transaction. Raises `GatewayUnavailable`, `Refused`, `TestModeOff`."""

    def __init__(
        self,
        *,
        db: Database,
        records: PaymentRecords,
        clock: Clock,
        policy: Policy,
        guard: TestModeGuard,
        second_look_s: float = SECOND_LOOK_S,
    ) -> None:
        self._db = db
        self._records = records
        self._clock = clock
        self._policy = policy
        self._guard = guard
        self._second_look_s = second_look_s

    async def compare(
        self, *, since: datetime, limit: int = PAYMENTS_MAX, within: timedelta | None = None
    ) -> Comparison:
        """Compare the payments since then, the newest `limit` of them. `within`: Stripe must answer in that time."""
        self._guard.check()
        try:
            async with asyncio.timeout(None if within is None else within.total_seconds()):
                first = await self._look(since, limit)
                if not first.differences:
                    return first
                await asyncio.sleep(self._second_look_s)
                second = await self._look(since, limit)
        except TimeoutError as error:
            assert within is not None
            raise GatewayUnavailable(
                f"Stripe did not answer within {within.total_seconds():.0f} s", remedy="Try again later."
            ) from error
        seen = {(difference.kind, difference.intent_id) for difference in first.differences}
        lasting = [found for found in second.differences if (found.kind, found.intent_id) in seen]
        return Comparison(since, second.payments, second.is_complete, tuple(lasting))

    async def mend(self, comparison: Comparison, *, actor: str) -> list[str]:
        """Read what differs from Stripe once more, and book it as its webhook would have; says what was done."""
        self._guard.check()
        return [
            f"{difference.intent_id}: {await self._mend(difference, actor)}"
            for difference in comparison.differences
            if difference.kind.mends
        ]

    async def _mend(self, difference: Difference, actor: str) -> str:
        if difference.kind is DifferenceKind.NOT_CREDITED:
            record = await self._records.payment(difference.intent_id)
            return await self._db.write(
                book_payment, record.payment, actor=actor, policy=self._policy, now=self._clock.now()
            )
        assert difference.topup_id is not None, "money goes back of a top-up"
        refunds = await self._records.refunds_of(difference.intent_id)
        disputes = await self._records.disputes_of(difference.intent_id)
        return await self._db.write(
            book_money_back, difference.topup_id, refunds, disputes, actor=actor, now=self._clock.now()
        )

    async def _look(self, since: datetime, limit: int) -> Comparison:
        theirs, is_complete = await self._records.payments_since(since - CLOCKS_APART, limit=limit)
        disputes, has_all_disputes = await self._records.disputes_since(since - CLOCKS_APART, limit=limit)
        # Ours after theirs: what was credited meanwhile is seen.
        ours, companies = await self._ours(theirs, disputes, since, limit)
        missing = not_among(ours, (record.payment.intent_id for record in theirs))
        alone = [await self._ask_for(mine) for mine in missing[:SINGLE_MAX]]
        found = [record for record in alone if isinstance(record, PaymentRecord)]
        unknown = [difference for difference in alone if isinstance(difference, Difference)]
        disputed, has_all_ours = await self._look_at_disputes(disputes, ours)
        differences = (*compare([*theirs, *found], ours, companies), *unknown, *disputed)
        is_complete = is_complete and len(missing) <= SINGLE_MAX and has_all_disputes and has_all_ours
        return Comparison(since, len(theirs) + len(found), is_complete, differences)

    async def _look_at_disputes(
        self, theirs: Sequence[DisputeRecord], ours: Sequence[OurPayment]
    ) -> tuple[list[Difference], bool]:
        """What differs in them; False: there were more of ours than could be asked for."""
        missing = disputes_not_among(ours, (record.dispute_id for record in theirs))
        alone = [await self._ask_for_dispute(mine, dispute) for mine, dispute in missing[:SINGLE_MAX]]
        found = [record for record in alone if isinstance(record, DisputeRecord)]
        unknown = [difference for difference in alone if isinstance(difference, Difference)]
        return [*compare_disputes([*theirs, *found], ours), *unknown], len(missing) <= SINGLE_MAX

    async def _ask_for_dispute(self, mine: OurPayment, dispute: OurDispute) -> DisputeRecord | Difference:
        try:
            return await self._records.dispute(dispute.dispute_id)
        except UnknownAtStripe:
            return dispute_unknown_at_stripe(mine, dispute)

    async def _ask_for(self, mine: OurPayment) -> PaymentRecord | Difference:
        assert mine.intent_id is not None
        try:
            return await self._records.payment(mine.intent_id)
        except UnknownAtStripe:
            return unknown_at_stripe(mine)

    async def _ours(
        self, theirs: Sequence[PaymentRecord], disputes: Sequence[DisputeRecord], since: datetime, limit: int
    ) -> tuple[Sequence[OurPayment], dict[int, str]]:
        named = (record.payment.metadata.get("topup_id", "") for record in theirs)
        read = partial(
            our_payments,
            intent_ids={record.payment.intent_id for record in theirs}
            | {record.intent_id for record in disputes if record.intent_id is not None},
            topup_ids={int(topup_id) for topup_id in named if topup_id.isascii() and topup_id.isdigit()},
            since=since,
            limit=limit,
        )
        async with self._db.read() as session:
            return await session.run_sync(lambda inner: (read(cast(Session, inner)), slugs(cast(Session, inner))))
