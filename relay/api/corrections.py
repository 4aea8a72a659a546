"""What people book by hand: adjustments, withdrawals, calls that are not to be paid."""

from __future__ import annotations

from typing import Annotated

import msgspec

from relay.api.calls import CallView
from relay.api.companies import BalanceView, CompanyRef, PositiveCents
from relay.api.operation import Operation

SignedCents = Annotated[int, msgspec.Meta(ge=-10_000_000, le=10_000_000)]
Actor = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Why = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class AdjustBalance(Operation[BalanceView], frozen=True, kw_only=True):
    """Book a correction of money or bonus, up or down, with actor and reason. A debit makes no debt."""

    name = "balances.adjust"
    company: CompanyRef
    money_cents: SignedCents = 0
    bonus_cents: SignedCents = 0
    actor: Actor = "developer"
    reason: Why


class WithdrawBalance(Operation[BalanceView], frozen=True, kw_only=True):
    """Pay money out: at most what is neither bonus nor held for running calls."""

    name = "balances.withdraw"
    company: CompanyRef
    amount_cents: PositiveCents
    actor: Actor = "developer"
    reason: Why


class MarkNonBillable(Operation[CallView], frozen=True, kw_only=True):
    """Say that a call is not to be paid; what was taken for it is given back."""

    name = "calls.mark_non_billable"
    call: int
    reason: str = "technical_issue"
    """technical_issue, quality_issue, wrong_number, customer_complaint, test_call, demo_call or other"""
    notes: Annotated[str, msgspec.Meta(max_length=500)] | None = None
    actor: Actor = "developer"
