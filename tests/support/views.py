"""Views as the server would send them, with defaults that tell a plausible story. Times start at 09:00 UTC."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from relay.api import (
    AttemptView,
    AuditView,
    AutoTopupView,
    BalanceView,
    CallView,
    CardView,
    CompanyView,
    DecisionView,
    DeliveryView,
    EventDetail,
    EventView,
    FailureView,
    ForwardView,
    InvoiceItemView,
    InvoiceView,
    LedgerView,
    LimitsView,
    NoticeView,
    NumberUsageView,
    PerformedView,
    PeriodView,
    StatusView,
    TestModeView,
    TopupView,
    TraceNode,
    UpstreamView,
    UsageDayView,
    UsageView,
)

NINE = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
"""When the story starts; the console's clock stands half a minute later."""

NAMES = {1: "Acme Telefon", 2: "Bergbau Nord", 3: "Café Sonnig"}
SLUGS = {1: "acme-telefon", 2: "bergbau-nord", 3: "cafe-sonnig"}


def at(seconds: float) -> datetime:
    return NINE + timedelta(seconds=seconds)


def balance(company_id: int = 1, **changes: Any) -> BalanceView:
    cents = changes.pop("balance_cents", 5000)
    bonus = changes.pop("bonus_cents", 0)
    reserved = changes.pop("reserved_cents", 0)
    total = cents + bonus - reserved
    threshold = changes.pop("low_balance_threshold_cents", 2000)
    given = {
        "company_id": company_id,
        "company_slug": SLUGS.get(company_id, f"company-{company_id}"),
        "company_name": NAMES.get(company_id, f"Company {company_id}"),
        "balance_cents": cents,
        "bonus_cents": bonus,
        "reserved_cents": reserved,
        "effective_total_cents": total,
        "low_balance_threshold_cents": threshold,
        "level": level(total, threshold),
        "remaining_s": max(0, total) * 6000 // 4200,
        "auto_topup_armed": False,
        "prepaid_billing_enabled": True,
        "updated_at": NINE,
    }
    return BalanceView(**(given | changes))


def level(total_cents: int, threshold_cents: int) -> str:
    if total_cents <= 0:
        return "exhausted"
    if total_cents < 42:
        return "blocked"
    if total_cents < threshold_cents // 2:
        return "critical"
    return "low" if total_cents < threshold_cents else "good"


def auto_topup(company_id: int = 1, **changes: Any) -> AutoTopupView:
    given = {
        "company_id": company_id,
        "company_slug": SLUGS.get(company_id, f"company-{company_id}"),
        "enabled": False,
        "threshold_cents": None,
        "amount_cents": None,
        "payment_method": None,
        "payment_method_label": None,
        "daily_limit": 3,
        "daily_count": 0,
        "monthly_limit_cents": 500_000,
        "month_used_cents": 0,
        "failure_count": 0,
        "disabled_reason": None,
        "last_success_at": None,
        "next_allowed_at": None,
    }
    return AutoTopupView(**(given | changes))


def company(company_id: int = 1, **changes: Any) -> CompanyView:
    given = {
        "id": company_id,
        "slug": SLUGS.get(company_id, f"company-{company_id}"),
        "name": NAMES.get(company_id, f"Company {company_id}"),
        "email": None,
        "is_active": True,
        "prepaid_billing_enabled": True,
        "stripe_customer_id": f"cus_{company_id:014d}",
        "rate_e4_per_minute": 4200,
        "balance": changes.pop("balance", balance(company_id)),
        "auto_topup": auto_topup(company_id),
        "created_at": NINE,
    }
    return CompanyView(**(given | changes))


def event(number: int, **changes: Any) -> EventView:
    given = {
        "id": number,
        "event_id": f"evt_{number:024d}",
        "type": "checkout.session.completed",
        "status": "completed",
        "reason": "credited 50.00 EUR",
        "company_id": 1,
        "company_slug": "acme-telefon",
        "amount_cents": 5000,
        "currency": "eur",
        "object_id": f"cs_test_{number:018d}",
        "source": "sandbox",
        "received_at": at(number),
        "processed_at": at(number + 0.02),
        "retry_count": 0,
        "next_attempt_at": None,
    }
    return EventView(**(given | changes))


def call(number: int, **changes: Any) -> CallView:
    given = {
        "id": number,
        "call_id": f"call_{number:012d}",
        "company_id": 1,
        "company_slug": "acme-telefon",
        "from_number": "+49301234567",
        "to_number": "+49897654321",
        "status": "completed",
        "charge_status": "charged",
        "duration_s": 157,
        "started_at": at(number),
        "ended_at": at(number + 157),
        "rate_e4_per_minute": 4200,
        "amount_cents": 110,
        "paid_by_bonus_cents": 0,
        "refunded_cents": 0,
        "refund_status": "none",
        "ledger_id": number,
    }
    return CallView(**(given | changes))


def topup(number: int, **changes: Any) -> TopupView:
    given = {
        "id": number,
        "company_id": 1,
        "company_slug": "acme-telefon",
        "amount_cents": 5000,
        "bonus_cents": 0,
        "currency": "eur",
        "status": "succeeded",
        "origin": "manual",
        "payment_intent_id": f"pi_{number:024d}",
        "checkout_session_id": None,
        "charge_id": f"ch_{number:024d}",
        "checkout_url": None,
        "payment_method_label": "Visa •••• 4242",
        "failure_code": None,
        "decline_code": None,
        "failure_message": None,
        "refunded_cents": 0,
        "refund_status": "none",
        "dispute_status": None,
        "created_at": at(number),
        "expires_at": None,
        "paid_at": at(number + 1),
    }
    return TopupView(**(given | changes))


def decision(number: int, **changes: Any) -> DecisionView:
    given = {
        "id": number,
        "company_id": 1,
        "company_slug": "acme-telefon",
        "decided_at": at(number),
        "allowed": False,
        "reason": "above_threshold",
        "explanation": "The balance of 50.00 EUR is above the threshold of 20.00 EUR.",
        "triggered_by": "call",
        "call_id": 1,
        "topup_id": None,
        "effective_total_cents": 5000,
        "threshold_cents": 2000,
        "amount_cents": None,
    }
    return DecisionView(**(given | changes))


def ledger(number: int, **changes: Any) -> LedgerView:
    money = changes.pop("money_cents", 5000)
    before = changes.pop("balance_before_cents", 0)
    given = {
        "id": number,
        "company_id": 1,
        "company_slug": "acme-telefon",
        "type": "topup",
        "money_cents": money,
        "bonus_cents": 0,
        "reserved_cents": 0,
        "balance_before_cents": before,
        "balance_after_cents": before + money,
        "bonus_after_cents": 0,
        "reserved_after_cents": 0,
        "description": "Top-up 1",
        "reference_type": "topup",
        "reference_id": "1",
        "event_id": "evt_000000000000000000000001",
        "created_by": None,
        "created_at": at(number),
    }
    return LedgerView(**(given | changes))


def delivery(number: int, **changes: Any) -> DeliveryView:
    given = {
        "id": number,
        "inbox_id": number,
        "event_id": f"evt_{number:024d}",
        "source": "sandbox",
        "verdict": "accepted",
        "reason_code": "verified",
        "reason": "The signature fits the sandbox's secret.",
        "remedy": None,
        "secret_label": "sandbox",
        "http_status": 200,
        "latency_us": 1840,
        "body_bytes": 2048,
        "received_at": at(number),
    }
    return DeliveryView(**(given | changes))


def attempt(number: int, **changes: Any) -> AttemptView:
    given = {
        "number": number,
        "outcome": "applied",
        "reason": None,
        "started_at": at(1.01),
        "duration_us": 2300,
        "next_attempt_at": None,
    }
    return AttemptView(**(given | changes))


def forward(number: int, **changes: Any) -> ForwardView:
    given = {
        "id": number,
        "target_id": 1,
        "target_name": "shop",
        "delivery_id": number,
        "event_id": f"evt_{number}",
        "event_type": "charge.succeeded",
        "state": "failed",
        "reason": "answered 500",
        "tries": 2,
        "http_status": 500,
        "latency_us": 12_000,
        "next_try_at": None,
        "created_at": at(30),
        "updated_at": at(30),
    }
    return ForwardView(**(given | changes))


def detail(of: EventView | None = None, **changes: Any) -> EventDetail:
    shown = of or event(1)
    body = {
        "id": shown.event_id,
        "object": "event",
        "type": shown.type,
        "livemode": False,
        "created": int(shown.received_at.timestamp()),
        "data": {"object": {"id": shown.object_id, "amount_total": shown.amount_cents, "currency": shown.currency}},
    }
    given = {
        "event": shown,
        "payload": json.dumps(body, indent=2),
        "headers": {
            "Content-Type": "application/json",
            "Stripe-Signature": "t=1793606400,v1=5257a869…",
            "User-Agent": "Stripe/1.0",
        },
        "deliveries": (delivery(1),),
        "attempts": (attempt(1),),
        "topup": topup(1),
        "ledger": (ledger(1),),
        "decisions": (),
    }
    return EventDetail(**(given | changes))


def failure(number: int, **changes: Any) -> FailureView:
    given = {
        "kind": "event",
        "id": number,
        "reference": f"evt_{number:024d}",
        "title": "payment_intent.succeeded",
        "company_slug": "acme-telefon",
        "reason": "No top-up of ours belongs to this payment.",
        "remedy": "Replay it after the top-up exists.",
        "occurred_at": at(number),
        "next_attempt_at": None,
        "replayable": True,
    }
    return FailureView(**(given | changes))


def card(name: str = "visa", **changes: Any) -> CardView:
    given = {
        "name": name,
        "number": "4242424242424242",
        "payment_method": "pm_card_visa",
        "brand": "Visa",
        "group": "success",
        "title": "Visa",
        "what_happens": "The payment succeeds.",
    }
    return CardView(**(given | changes))


def mode(on: bool = True, **changes: Any) -> TestModeView:
    given = {
        "on": on,
        "lock_file": "/home/dev/.devconsole/.stripe-test-mode.lock",
        "reason": "The lock file is there." if on else "The lock file is missing: events are held, money stands still.",
        "held_events": 0,
    }
    return TestModeView(**(given | changes))


def status(**changes: Any) -> StatusView:
    given = {
        "version": "0.1.0",
        "pid": 4711,
        "home": "/home/dev/.devconsole",
        "relay_url": "http://127.0.0.1:4242",
        "webhook_url": "http://127.0.0.1:4242/api/stripe/webhook",
        "sandbox_url": "http://127.0.0.1:12111",
        "stripe_api": "http://127.0.0.1:12111",
        "mode": "sandbox",
        "test_mode": mode(),
        "started_at": NINE,
        "queue_depth": 0,
        "events_total": 0,
        "events_by_status": {},
        "failures": 0,
        "ledger_ok": True,
        "topup_min_cents": 1_000,
        "topup_max_cents": 1_000_000,
        "upstreams": (UpstreamView(name="sandbox", state="connected", detail="delivers to us", last_event_at=None),),
        "feed_epoch": "e1",
        "feed_seq": 0,
    }
    return StatusView(**(given | changes))


def invoice(number: int, **changes: Any) -> InvoiceView:
    gross = changes.pop("gross_cents", 5_000)
    given = {
        "id": number,
        "number": f"TOP-2026-{number:05d}",
        "company_id": 1,
        "company_slug": SLUGS[1],
        "topup_id": number,
        "currency": "eur",
        "net_cents": round(gross / 1.19),
        "tax_basis_points": 1_900,
        "tax_cents": gross - round(gross / 1.19),
        "gross_cents": gross,
        "company_name": NAMES[1],
        "company_email": "buchhaltung@acme.example.com",
        "company_country": "DE",
        "company_tax_number": None,
        "company_vat_id": "DE123456789",
        "language": "de",
        "items": (
            InvoiceItemView(
                description=f"Guthaben, Aufladung {number}",
                quantity=1,
                unit_price_cents=round(gross / 1.19),
                net_cents=round(gross / 1.19),
            ),
        ),
        "issued_at": at(number),
    }
    return InvoiceView(**(given | changes))


def notice(number: int, **changes: Any) -> NoticeView:
    given = {
        "id": number,
        "company_id": 2,
        "company_slug": SLUGS[2],
        "kind": "low_balance",
        "level": "low",
        "channel": "mail",
        "recipient": "kasse@bergbau.example.com",
        "language": "de",
        "status": "sent",
        "cause": f"low:{number}",
        "subject": "Bergbau Nord: Ihr Guthaben ist niedrig",
        "body": "Guten Tag,\n\nBergbau Nord hat noch 12,40 EUR Guthaben.\n\nIhr Abrechnungsteam\n",
        "created_at": at(number),
        "sent_at": at(number),
    }
    return NoticeView(**(given | changes))


def audit(number: int, **changes: Any) -> AuditView:
    given = {
        "id": number,
        "company_id": 1,
        "company_slug": SLUGS[1],
        "actor": "maria",
        "action": "balance.adjusted",
        "target": "company_1",
        "reason": "Goodwill after the outage",
        "before": {"balance_cents": 14_890, "bonus_cents": 0},
        "after": {"balance_cents": 14_890, "bonus_cents": 500},
        "created_at": at(number),
    }
    return AuditView(**(given | changes))


def performed(number: int, **changes: Any) -> PerformedView:
    given = {
        "at": at(number),
        "ended_at": at(number + 0.042),
        "name": "topups.create",
        "input": {"company": SLUGS[1], "amount_cents": 5_000, "card": "visa"},
        "outcome": "done",
        "ids": {"id": number, "company_id": 1},
    }
    return PerformedView(**(given | changes))


def period(name: str, spent_cents: int, limit_cents: int | None, days: int) -> PeriodView:
    return PeriodView(
        period=name,
        starts_at=at(0) - timedelta(hours=9),
        ends_at=at(0) + timedelta(hours=15, days=days - 1),
        spent_cents=spent_cents,
        limit_cents=limit_cents,
        remaining_cents=None if limit_cents is None else limit_cents - spent_cents,
        percent=None if limit_cents is None else spent_cents * 100 // limit_cents,
    )


def limits(**changes: Any) -> LimitsView:
    given = {
        "company_id": 1,
        "company_slug": SLUGS[1],
        "timezone": "Europe/Berlin",
        "hard_limit": False,
        "send_alerts": True,
        "alert_steps": (50, 80, 100),
        "last_alert_at": None,
        "periods": (
            period("daily", 1_900, 2_000, 1),
            period("weekly", 3_900, 5_000, 7),
            period("monthly", 3_900, None, 29),
        ),
    }
    return LimitsView(**(given | changes))


def step(depth: int, kind: str, reference: str, title: str, seconds: float, **changes: Any) -> TraceNode:
    given = {
        "depth": depth,
        "kind": kind,
        "reference": reference,
        "title": title,
        "detail": "",
        "at": at(seconds),
        "status": None,
    }
    return TraceNode(**(given | changes))


def usage(**changes: Any) -> UsageView:
    costs = [0, 240, 310, 0, 0, 520, 480, 110, 90, 760, 0, 0, 150, 420, 890, 640, 300, 0, 0, 210, 330, 470, 560, 80, 0]
    costs += [0, 410, 380, 700, 1_900]
    days = tuple(
        UsageDayView(
            day=(NINE - timedelta(days=29 - place)).date(),
            calls=cents // 100,
            talked_s=cents // 100 * 157,
            cost_cents=cents,
            refunded_cents=0,
        )
        for place, cents in enumerate(costs)
    )
    calls = sum(each.calls for each in days)
    given = {
        "company_id": 1,
        "company_slug": SLUGS[1],
        "timezone": "Europe/Berlin",
        "since": NINE - timedelta(days=29, hours=9),
        "calls": calls,
        "talked_s": calls * 157,
        "cost_cents": sum(costs),
        "refunded_cents": 110,
        "average_s": 157,
        "average_cents": sum(costs) // calls,
        "by_day": days,
        "top_numbers": (
            NumberUsageView(number="+49897654321", calls=40, talked_s=6_280, cost_cents=4_400),
            NumberUsageView(number="+43123456789", calls=12, talked_s=1_884, cost_cents=1_320),
        ),
    }
    return UsageView(**(given | changes))
