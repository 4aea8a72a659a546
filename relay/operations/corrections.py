"""Adjustments, withdrawals, and calls that are not to be paid."""

from __future__ import annotations

from relay.api import AdjustBalance, BalanceView, CallView, MarkNonBillable, WithdrawBalance
from relay.backend import Backend
from relay.operations.calls import call_view
from relay.operations.companies import balance_view, company_id
from relay.operations.registry import handles


@handles(AdjustBalance)
async def adjust_balance(backend: Backend, request: AdjustBalance) -> BalanceView:
    id_ = await company_id(backend, request.company)
    await backend.prepaid.adjust(
        id_,
        money_cents=request.money_cents,
        bonus_cents=request.bonus_cents,
        actor=request.actor,
        reason=request.reason,
    )
    return await balance_view(backend, id_)


@handles(WithdrawBalance)
async def withdraw_balance(backend: Backend, request: WithdrawBalance) -> BalanceView:
    id_ = await company_id(backend, request.company)
    await backend.prepaid.withdraw(id_, amount_cents=request.amount_cents, actor=request.actor, reason=request.reason)
    return await balance_view(backend, id_)


@handles(MarkNonBillable)
async def mark_non_billable(backend: Backend, request: MarkNonBillable) -> CallView:
    await backend.call_refunds.mark_non_billable(
        request.call, reason=request.reason, notes=request.notes, actor=request.actor
    )
    return await call_view(backend, request.call)
