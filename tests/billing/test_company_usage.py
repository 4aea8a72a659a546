"""Usage figures, on calls that were counted by hand, at the edges of days in Berlin."""

from __future__ import annotations

from datetime import UTC, date, datetime

from sqlmodel import Session

from billing.calls import simulate_call
from billing.clock import ManualClock
from billing.db import Database
from billing.policy import Policy
from billing.services.call_refund import CallRefundReason, refund_call
from billing.usage import Usage, usage_of
from tests.support.billing import add_company

BERLIN = "Europe/Berlin"


def call(session: Session, company: int, at: datetime, *, duration_s: int, to: str | None = None) -> int:
    """A call that ended at that moment."""
    made = simulate_call(
        session,
        company_id=company,
        provider_call_id=f"call_{at.isoformat()}",
        duration_s=duration_s,
        from_number=None,
        to_number=to,
        policy=Policy(),
        now=at,
    )
    assert made.id is not None
    return made.id


async def usage(database: Database, company: int, *, days: int, now: datetime, timezone: str = BERLIN) -> Usage:
    async with database.read() as session:
        return await session.run_sync(usage_of, company, days=days, timezone=timezone, now=now)


async def test_calls_count_on_the_day_in_the_companys_own_calendar_on_which_they_began(
    database: Database, clock: ManualClock
) -> None:
    """In the night of 25 October 2026 Berlin sets its clocks back: that day has 25 hours."""

    def story(session: Session) -> int:
        company = add_company(session, now=clock.now(), balance_cents=10_000)
        call(session, company, datetime(2026, 10, 24, 21, 59, 59, tzinfo=UTC), duration_s=60, to="+491")  # the 24th
        call(session, company, datetime(2026, 10, 24, 22, 2, tzinfo=UTC), duration_s=120, to="+492")  # the 25th, 00:00
        call(session, company, datetime(2026, 10, 25, 22, 59, tzinfo=UTC), duration_s=60, to="+491")  # still the 25th
        late = call(session, company, datetime(2026, 10, 25, 23, 5, tzinfo=UTC), duration_s=300, to="+491")  # the 26th
        refund_call(
            session,
            call_id=late,
            amount_cents=100,
            reason=CallRefundReason.QUALITY_ISSUE,
            notes=None,
            actor="test",
            policy=Policy(),
            now=datetime(2026, 10, 26, 9, 0, tzinfo=UTC),
        )
        return company

    company = await database.write(story)
    found = await usage(database, company, days=4, now=datetime(2026, 10, 26, 12, 0, tzinfo=UTC))
    assert [(day.day, day.calls, day.talked_s, day.cost_cents, day.refunded_cents) for day in found.by_day] == [
        (date(2026, 10, 23), 0, 0, 0, 0),
        (date(2026, 10, 24), 1, 60, 42, 0),
        (date(2026, 10, 25), 2, 180, 126, 0),
        (date(2026, 10, 26), 1, 300, 210, 100),
    ]
    assert [(row.number, row.calls, row.cost_cents) for row in found.top_numbers] == [("+491", 3, 294), ("+492", 1, 84)]
    assert found.since == datetime(2026, 10, 22, 22, 0, tzinfo=UTC)
    half_hour_away = await usage(
        database, company, days=3, now=datetime(2026, 10, 26, 12, 0, tzinfo=UTC), timezone="Asia/Kolkata"
    )
    assert [day.calls for day in half_hour_away.by_day] == [0, 2, 2]


async def test_an_unpaid_call_counts_as_a_call_and_costs_nothing_yet(database: Database, clock: ManualClock) -> None:
    def story(session: Session) -> int:
        company = add_company(session, now=clock.now(), balance_cents=0)
        call(session, company, clock.now(), duration_s=60)
        return company

    company = await database.write(story)
    found = await usage(database, company, days=1, now=clock.now())
    assert [(day.calls, day.cost_cents) for day in found.by_day] == [(1, 0)]
    assert found.top_numbers == ()


async def test_calls_of_others_and_of_before_are_not_counted(database: Database, clock: ManualClock) -> None:
    def story(session: Session) -> int:
        company = add_company(session, now=clock.now(), balance_cents=10_000)
        other = add_company(session, slug="other", now=clock.now(), balance_cents=10_000)
        call(session, other, clock.now(), duration_s=60)
        return company

    company = await database.write(story)
    found = await usage(database, company, days=366, now=clock.now())
    assert len(found.by_day) == 366
    assert not any(day.calls for day in found.by_day)
