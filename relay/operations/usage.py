"""Usage figures of companies."""

from __future__ import annotations

from sqlmodel import Session

from billing.companies import find_company
from billing.money import round_half_up
from billing.usage import usage_of
from relay.api import NumberUsageView, ShowUsage, UsageDayView, UsageView
from relay.backend import Backend
from relay.operations.companies import company_id
from relay.operations.registry import handles
from relay.views.query import read_sync


@handles(ShowUsage)
async def show_usage(backend: Backend, request: ShowUsage) -> UsageView:
    id_, now = await company_id(backend, request.company), backend.clock.now()

    def look(reader: Session) -> UsageView:
        company = find_company(reader, id_)
        usage = usage_of(reader, id_, days=request.days, timezone=company.timezone, now=now)
        calls = sum(each.calls for each in usage.by_day)
        talked_s = sum(each.talked_s for each in usage.by_day)
        cost_cents = sum(each.cost_cents for each in usage.by_day)
        return UsageView(
            company_id=id_,
            company_slug=company.slug,
            timezone=company.timezone,
            since=usage.since,
            calls=calls,
            talked_s=talked_s,
            cost_cents=cost_cents,
            refunded_cents=sum(each.refunded_cents for each in usage.by_day),
            average_s=round_half_up(talked_s, calls) if calls else None,
            average_cents=round_half_up(cost_cents, calls) if calls else None,
            by_day=tuple(
                UsageDayView(
                    day=each.day,
                    calls=each.calls,
                    talked_s=each.talked_s,
                    cost_cents=each.cost_cents,
                    refunded_cents=each.refunded_cents,
                )
                for each in usage.by_day
            ),
            top_numbers=tuple(
                NumberUsageView(
                    number=each.number, calls=each.calls, talked_s=each.talked_s, cost_cents=each.cost_cents
                )
                for each in usage.top_numbers
            ),
        )

    async with backend.db.read() as session:
        return await read_sync(session, look)
