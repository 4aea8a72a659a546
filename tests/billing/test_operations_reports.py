"""The reports of operations, on sample data that was added up by hand."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from billing.adjustments import withdraw
from billing.calls import simulate_call
from billing.clock import ManualClock
from billing.db import Database
from billing.models import (
    BonusRule,
    Call,
    EventStatus,
    PrepaidBalance,
    TopupOrigin,
    TopupStatus,
    WebhookAttempt,
    WebhookEvent,
)
from billing.policy import Policy
from billing.reports import REPORTS, Report, run_report
from billing.reports.payments import busiest_day
from billing.services.call_refund import CallRefundReason, refund_call
from devconsole.reports.catalogue import NAMES
from tests.support.billing import add_company
from tests.support.ledger_story import add_topup, refund_topup

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
FAILED, SUCCEEDED = TopupStatus.FAILED, TopupStatus.SUCCEEDED
AUTO = TopupOrigin.AUTO


async def run(database: Database, clock: ManualClock, name: str, days: int | None = None) -> Report:
    async with database.read() as session:
        return await session.run_sync(run_report, name, days=days, policy=Policy(), now=clock.now())


def call(session: Session, company: int, duration_s: int, at: datetime) -> int:
    made = simulate_call(
        session,
        company_id=company,
        provider_call_id=f"call_{company}_{at.isoformat()}_{duration_s}",
        duration_s=duration_s,
        from_number=None,
        to_number=None,
        policy=Policy(),
        now=at,
    )
    assert made.id is not None
    return made.id


def refund(session: Session, call_id: int, amount_cents: int | None, reason: str, at: datetime) -> None:
    refund_call(
        session,
        call_id=call_id,
        amount_cents=amount_cents,
        reason=CallRefundReason(reason),
        notes=None,
        actor="ada",
        policy=Policy(),
        now=at,
    )


def test_the_command_offers_every_report() -> None:
    assert set(REPORTS) == set(NAMES)


async def test_a_month_of_each_company_in_figures(database: Database, clock: ManualClock) -> None:
    def two_months(session: Session) -> None:
        now = clock.now()  # 2 November, 09:00
        session.add(BonusRule(name="10 %", min_cents=20_000, bonus_basis_points=1_000, created_at=now, updated_at=now))
        acme = add_company(session, now=now - 40 * DAY, slug="acme", balance_cents=1_000)
        globex = add_company(session, now=now - 40 * DAY, slug="globex", balance_cents=5_000)
        october = add_topup(session, acme, amount_cents=20_000, now=now - 3 * DAY)  # + 20.00 bonus
        add_topup(session, acme, amount_cents=3_000, now=now - 1 * HOUR, origin=AUTO)
        add_topup(session, acme, amount_cents=9_900, now=now - 1 * HOUR, status=FAILED)
        refund_topup(session, october, amount_cents=5_000, now=now - 2 * HOUR)
        call(session, acme, 600, now - 3 * DAY)  # 4.20 of the bonus
        forgiven = call(session, acme, 60, now - HOUR)  # 0.42
        call(session, acme, 157, now - HOUR)  # 1.10
        refund(session, forgiven, 40, "other", now)
        call(session, globex, 3_000, now - HOUR)  # 21.00
        call(session, globex, 36_000, now - HOUR)  # 252.00 is not there: unpaid, hence no usage
        session.exec(select(PrepaidBalance).where(PrepaidBalance.company_id == acme)).one().auto_topup_enabled = True

    await database.write(two_months)
    november = (
        ("2026-11", "acme", 1, 3_000, 5_000, 0, 2, 152, 40, 19_000, 1_468, "on"),
        ("2026-11", "globex", 0, 0, 0, 0, 1, 2_100, 0, 2_900, 0, "off"),
    )
    report = await run(database, clock, "monthly-summary")
    assert report.rows == november
    assert report.columns == (
        "month",
        "company",
        "topups",
        "topups_cents",
        "refunded_cents",
        "bonus_given_cents",
        "calls",
        "usage_cents",
        "calls_refunded_cents",
        "balance_cents",
        "bonus_cents",
        "auto_topup",
    )
    # Three days back lie in October, so all of October is shown.
    assert (await run(database, clock, "monthly-summary", days=3)).rows == (
        *november,
        ("2026-10", "acme", 1, 20_000, 0, 2_000, 1, 420, 0, 19_000, 1_468, "on"),
    )


async def test_reasons_of_failures_are_counted_by_code(database: Database, clock: ManualClock) -> None:
    def failures(session: Session) -> None:
        now = clock.now()
        acme, globex = add_company(session, now=now, slug="acme"), add_company(session, now=now, slug="globex")
        for company, days, cents, code, decline in (
            (acme, 31, 1_000, "card_declined", "insufficient_funds"),
            (acme, 29, 2_000, "card_declined", "insufficient_funds"),
            (globex, 2, 3_000, "card_declined", "insufficient_funds"),
            (acme, 1, 4_000, "card_declined", "lost_card"),
            (acme, 1, 5_000, "expired_card", None),
        ):
            add_topup(
                session,
                company,
                amount_cents=cents,
                now=now - days * DAY,
                status=FAILED,
                failure_code=code,
                decline_code=decline,
            )
        add_topup(session, acme, amount_cents=6_000, now=now, status=TopupStatus.CANCELLED)
        add_topup(session, acme, amount_cents=6_000, now=now)

    await database.write(failures)
    assert (await run(database, clock, "failure-reasons")).rows == (
        ("card_declined", "insufficient_funds", 2, 2, 5_000, "2026-10-04T09:00:00Z", "2026-10-31T09:00:00Z"),
        ("card_declined", "lost_card", 1, 1, 4_000, "2026-11-01T09:00:00Z", "2026-11-01T09:00:00Z"),
        ("expired_card", None, 1, 1, 5_000, "2026-11-01T09:00:00Z", "2026-11-01T09:00:00Z"),
    )


async def test_the_failure_rate_of_an_hour_leaves_out_what_is_open_or_cancelled(
    database: Database, clock: ManualClock
) -> None:
    def attempts(session: Session) -> None:
        now = clock.now() + timedelta(minutes=30)
        company = add_company(session, now=now - 2 * DAY)

        def add(hours: int, status: TopupStatus, times: int) -> None:
            for number in range(times):
                add_topup(session, company, amount_cents=1_000 + number, now=now - hours * HOUR, status=status)

        add(1, FAILED, 1)
        add(1, SUCCEEDED, 9)  # exactly 10 %: no alarm
        add(1, TopupStatus.PENDING, 5)
        add(1, TopupStatus.CANCELLED, 5)
        add(2, TopupStatus.PENDING, 1)
        add(2, TopupStatus.CANCELLED, 1)  # an hour in which nothing ended
        add(3, FAILED, 2)
        add(3, SUCCEEDED, 14)  # 12.5 %
        add(4, SUCCEEDED, 3)
        add(26, FAILED, 7)

    await database.write(attempts)
    rows = (await run(database, clock, "failure-rate")).rows
    assert rows == (
        ("2026-11-02T08:00:00Z", 9, 1, "10.0", "no"),
        ("2026-11-02T06:00:00Z", 14, 2, "12.5", "yes"),
        ("2026-11-02T05:00:00Z", 3, 0, "0.0", "no"),
    )
    assert (await run(database, clock, "failure-rate", days=2)).rows == (
        *rows,
        ("2026-11-01T07:00:00Z", 0, 7, "100.0", "yes"),
    )


async def test_automatic_topups_are_counted_by_week_from_monday(database: Database, clock: ManualClock) -> None:
    def weeks(session: Session) -> None:
        now = clock.now()  # Monday, 2 November
        company = add_company(session, now=now - 60 * DAY)
        for at, status in (
            (now, SUCCEEDED),
            (now - 10 * HOUR, FAILED),  # Sunday, 23:00: the week before
            (now - 2 * DAY, SUCCEEDED),
            (now - 7 * DAY, SUCCEEDED),  # Monday, 26 October
            (now - 8 * DAY, FAILED),  # Sunday, 25 October
            (now - 28 * DAY, SUCCEEDED),  # one week too old
        ):
            add_topup(session, company, amount_cents=5_000, now=at, status=status, origin=AUTO)
        add_topup(session, company, amount_cents=7_000, now=now)  # by hand

    await database.write(weeks)
    rows = (await run(database, clock, "auto-topup-success")).rows
    assert rows == (
        ("2026-11-02", 1, 0, "100.0", 5_000),
        ("2026-10-26", 2, 1, "66.7", 10_000),
        ("2026-10-19", 0, 1, "0.0", 0),
    )
    assert (await run(database, clock, "auto-topup-success", days=7)).rows == rows[:1]
    assert (await run(database, clock, "auto-topup-success", days=29)).rows[-1] == ("2026-10-05", 1, 0, "100.0", 5_000)


async def test_the_refund_rate_is_of_the_calls_charged(database: Database, clock: ManualClock) -> None:
    def calls(session: Session) -> None:
        now = clock.now()
        company = add_company(session, now=now - 40 * DAY, balance_cents=100_000)
        old = call(session, company, 60, now - 31 * DAY)
        refund(session, old, None, "other", now - 1 * DAY)
        recent = [call(session, company, 60 + number, now - 29 * DAY) for number in range(100)]
        refund(session, recent[0], None, "technical_issue", now)
        refund(session, recent[1], 10, "wrong_number", now)
        call(session, company, 0, now)  # not answered, so not charged

    await database.write(calls)
    assert (await run(database, clock, "refund-rate")).rows == (
        ("all", 2, 52, 100, "2.0", "no"),  # exactly 2 %
        ("technical_issue", 1, 42, 100, "1.0", None),
        ("wrong_number", 1, 10, 100, "1.0", None),
    )

    def third(session: Session) -> None:
        found = session.exec(select(Call).where(Call.duration_s == 62)).one()
        assert found.id is not None
        refund(session, found.id, 1, "wrong_number", clock.now())

    await database.write(third)
    rows = (await run(database, clock, "refund-rate")).rows
    assert rows[0] == ("all", 3, 53, 100, "3.0", "yes")
    assert rows[1] == ("wrong_number", 2, 11, 100, "2.0", None)


async def test_large_topups_are_those_above_a_thousand(database: Database, clock: ManualClock) -> None:
    def topups(session: Session) -> None:
        now = clock.now()
        company = add_company(session, now=now - 60 * DAY)
        add_topup(session, company, amount_cents=200_000, now=now - 31 * DAY)
        add_topup(session, company, amount_cents=100_000, now=now)
        add_topup(session, company, amount_cents=100_001, now=now - DAY)
        add_topup(session, company, amount_cents=500_000, now=now, status=FAILED)

    await database.write(topups)
    assert (await run(database, clock, "large-topups")).rows == (
        (4, "acme", 500_000, "failed", "manual", "2026-11-02T09:00:00Z"),
        (3, "acme", 100_001, "succeeded", "manual", "2026-11-01T09:00:00Z"),
    )


async def test_rapid_topups_are_more_than_five_within_any_day(database: Database, clock: ManualClock) -> None:
    def topups(session: Session) -> None:
        now = clock.now()
        for slug, hours in (
            ("five", (10, 8, 6, 4, 2)),
            ("six", (200, 51, 50, 45, 40, 35, 28)),  # 51 to 28: six within 23 hours
            ("spread", (24 * 6, 24 * 5, 24 * 4, 24 * 3, 24 * 2, 24)),
            ("eleven", tuple(range(1, 12))),
        ):
            company = add_company(session, now=now - 60 * DAY, slug=slug)
            for hour in hours:
                add_topup(session, company, amount_cents=1_000, now=now - hour * HOUR)

    await database.write(topups)
    assert (await run(database, clock, "rapid-topups")).rows == (
        ("eleven", 11, 11_000, "2026-11-01T22:00:00Z", "2026-11-02T08:00:00Z", "yes"),
        ("six", 6, 6_000, "2026-10-31T06:00:00Z", "2026-11-01T05:00:00Z", "no"),
    )


@pytest.mark.parametrize(
    ("hours", "count"), [((0,), 1), ((0, 24), 1), ((0, 23), 2), ((0, 1, 2, 30, 31), 3), ((0, 10, 23, 24, 25, 33), 5)]
)
def test_the_busiest_day_begins_anywhere_and_ends_before_24_hours(hours: tuple[int, ...], count: int) -> None:
    start = ManualClock().now()
    assert busiest_day([(start + hour * HOUR, 100) for hour in hours]).count == count


async def test_who_is_silent_for_long_and_has_little_left_may_leave(database: Database, clock: ManualClock) -> None:
    def companies(session: Session) -> None:
        now = clock.now()
        for slug, born, topup, balance, prepaid in (
            ("gone", 200, 61, 3_999, True),  # 10 EUR paid in: 49.99
            ("rich", 200, 61, 4_000, True),  # 50.00 is not below 50.00
            ("recent", 200, 59, 0, True),
            ("never", 90, None, 100, True),
            ("new", 10, None, 100, True),
            ("other", 200, 61, 0, False),
        ):
            company = add_company(session, now=now - born * DAY, slug=slug, balance_cents=balance, prepaid=prepaid)
            if topup is not None:
                add_topup(session, company, amount_cents=1_000, now=now - 150 * DAY)
                add_topup(session, company, amount_cents=1_000, now=now - topup * DAY)
                withdraw(
                    session,
                    withdrawal_id=slug,
                    company_id=company,
                    amount_cents=1_000,
                    actor="ada",
                    reason="x",
                    policy=Policy(),
                    now=now - DAY,
                )

    await database.write(companies)
    assert (await run(database, clock, "churn-risk")).rows == (
        ("never", "Never", None, 90, 100),
        ("gone", "Gone", "2026-09-02T09:00:00Z", 61, 4_999),
    )
    assert [row[0] for row in (await run(database, clock, "churn-risk", days=5)).rows] == [
        "never",
        "gone",
        "recent",
        "new",
    ]


async def test_processing_times_come_by_type_with_the_slow_and_the_undone(
    database: Database, clock: ManualClock
) -> None:
    def attempts(session: Session) -> None:
        now = clock.now()
        for number, (kind, durations) in enumerate(
            {
                "payment_intent.succeeded": ((1_000, "applied"), (2_001, "applied"), (1_500_000, "retry")),
                "charge.refunded": ((700, "applied"), (900, "failed")),
            }.items(),
            start=1,
        ):
            session.add(
                WebhookEvent(
                    id=number,
                    event_id=f"evt_{number}",
                    event_type=kind,
                    status=EventStatus.COMPLETED,
                    source="sandbox",
                    payload=b"{}",
                    received_at=now,
                )
            )
            session.flush()
            for count, (duration_us, outcome) in enumerate(durations, start=1):
                session.add(
                    WebhookAttempt(
                        webhook_event_id=number,
                        number=count,
                        outcome=outcome,
                        started_at=now - HOUR,
                        duration_us=duration_us,
                    )
                )
        session.add(
            WebhookAttempt(
                webhook_event_id=1, number=9, outcome="applied", started_at=now - 25 * HOUR, duration_us=9_000_000
            )
        )

    await database.write(attempts)
    assert (await run(database, clock, "webhook-times")).rows == (
        ("payment_intent.succeeded", 3, 501_000, 1_500_000, 1, 1),
        ("charge.refunded", 2, 800, 900, 0, 1),
    )
