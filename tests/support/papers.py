"""A source with everything that is written down: invoices, notices, audit entries, operations, a path, reports."""

from __future__ import annotations

from relay.api import Report, RunReport, ShowTrace, Trace
from tests.support import views
from tests.support.companies import COMPANIES, LEDGER, TOPUPS
from tests.support.console import FakeSource

CALLS = (views.call(3, paid_by_bonus_cents=40),)
INVOICES = (
    views.invoice(2, gross_cents=150_000, company_id=2, company_slug="bergbau-nord", company_name="Bergbau Nord"),
    views.invoice(1),
)
NOTICES = (
    views.notice(2),
    views.notice(1, channel="in_app", recipient=None, status="queued", subject=None, body=None, sent_at=None),
)
AUDIT = (
    views.audit(3),
    views.audit(
        2,
        actor="developer",
        action="call.refunded",
        target="call_3",
        reason="technical_issue",
        before={"refunded_cents": 0},
        after={"refunded_cents": 110},
    ),
    views.audit(
        1,
        action="limits.changed",
        reason=None,
        before={"daily_limit_cents": None, "hard_limit": False},
        after={"daily_limit_cents": 2_000, "hard_limit": True},
    ),
)
OPERATIONS = (
    views.performed(
        2, outcome="unknown_card", input={"company": "acme-telefon", "amount_cents": 5_000, "card": "gold"}, ids={}
    ),
    views.performed(1),
)
TRACE = Trace(
    of="topup_2",
    nodes=(
        views.step(0, "topup", "topup_2", "top-up of 50.00 EUR for acme-telefon (auto)", 5, status="succeeded"),
        views.step(
            1, "ledger", "ledger_6", "topup: money +50.00 EUR", 5.02, detail="Top-up 2; balance 50.70 -> 100.70"
        ),
        views.step(
            1,
            "event",
            "evt_000000000000000000000006",
            "payment_intent.succeeded",
            5.03,
            status="completed",
            detail="top-up 2 had been credited before",
        ),
        views.step(2, "delivery", "delivery_4", "accepted, answered 200 after 5.5 ms", 5.03, status="accepted"),
        views.step(2, "attempt", "evt_000000000000000000000006#1", "attempt 1: duplicate", 5.04, status="duplicate"),
    ),
)

REVENUE = Report(
    name="daily-revenue",
    title="Revenue of the last 30 days",
    columns=("day", "payments", "gross_cents", "refunded_cents", "revenue_cents"),
    rows=(
        ("2026-11-02", 4, 27_500, 0, 27_500),
        ("2026-11-01", 2, 10_000, 2_000, 8_000),
        ("2026-10-30", 7, 61_000, 0, 61_000),
        ("2026-10-29", 1, 2_500, 0, 2_500),
        ("2026-10-27", 0, 0, 15_000, -15_000),
        ("2026-10-26", 3, 42_000, 0, 42_000),
        ("2026-10-25", 3, 35_000, 0, 35_000),
    ),
)
FAILURE_RATE = Report(
    name="failure-rate",
    title="Failure rate per hour of the last 24 hours",
    columns=("hour", "succeeded", "failed", "failed_percent", "alarm"),
    rows=(
        ("2026-11-02T09:00:00Z", 7, 1, "12.5", "yes"),
        ("2026-11-02T08:00:00Z", 20, 1, "4.8", "no"),
        ("2026-11-02T05:00:00Z", 3, 0, "0.0", "no"),
        ("2026-11-02T04:00:00Z", 5, 3, "37.5", "yes"),
    ),
)
REASONS = Report(
    name="failure-reasons",
    title="Why payments failed in the last 30 days",
    columns=(
        "failure_code",
        "decline_code",
        "failures",
        "companies",
        "amount_cents",
        "first_failed_at",
        "last_failed_at",
    ),
    rows=(
        ("card_declined", "insufficient_funds", 12, 3, 60_000, "2026-10-20T08:00:00Z", "2026-11-02T08:40:00Z"),
        ("expired_card", None, 4, 1, 20_000, "2026-10-21T08:00:00Z", "2026-11-01T08:40:00Z"),
        ("card_declined", "generic_decline", 1, 1, 2_500, "2026-10-29T08:00:00Z", "2026-10-29T08:00:00Z"),
    ),
)
WEEKS = Report(
    name="auto-topup-success",
    title="Automatic top-ups by week",
    columns=("week", "succeeded", "failed", "succeeded_percent", "credited_cents"),
    rows=(
        ("2026-11-02", 1, 0, "100.0", 5_000),
        ("2026-10-26", 7, 1, "87.5", 35_000),
        ("2026-10-19", 2, 2, "50.0", 10_000),
    ),
)
TIMES = Report(
    name="webhook-times",
    title="Processing of webhooks in the last 24 hours, in microseconds",
    columns=("event_type", "attempts", "average_us", "slowest_us", "slow", "not_done"),
    rows=(
        ("checkout.session.completed", 4, 812, 1_204_000, 1, 1),
        ("payment_intent.succeeded", 12, 640, 9_800, 0, 0),
        ("charge.updated", 12, 210, 300, 0, 0),
    ),
)
LARGE = Report(
    name="large-topups",
    title="Top-ups above 1,000 EUR of the last 30 days",
    columns=("topup_id", "company", "amount_cents", "status", "origin", "created_at"),
    rows=((2, "acme-telefon", 150_000, "succeeded", "manual", "2026-11-02T08:00:00Z"),),
)
REPORTS = {report.name: report for report in (REVENUE, FAILURE_RATE, REASONS, WEEKS, TIMES, LARGE)}


def answer(asked: RunReport) -> Report:
    """Those above; every other report has nothing to say."""
    empty = Report(name=asked.report, title=f"Report {asked.report}", columns=("company",), rows=())
    return REPORTS.get(asked.report, empty)


def papers() -> FakeSource:
    """Payments were made, corrected and announced."""
    source = FakeSource(
        companies=COMPANIES,
        ledger=LEDGER,
        topups=TOPUPS,
        calls=CALLS,
        invoices=INVOICES,
        notices=NOTICES,
        audit=AUDIT,
        operations=OPERATIONS,
        events=(views.event(6),),
    )
    source.answers[RunReport] = answer
    source.answers[ShowTrace] = TRACE
    return source
