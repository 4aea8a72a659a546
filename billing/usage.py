"""Usage figures: what a company's calls were and cost over some days, by its own calendar. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Integer, case, cast, func, select
from sqlmodel import Session, col

from billing.models import Call, CallCharge, CallStatus, ChargeStatus
from billing.periods import Period, period_start

QUARTER_S: Final = 900
"""Every offset of a time zone is a multiple of this: sums by quarters of an hour fold into anybody's days."""
TOP_NUMBERS: Final = 5


@dataclass(frozen=True, slots=True)
class UsageDay:
    """Calls count on the day on which they began."""

    day: date
    calls: int = 0
    talked_s: int = 0
    cost_cents: int = 0
    """What was charged for them, bonus included; what was given back later is not taken off."""
    refunded_cents: int = 0


@dataclass(frozen=True, slots=True)
class NumberUsage:
    """One number that was called."""

    number: str
    calls: int
    talked_s: int
    cost_cents: int


@dataclass(frozen=True, slots=True)
class Usage:
    """Of one company. `by_day` has every day of the span, oldest first, also those without a call."""

    since: datetime
    by_day: tuple[UsageDay, ...]
    top_numbers: tuple[NumberUsage, ...]
    """Those that cost most."""


def usage_of(session: Session, company_id: int, *, days: int, timezone: str, now: datetime) -> Usage:
    """The last `days` days up to now, today being one of them. Calls in progress are not counted yet."""
    zone = ZoneInfo(timezone)
    today = now.astimezone(zone).date()
    first = today - timedelta(days=days - 1)
    since = period_start(Period.DAY, datetime.combine(first, datetime.min.time(), zone), timezone)
    return Usage(
        since, _by_day(session, company_id, since, first, days, zone), _top_numbers(session, company_id, since)
    )


_CHARGED = col(CallCharge.status) == ChargeStatus.CHARGED
_COST = func.coalesce(func.sum(case((_CHARGED, col(CallCharge.amount_cents)), else_=0)), 0)
_REFUNDED = func.coalesce(func.sum(col(CallCharge.refunded_cents)), 0)
_TALKED = func.coalesce(func.sum(col(Call.duration_s)), 0)


def _by_day(
    session: Session, company_id: int, since: datetime, first: date, days: int, zone: ZoneInfo
) -> tuple[UsageDay, ...]:
    quarter = (cast(func.strftime("%s", Call.started_at), Integer) // QUARTER_S).label("quarter")
    found = session.execute(
        select(quarter, func.count(), _TALKED, _COST, _REFUNDED)
        .select_from(Call)
        .outerjoin(CallCharge, col(CallCharge.call_id) == col(Call.id))
        .where(
            col(Call.company_id) == company_id,
            col(Call.started_at) >= since,
            col(Call.status) == CallStatus.COMPLETED,
        )
        .group_by("quarter")
    ).all()
    sums = {first + timedelta(days=offset): (0, 0, 0, 0) for offset in range(days)}
    for quarter_number, *figures in found:
        day = datetime.fromtimestamp(quarter_number * QUARTER_S, UTC).astimezone(zone).date()
        if day in sums:
            calls, talked_s, cost_cents, refunded_cents = (a + b for a, b in zip(sums[day], figures, strict=True))
            sums[day] = calls, talked_s, cost_cents, refunded_cents
    return tuple(UsageDay(day, *figures) for day, figures in sums.items())


def _top_numbers(session: Session, company_id: int, since: datetime) -> tuple[NumberUsage, ...]:
    found = session.execute(
        select(col(Call.to_number), func.count(), _TALKED, _COST)
        .select_from(Call)
        .outerjoin(CallCharge, col(CallCharge.call_id) == col(Call.id))
        .where(
            col(Call.company_id) == company_id,
            col(Call.started_at) >= since,
            col(Call.status) == CallStatus.COMPLETED,
            col(Call.to_number).is_not(None),
        )
        .group_by(col(Call.to_number))
        .order_by(_COST.desc(), func.count().desc(), col(Call.to_number))
        .limit(TOP_NUMBERS)
    ).all()
    return tuple(NumberUsage(str(number), calls, talked_s, cents) for number, calls, talked_s, cents in found)
