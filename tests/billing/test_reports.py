"""The reports, on sample data that was added up by hand, and the team's own queries on the same tables."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest
from sqlmodel import Session

from billing.clock import ManualClock
from billing.db import Database
from billing.errors import InvalidAmount, UnknownReport
from billing.models import TopupOrigin, TopupStatus
from billing.policy import Policy
from billing.reports import REPORTS, Report, run_report
from tests.support.billing import add_company
from tests.support.ledger_story import add_topup, refund_topup, tell

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


async def run(database: Database, clock: ManualClock, name: str, days: int | None = None) -> Report:
    async with database.read() as session:
        return await session.run_sync(run_report, name, days=days, policy=Policy(), now=clock.now())


async def test_daily_revenue_is_what_stripe_took_in_minus_what_went_back(
    database: Database, clock: ManualClock
) -> None:
    def a_week(session: Session) -> None:
        now = clock.now()  # 2 November, 09:00
        company = add_company(session, now=now - 9 * DAY, balance_cents=99_900)  # a gift is no revenue
        add_topup(session, company, amount_cents=7_777, now=now - 7 * DAY)
        monday = add_topup(session, company, amount_cents=10_000, now=now - 2 * DAY)
        add_topup(session, company, amount_cents=2_500, now=now - 2 * DAY, origin=TopupOrigin.AUTO)
        add_topup(session, company, amount_cents=5_000, now=now - 2 * DAY, status=TopupStatus.FAILED)
        add_topup(session, company, amount_cents=1_000, now=now - 10 * HOUR)  # 23:00 of the day before
        refund_topup(session, monday, amount_cents=4_000, now=now)
        refund_topup(session, monday, amount_cents=6_000, now=now)

    await database.write(a_week)
    report = await run(database, clock, "daily-revenue", days=7)
    assert report.columns == ("day", "payments", "gross_cents", "refunded_cents", "revenue_cents")
    assert report.rows == (
        ("2026-11-02", 0, 0, 10_000, -10_000),
        ("2026-11-01", 1, 1_000, 0, 1_000),
        ("2026-10-31", 2, 12_500, 0, 12_500),
    )
    assert [row[0] for row in (await run(database, clock, "daily-revenue")).rows][-1] == "2026-10-26"
    assert len((await run(database, clock, "daily-revenue", days=1)).rows) == 1


async def test_call_refunds_and_disputes_do_not_touch_revenue(database: Database, clock: ManualClock) -> None:
    await database.write(tell, now=clock.now())
    assert (await run(database, clock, "daily-revenue")).rows == (("2026-11-02", 1, 10_000, 2_500, 7_500),)


async def test_failed_payments_are_those_that_failed_in_the_last_day(database: Database, clock: ManualClock) -> None:
    def attempts(session: Session) -> None:
        now = clock.now()
        company = add_company(session, now=now - 3 * DAY)

        def fail(hours: int, code: str, decline: str | None = None) -> int:
            return add_topup(
                session,
                company,
                amount_cents=5_000,
                now=now - hours * HOUR,
                status=TopupStatus.FAILED,
                failure_code=code,
                decline_code=decline,
            )

        fail(25, "expired_card")
        fail(3, "card_declined", "insufficient_funds")
        fail(2, "incorrect_cvc")
        add_topup(session, company, amount_cents=5_000, now=now - HOUR, status=TopupStatus.CANCELLED)
        add_topup(session, company, amount_cents=5_000, now=now - HOUR, status=TopupStatus.PENDING)
        add_topup(session, company, amount_cents=5_000, now=now - HOUR)

    await database.write(attempts)
    report = await run(database, clock, "failed-payments")
    said = "Your card was declined."
    assert report.rows == (
        (3, "acme", 5_000, "manual", "incorrect_cvc", None, said, "2026-11-02T07:00:00Z"),
        (2, "acme", 5_000, "manual", "card_declined", "insufficient_funds", said, "2026-11-02T06:00:00Z"),
    )
    assert len((await run(database, clock, "failed-payments", days=2)).rows) == 3


async def test_low_balances_come_with_their_level_and_the_poorest_first(database: Database, clock: ManualClock) -> None:
    def companies(session: Session) -> None:
        for slug, balance, bonus in (
            ("good", 2_000, 0),
            ("good-by-bonus", 0, 2_000),
            ("low", 1_999, 0),
            ("critical", 1_000, 0),
            ("blocked", 41, 0),
            ("exhausted", 0, 0),
        ):
            add_company(session, now=clock.now(), slug=slug, balance_cents=balance, bonus_cents=bonus)
        add_company(session, now=clock.now(), slug="without-prepaid", prepaid=False)

    await database.write(companies)
    report = await run(database, clock, "low-balance")
    found = [dict(zip(report.columns, row, strict=True)) for row in report.rows]
    assert [(row["company"], row["level"], row["effective_total_cents"]) for row in found] == [
        ("exhausted", "exhausted", 0),
        ("blocked", "blocked", 41),
        ("critical", "critical", 1_000),
        ("low", "low", 1_999),
    ]
    assert {(row["threshold_cents"], row["auto_topup"]) for row in found} == {(2_000, "off")}


async def test_reports_have_as_many_cells_as_columns_and_are_empty_without_data(
    database: Database, clock: ManualClock
) -> None:
    for name in REPORTS:
        report = await run(database, clock, name)
        assert report.rows == ()
        assert report.name == name
    await database.write(tell, now=clock.now())
    for name in (
        "failed-payments",
        "low-balance",
        "daily-revenue",
        "monthly-summary",
        "failure-reasons",
        "refund-rate",
    ):
        report = await run(database, clock, name)
        assert report.rows
        assert all(len(row) == len(report.columns) for row in report.rows)


async def test_unknown_reports_and_impossible_spans_are_refused(database: Database, clock: ManualClock) -> None:
    with pytest.raises(UnknownReport, match="profit") as refused:
        await run(database, clock, "profit")
    assert "daily-revenue" in (refused.value.remedy or "")
    for days in (0, -1, 367):
        with pytest.raises(InvalidAmount):
            await run(database, clock, "daily-revenue", days=days)


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        (
            "SELECT company_id, balance FROM prepaid_balances WHERE balance < low_balance_threshold ORDER BY balance",
            [(2, 458), (1, 1_000)],
        ),
        (
            "SELECT DATE(created_at) AS day, COUNT(*), SUM(amount), AVG(amount) FROM balance_topups "
            "WHERE status = 'succeeded' GROUP BY DATE(created_at) ORDER BY day DESC",
            [("2026-11-02", 1, 10_000, 10_000.0)],
        ),
        (
            "SELECT t.id, c.name, t.amount, t.failure_code FROM balance_topups t "
            "JOIN companies c ON c.id = t.company_id "
            "WHERE t.status = 'failed' AND t.created_at > DATETIME('2026-11-02 09:00:00', '-24 hours')",
            [(2, "First", 5_000, "card_declined")],
        ),
        (
            "SELECT b.company_id, b.balance, SUM(t.amount) FROM prepaid_balances b "
            "JOIN balance_transactions t ON t.company_id = b.company_id GROUP BY b.company_id ORDER BY b.company_id",
            [(1, 1_000, 1_000), (2, 458, 458)],
        ),
        (
            "SELECT SUM(amount_charged - refunded_amount) FROM call_charges WHERE status = 'charged'",
            [(110 - 80 + 42,)],
        ),
    ],
)
async def test_the_teams_own_queries_run_on_the_tables(
    database: Database, clock: ManualClock, query: str, rows: list[tuple[object, ...]]
) -> None:
    await database.write(tell, now=clock.now())
    with closing(sqlite3.connect(database.path)) as connection:
        assert connection.execute(query).fetchall() == rows
