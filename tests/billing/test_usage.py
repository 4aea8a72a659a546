"""Usage figures on data that was added up by hand."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session

from billing.calls import simulate_call
from billing.clock import ManualClock
from billing.db import Database
from billing.policy import Policy
from billing.reports import Report, run_report
from billing.reports.usage import suggested_eur
from billing.services.call_refund import CallRefundReason, refund_call
from tests.support.billing import add_company

POLICY = Policy()
DAY = timedelta(days=1)


async def run(database: Database, clock: ManualClock, name: str, days: int | None = None) -> Report:
    async with database.read() as session:
        return await session.run_sync(run_report, name, days=days, policy=POLICY, now=clock.now())


@pytest.fixture
async def told(database: Database, clock: ManualClock) -> None:
    """acme: 2:00 and 10:00 today (0.84 + 4.20, of which 1.20 given back), 1:00 yesterday (0.42), 100:00 65 days ago
    (42.00), and one 100 days ago that no figure counts; other: nothing."""

    def tell(session: Session) -> None:
        now = clock.now()
        acme = add_company(session, now=now - 120 * DAY, slug="acme", balance_cents=20_000)
        add_company(session, now=now, slug="other", balance_cents=500)
        calls = ((120, 0, "+49301"), (600, 0, "+49302"), (60, 1, "+49301"), (6_000, 65, "+49302"), (6_000, 100, None))
        for number, (duration_s, days_ago, to_number) in enumerate(calls):
            call = simulate_call(
                session,
                company_id=acme,
                provider_call_id=f"call_{number}",
                duration_s=duration_s,
                from_number=None,
                to_number=to_number,
                policy=POLICY,
                now=now - days_ago * DAY,
            )
            if duration_s == 600:
                refund_call(
                    session,
                    call_id=call.id or 0,
                    amount_cents=120,
                    reason=CallRefundReason.QUALITY_ISSUE,
                    notes=None,
                    actor="ada",
                    policy=POLICY,
                    now=now,
                )

    await database.write(tell)


@pytest.mark.usefixtures("told")
async def test_a_months_usage_is_a_third_of_ninety_days(database: Database, clock: ManualClock) -> None:
    """0.84 + 3.00 + 0.42 + 42.00 in ninety days: 46.26, so 15.42 a month; 111.74 last 217 days of that."""
    report = await run(database, clock, "usage")
    assert report.columns[-3:] == ("monthly_usage_cents", "days_left", "suggested_topups_eur")
    left_cents = 20_000 - 84 - 300 - 42 - 4_200 - 4_200
    assert report.rows == (
        ("acme", 3, 780, 426, 142, 260, 1_542, left_cents * 30 // 1_542, "10, 20, 30, 50"),
        ("other", 0, 0, 0, None, None, 0, None, "50, 100, 200, 500"),
    )


@pytest.mark.usefixtures("told")
async def test_usage_of_today_alone(database: Database, clock: ManualClock) -> None:
    assert (await run(database, clock, "usage", 1)).rows[0][:4] == ("acme", 2, 720, 384)


@pytest.mark.usefixtures("told")
async def test_usage_day_by_day_and_number_by_number(database: Database, clock: ManualClock) -> None:
    days = await run(database, clock, "usage-by-day")
    today, yesterday = (f"{clock.now() - ago * DAY:%Y-%m-%d}" for ago in (0, 1))
    assert days.rows == ((today, "acme", 2, 720, 384), (yesterday, "acme", 1, 60, 42))
    numbers = await run(database, clock, "top-numbers")
    assert numbers.rows == (("acme", "+49302", 1, 600, 300), ("acme", "+49301", 2, 180, 126))


@pytest.mark.parametrize(
    ("month_cents", "euros"),
    [
        (0, (50, 100, 200, 500)),
        (10_000, (50, 100, 200, 300)),
        (1_000, (10, 20, 30)),
        (100, (10,)),
        (499_900, (2_500, 5_000, 10_000)),
        (99_999_999, (10_000,)),
    ],
)
def test_topups_are_suggested_in_tens_that_can_be_paid(month_cents: int, euros: tuple[int, ...]) -> None:
    assert suggested_eur(month_cents, POLICY) == euros
