"""Automatic top-ups: settings, a check on demand, and the decisions taken."""

from __future__ import annotations

from relay.api import (
    AutoTopupCheck,
    AutoTopupView,
    CheckAutoTopup,
    DecisionView,
    ListDecisions,
    Page,
    SetAutoTopup,
    ShowAutoTopup,
)
from relay.backend import Backend
from relay.operations.companies import company_id, company_view
from relay.operations.payments import payment_method
from relay.operations.registry import handles
from relay.views import companies
from relay.views.query import company_id_of, count


async def settings_view(backend: Backend, id_: int) -> AutoTopupView:
    return (await company_view(backend, id_)).auto_topup


@handles(ShowAutoTopup)
async def show_auto_topup(backend: Backend, request: ShowAutoTopup) -> AutoTopupView:
    return await settings_view(backend, await company_id(backend, request.company))


@handles(SetAutoTopup)
async def set_auto_topup(backend: Backend, request: SetAutoTopup) -> AutoTopupView:
    id_ = await company_id(backend, request.company)
    await backend.auto_topups.configure(
        id_,
        enabled=request.enabled,
        threshold_cents=request.threshold_cents,
        amount_cents=request.amount_cents,
        daily_limit=request.daily_limit,
        monthly_limit_cents=request.monthly_limit_cents,
        payment_method=payment_method(backend, request.card),
    )
    return await settings_view(backend, id_)


@handles(CheckAutoTopup)
async def check_auto_topup(backend: Backend, request: CheckAutoTopup) -> AutoTopupCheck:
    id_ = await company_id(backend, request.company)
    decision = await backend.auto_topups.check(id_, triggered_by="manual", call_id=None)
    backend.worker.wake()
    async with backend.db.read() as session:
        rows = await companies.decisions(session, companies.DECISIONS.c.id == decision.id)
    return AutoTopupCheck(decision=rows[0], settings=await settings_view(backend, id_))


@handles(ListDecisions)
async def list_decisions(backend: Backend, request: ListDecisions) -> Page[DecisionView]:
    conditions = []
    async with backend.db.read() as session:
        if request.company is not None:
            conditions.append(companies.DECISIONS.c.company_id == await company_id_of(session, request.company))
        rows = await companies.decisions(session, *conditions, limit=request.limit)
        total = await count(session, companies.DECISION_ROWS.where(*conditions))
    return Page(rows=tuple(rows), total=total)
