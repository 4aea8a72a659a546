"""A company with a past, and waiting for what a screen shows of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from textual.pilot import Pilot

from devconsole.app import DevConsole
from devconsole.screens.company import CompanyScreen
from relay.api import CompanyView
from tests.support import views
from tests.support.console import FakeSource, FrozenClock
from tests.support.forms import CARDS

PATIENCE_S = 5.0

ACME = views.company(
    1,
    balance=views.balance(1, balance_cents=10_000, bonus_cents=460, reserved_cents=210),
    auto_topup=views.auto_topup(
        1,
        enabled=True,
        threshold_cents=1_000,
        amount_cents=5_000,
        daily_count=1,
        month_used_cents=5_000,
        payment_method="pm_1",
        payment_method_label="visa •••• 4242",
    ),
)
BERGBAU = views.company(2, balance=views.balance(2, balance_cents=1_240))
CAFE = views.company(3, balance=views.balance(3, balance_cents=0))
COMPANIES: tuple[CompanyView, ...] = (ACME, BERGBAU, CAFE)

LEDGER = (
    views.ledger(
        9,
        type="charge",
        money_cents=-70,
        bonus_cents=-40,
        balance_before_cents=10_070,
        description="Call of 0:02:37",
        event_id=None,
    ),
    views.ledger(
        8,
        type="reservation",
        money_cents=0,
        reserved_cents=210,
        balance_before_cents=10_070,
        description="Held for call 5",
        event_id=None,
    ),
    views.ledger(7, type="bonus", money_cents=0, bonus_cents=500, balance_before_cents=10_070, description="10 %"),
    views.ledger(
        6,
        type="topup",
        money_cents=5_000,
        balance_before_cents=5_070,
        description="Top-up 2",
        event_id="evt_000000000000000000000006",
    ),
    views.ledger(1, type="adjustment", money_cents=5_070, description="Opening balance", event_id=None),
)
TOPUPS = (
    views.topup(
        4,
        status="pending",
        checkout_session_id="cs_test_4",
        checkout_url="http://127.0.0.1:12111/c/pay/cs_test_4",
        charge_id=None,
        payment_method_label=None,
        paid_at=None,
    ),
    views.topup(
        3,
        status="failed",
        failure_code="card_declined",
        decline_code="insufficient_funds",
        failure_message="Your card has insufficient funds.",
        payment_method_label="visa •••• 9995",
        charge_id=None,
        paid_at=None,
    ),
    views.topup(2, origin="auto", refunded_cents=1_000, refund_status="partial"),
    views.topup(1, bonus_cents=500),
)
CALLS = (
    views.call(
        5,
        status="in_progress",
        charge_status="none",
        duration_s=None,
        ended_at=None,
        amount_cents=None,
        started_at=views.at(-40),
    ),
    views.call(4, charge_status="unpaid"),
    views.call(3, paid_by_bonus_cents=40),
    views.call(2, refunded_cents=110, refund_status="full"),
)
DECISIONS = (
    views.decision(
        3,
        reason="cooldown",
        explanation="The last top-up succeeded at 08:40:12; the next one is allowed an hour after it, at 09:40:12.",
    ),
    views.decision(2),
    views.decision(
        1,
        allowed=True,
        reason="allowed",
        explanation="9.40 EUR are at or below 10.00 EUR: 50.00 EUR charged.",
        topup_id=2,
        amount_cents=5_000,
    ),
)


def busy() -> FakeSource:
    """Acme has called, paid, been declined and been refunded; a call is in progress."""
    return FakeSource(
        companies=COMPANIES,
        ledger=LEDGER,
        topups=TOPUPS,
        calls=CALLS,
        decisions=DECISIONS,
        cards=CARDS,
        events=(views.event(6),),
    )


def fresh() -> FakeSource:
    """Companies without a past."""
    return FakeSource(companies=COMPANIES, cards=CARDS)


def console(source: FakeSource, *, theme: str | None = None) -> DevConsole:
    return DevConsole(source, clock=FrozenClock(), theme=theme)


async def until(pilot: Pilot[Any], condition: Callable[[], object]) -> None:
    """Let the console work until the condition holds. Raises `TimeoutError`."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await pilot.pause(0.01)
    await pilot.pause()


async def open_company(pilot: Pilot[Any], slug: str = "acme-telefon") -> CompanyScreen:
    """The company's screen, with its lists loaded."""
    app = pilot.app
    assert isinstance(app, DevConsole)
    await until(pilot, lambda: app.snapshot.loaded)
    app.open_company(slug)
    await until(pilot, lambda: isinstance(app.screen, CompanyScreen) and app.screen.page is not None)
    assert isinstance(app.screen, CompanyScreen)
    return app.screen
