"""States of the console that tests and pictures start from, each a small story."""

from __future__ import annotations

from relay.api import CompanyView
from tests.support import views
from tests.support.console import FakeSource


def companies() -> list[CompanyView]:
    """Acme has enough, Bergbau runs low with an automatic top-up, Café Sonnig has nothing left."""
    acme = views.company(1, balance=views.balance(1, balance_cents=14_890, bonus_cents=500))
    bergbau = views.company(
        2,
        balance=views.balance(2, balance_cents=1_240, auto_topup_armed=True),
        auto_topup=views.auto_topup(2, enabled=True, threshold_cents=2_000, amount_cents=5_000),
    )
    cafe = views.company(3, balance=views.balance(3, balance_cents=0))
    return [acme, bergbau, cafe]


def busy_day() -> FakeSource:
    """Payments, a decline, a call in progress, decisions, something that failed."""
    bergbau = {"company_id": 2, "company_slug": "bergbau-nord"}
    cafe = {"company_id": 3, "company_slug": "cafe-sonnig"}
    events = [
        views.event(9, type="payment_intent.succeeded", status="pending", reason=None, processed_at=None, **bergbau),
        views.event(8, type="charge.refunded", amount_cents=2000, reason="took back 20.00 EUR"),
        views.event(
            7,
            type="payment_intent.payment_failed",
            amount_cents=5000,
            reason="declined: insufficient_funds",
            **cafe,
        ),
        views.event(
            6,
            type="payment_intent.succeeded",
            status="unmatched",
            reason="no top-up of ours belongs to pi_3Qx",
            company_id=None,
            company_slug=None,
            amount_cents=2000,
            currency="usd",
        ),
        views.event(5, type="customer.created", status="ignored", reason="nothing to do", amount_cents=None),
        views.event(
            4,
            type="charge.refund.updated",
            status="failed",
            reason="no payment of this charge yet",
            retry_count=3,
            **bergbau,
        ),
        views.event(3, type="payment_intent.succeeded", reason="already credited by evt_…0002"),
        views.event(2),
        views.event(1, type="checkout.session.expired", amount_cents=2500, reason="top-up 1 cancelled", **bergbau),
    ]
    calls = [
        views.call(
            4, status="in_progress", amount_cents=None, duration_s=None, ended_at=None, charge_status="none", **bergbau
        ),
        views.call(3, charge_status="unpaid", duration_s=600, amount_cents=420, **cafe),
        views.call(2, paid_by_bonus_cents=60),
        views.call(1, duration_s=1_865, amount_cents=1_306, refunded_cents=1_306),
    ]
    decisions = [
        views.decision(
            3,
            allowed=True,
            reason="charged",
            explanation="12.40 EUR is below 20.00 EUR: 50.00 EUR charged to Visa 4242",
            **bergbau,
        ),
        views.decision(2, explanation="148.90 EUR is above the threshold of 20.00 EUR"),
        views.decision(1, reason="cooldown", explanation="the last one was 2 min ago; next at 09:05:00", **bergbau),
    ]
    failures = [
        views.failure(
            4,
            title="charge.refund.updated",
            reason="no payment of this charge yet",
            company_slug=bergbau["company_slug"],
        ),
        views.failure(
            6,
            reason="no top-up of ours belongs to pi_3Qx",
            remedy="It was made outside of this system; nothing to do.",
            company_slug=None,
        ),
        views.failure(
            3,
            kind="call",
            reference="call_3",
            title="Call of 0:10:00",
            reason="4.20 EUR are not paid: the balance is empty",
            remedy="Top up Café Sonnig; the call is charged with the next credit.",
            company_slug="cafe-sonnig",
            replayable=False,
        ),
    ]
    topups = [views.topup(2, status="failed", decline_code="insufficient_funds", **cafe), views.topup(1)]
    return FakeSource(
        companies=companies(),
        events=events,
        calls=calls,
        decisions=decisions,
        failures=failures,
        topups=topups,
    )


def first_look() -> FakeSource:
    """Sample companies, and nothing has happened yet."""
    return FakeSource(companies=companies())
