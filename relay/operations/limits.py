"""Spending limits: show and change them."""

from __future__ import annotations

from sqlmodel import Session

from billing.companies import find_company
from billing.spending import LimitsChange, limits_of, spending_of
from relay.api import LimitsView, PeriodView, SetLimits, ShowLimits
from relay.backend import Backend
from relay.operations.companies import company_id
from relay.operations.registry import handles
from relay.views.query import read_sync


@handles(ShowLimits)
async def show_limits(backend: Backend, request: ShowLimits) -> LimitsView:
    return await _limits_view(backend, await company_id(backend, request.company))


@handles(SetLimits)
async def set_limits(backend: Backend, request: SetLimits) -> LimitsView:
    id_ = await company_id(backend, request.company)
    change = LimitsChange(
        daily_cents=request.daily_limit_cents,
        weekly_cents=request.weekly_limit_cents,
        monthly_cents=request.monthly_limit_cents,
        alert_steps=request.alert_steps,
        send_alerts=request.send_alerts,
        hard_limit=request.hard_limit,
    )
    await backend.prepaid.set_limits(id_, change, actor=request.actor)
    return await _limits_view(backend, id_)


async def _limits_view(backend: Backend, id_: int) -> LimitsView:
    now = backend.clock.now()

    def look(reader: Session) -> LimitsView:
        company, limits = find_company(reader, id_), limits_of(reader, id_, now=now)
        spending = spending_of(reader, id_, timezone=company.timezone, limits=limits, now=now)
        return LimitsView(
            company_id=id_,
            company_slug=company.slug,
            timezone=company.timezone,
            hard_limit=limits.hard_limit,
            send_alerts=limits.send_alerts,
            alert_steps=tuple(limits.alert_thresholds),
            last_alert_at=limits.last_alert_sent_at,
            periods=tuple(
                PeriodView(
                    period=each.period,
                    starts_at=each.starts_at,
                    ends_at=each.ends_at,
                    spent_cents=each.spent_cents,
                    limit_cents=each.limit_cents,
                    remaining_cents=each.remaining_cents,
                    percent=each.percent,
                )
                for each in spending
            ),
        )

    async with backend.db.read() as session:
        return await read_sync(session, look)
