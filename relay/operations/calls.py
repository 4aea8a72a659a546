"""Calls: simulate, start, end, refund."""

from __future__ import annotations

from billing.errors import UnknownCall
from billing.models import ChargeStatus
from relay.api import CallView, EndCall, ListCalls, Page, RefundCall, ShowCall, SimulateCall, StartCall
from relay.backend import Backend
from relay.operations.companies import company_id
from relay.operations.registry import handles
from relay.unknown import UnknownChoice
from relay.views import calls
from relay.views.query import company_id_of, count

CHARGE_STATUSES = ("none", "not_billable", *ChargeStatus)


async def call_view(backend: Backend, id_: int) -> CallView:
    """Raises `UnknownCall`."""
    async with backend.db.read() as session:
        found = await calls.calls(session, calls.CALLS.c.id == id_, now=backend.clock.now(), policy=backend.policy)
    if not found:
        raise UnknownCall(id_)
    return found[0]


@handles(SimulateCall)
async def simulate_call(backend: Backend, request: SimulateCall) -> CallView:
    call = await backend.prepaid.simulate_call(
        await company_id(backend, request.company),
        duration_s=request.duration_s,
        from_number=request.from_number,
        to_number=request.to_number,
    )
    backend.worker.wake()
    assert call.id is not None
    return await call_view(backend, call.id)


@handles(StartCall)
async def start_call(backend: Backend, request: StartCall) -> CallView:
    call = await backend.prepaid.start_call(
        await company_id(backend, request.company), from_number=request.from_number, to_number=request.to_number
    )
    assert call.id is not None
    return await call_view(backend, call.id)


@handles(EndCall)
async def end_call(backend: Backend, request: EndCall) -> CallView:
    await backend.prepaid.end_call(request.call, duration_s=request.duration_s)
    backend.worker.wake()
    return await call_view(backend, request.call)


@handles(ShowCall)
async def show_call(backend: Backend, request: ShowCall) -> CallView:
    return await call_view(backend, request.call)


@handles(ListCalls)
async def list_calls(backend: Backend, request: ListCalls) -> Page[CallView]:
    now, policy = backend.clock.now(), backend.policy
    conditions = []
    async with backend.db.read() as session:
        if request.company is not None:
            conditions.append(calls.CALLS.c.company_id == await company_id_of(session, request.company))
        if request.charge_status is not None:
            if request.charge_status not in CHARGE_STATUSES:
                raise UnknownChoice(
                    f"there is no charge status {request.charge_status!r}",
                    remedy=f"Choose one of: {', '.join(CHARGE_STATUSES)}.",
                )
            conditions.append(calls.CHARGE_STATUS.is_(request.charge_status))
        rows = await calls.calls(session, *conditions, now=now, policy=policy, limit=request.limit)
        total = await count(session, calls.call_rows(now, policy).where(*conditions))
    return Page(rows=tuple(rows), total=total)


@handles(RefundCall)
async def refund_call(backend: Backend, request: RefundCall) -> CallView:
    await backend.call_refunds.refund(
        request.call,
        amount_cents=request.amount_cents,
        reason=request.reason,
        notes=request.notes,
        actor=request.actor,
        request_key=request.request_key,
    )
    backend.worker.wake()
    return await call_view(backend, request.call)
