"""Prepaid billing for whoever drives it: companies, calls, adjustments. Each method is one write transaction."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session

from billing import adjustments, calls, charging, companies, reservations, spending
from billing.clock import Clock, IdSource
from billing.db import Database
from billing.errors import InvalidAmount
from billing.guard import TestModeGuard
from billing.ledger import Posting
from billing.models import Call, CallCharge, Company, PrepaidBalance, SpendingLimit
from billing.policy import Policy
from billing.spending import LimitsChange

CALL_MAX_S = 86_400
"""A simulated call lasts a day at most."""


class PrepaidBillingService:
    """Companies use what they paid before. Whatever moves money first asks the guard and may raise `TestModeOff`."""

    def __init__(self, *, db: Database, clock: Clock, ids: IdSource, policy: Policy, guard: TestModeGuard) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._policy = policy
        self._guard = guard

    async def create_company(
        self,
        *,
        name: str,
        slug: str | None = None,
        email: str | None = None,
        opening_balance_cents: int = 0,
        prepaid_billing_enabled: bool = True,
        low_balance_threshold_cents: int | None = None,
        actor: str = "developer",
    ) -> Company:
        """Add a company; its opening balance is booked as an adjustment. Raises `InvalidSlug`, `SlugTaken`."""
        if opening_balance_cents < 0:
            raise InvalidAmount("an opening balance cannot be negative")
        if opening_balance_cents:
            self._guard.check()
        threshold_cents = low_balance_threshold_cents
        if threshold_cents is None:
            threshold_cents = self._policy.default_low_balance_threshold_cents
        now = self._clock.now()

        def create(session: Session) -> Company:
            company = companies.create_company(
                session,
                name=name,
                slug=slug,
                email=email,
                prepaid_billing_enabled=prepaid_billing_enabled,
                low_balance_threshold_cents=threshold_cents,
                now=now,
            )
            if opening_balance_cents:
                companies.book_opening_balance(
                    session, company, money_cents=opening_balance_cents, bonus_cents=0, actor=actor, now=now
                )
            return company

        return await self._db.write(create)

    async def start_call(
        self, company_id: int, *, from_number: str | None = None, to_number: str | None = None
    ) -> Call:
        """Start a call and hold money for its first minutes.

        Raises `InsufficientCredit`, `SpendingLimitReached`, `UnknownCompany`.
        """
        self._guard.check()
        return await self._db.write(
            calls.start_call,
            company_id=company_id,
            provider_call_id=self._ids.new("call_"),
            from_number=from_number,
            to_number=to_number,
            policy=self._policy,
            now=self._clock.now(),
        )

    async def end_call(self, call_id: int, *, duration_s: int | None = None) -> CallCharge | None:
        """End a call in progress and charge it for `duration_s`, or for the time since its start.

        Ending it again changes nothing. None: the call costs nothing. Raises `UnknownCall`, `InvalidAmount`.
        """
        self._guard.check()
        if duration_s is not None:
            _check_duration(duration_s)
        return await self._db.write(
            calls.end_call, call_id=call_id, duration_s=duration_s, policy=self._policy, now=self._clock.now()
        )

    async def simulate_call(
        self, company_id: int, *, duration_s: int, from_number: str | None = None, to_number: str | None = None
    ) -> Call:
        """Write a call that has just ended, and charge it. Raises `UnknownCompany`, `InvalidAmount`."""
        self._guard.check()
        _check_duration(duration_s)
        return await self._db.write(
            calls.simulate_call,
            company_id=company_id,
            provider_call_id=self._ids.new("call_"),
            duration_s=duration_s,
            from_number=from_number,
            to_number=to_number,
            policy=self._policy,
            now=self._clock.now(),
        )

    async def drain(self, company_id: int, *, to_cents: int | None, actor: str, reason: str) -> PrepaidBalance:
        """Lower the effective total to `to_cents`, or to just below the low-balance threshold."""
        self._guard.check()
        return await self._db.write(
            adjustments.drain,
            adjustment_id=self._ids.new("adj_"),
            company_id=company_id,
            to_cents=to_cents,
            actor=actor,
            reason=reason,
            policy=self._policy,
            now=self._clock.now(),
        )

    async def adjust(
        self, company_id: int, *, money_cents: int = 0, bonus_cents: int = 0, actor: str, reason: str
    ) -> Posting:
        """Book a correction by a person. Raises `InvalidAmount`, `InvalidReason`, `InsufficientCredit`."""
        self._guard.check()
        return await self._db.write(
            adjustments.adjust,
            adjustment_id=self._ids.new("adj_"),
            company_id=company_id,
            money_cents=money_cents,
            bonus_cents=bonus_cents,
            actor=actor,
            reason=reason,
            policy=self._policy,
            now=self._clock.now(),
        )

    async def withdraw(self, company_id: int, *, amount_cents: int, actor: str, reason: str) -> Posting:
        """Pay money out, never bonus. Raises `InvalidAmount`, `InvalidReason`, `InsufficientCredit`."""
        self._guard.check()
        return await self._db.write(
            adjustments.withdraw,
            withdrawal_id=self._ids.new("wd_"),
            company_id=company_id,
            amount_cents=amount_cents,
            actor=actor,
            reason=reason,
            policy=self._policy,
            now=self._clock.now(),
        )

    async def set_limits(self, company_id: int, change: LimitsChange, *, actor: str) -> SpendingLimit:
        """Change what a company allows itself to spend. Raises `InvalidLimits`, `UnknownCompany`."""
        return await self._db.write(
            spending.set_limits, company_id=company_id, change=change, actor=actor, now=self._clock.now()
        )

    async def retry_unpaid(self, company_id: int) -> Sequence[CallCharge]:
        """Pay the unpaid calls that the balance covers now, oldest first; returns those paid."""
        self._guard.check()
        return await self._db.write(
            charging.retry_unpaid, company_id=company_id, policy=self._policy, now=self._clock.now()
        )

    async def sweep_reservations(self) -> int:
        """Release what calls hold that never ended; returns how many."""
        return await self._db.write(reservations.sweep, now=self._clock.now())


def _check_duration(duration_s: int) -> None:
    if not 0 <= duration_s <= CALL_MAX_S:
        raise InvalidAmount(f"a call cannot last {duration_s} seconds", remedy=f"Give 0 to {CALL_MAX_S} seconds.")
