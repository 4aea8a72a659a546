"""What the forms say would happen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from devconsole.preview import (
    AutoTopupDraft,
    auto_topup_outlook,
    call_preview,
    drain_preview,
    price_cents,
    running_call_preview,
)
from tests.support import views

NOW = views.at(30)
ARMED = AutoTopupDraft(
    enabled=True,
    threshold_cents=2_000,
    amount_cents=5_000,
    daily_limit=2,
    monthly_limit_cents=500_000,
    has_card=True,
)


@pytest.mark.parametrize(
    ("duration_s", "cents"),
    [(0, 0), (1, 1), (3, 2), (30, 21), (60, 42), (120, 84), (157, 110), (86_400, 60_480)],
)
def test_a_call_is_priced_by_the_second_and_rounded_half_up_once(duration_s: int, cents: int) -> None:
    assert price_cents(duration_s=duration_s, rate_e4_per_minute=4_200) == cents


def test_half_a_cent_is_rounded_up() -> None:
    assert price_cents(duration_s=30, rate_e4_per_minute=100) == 1


def test_a_call_says_its_formula_and_what_remains() -> None:
    company = views.company(1, balance=views.balance(1, balance_cents=10_000))

    assert call_preview(company, 157) == ("157 s × 0.42 EUR/min = 1.10 EUR; 98.90 EUR remain",)


def test_the_bonus_is_spent_first() -> None:
    company = views.company(1, balance=views.balance(1, balance_cents=10_000, bonus_cents=40))

    assert call_preview(company, 157)[1] == "0.40 EUR of it from the bonus."


def test_a_call_that_cannot_be_paid_says_so() -> None:
    company = views.company(1, balance=views.balance(1, balance_cents=100))

    first, second = call_preview(company, 157)

    assert first == "157 s × 0.42 EUR/min = 1.10 EUR; only 1.00 EUR there."
    assert "unpaid" in second


def test_a_call_that_falls_to_the_threshold_says_that_a_top_up_is_checked() -> None:
    company = views.company(
        1,
        balance=views.balance(1, balance_cents=2_110),
        auto_topup=views.auto_topup(1, enabled=True, threshold_cents=2_000, amount_cents=5_000),
    )

    assert call_preview(company, 157)[-1] == "At or below 20.00 EUR: an automatic top-up is checked."
    assert len(call_preview(company, 155)) == 1


def test_calls_of_a_company_without_prepaid_billing_cost_nothing() -> None:
    company = views.company(1, prepaid_billing_enabled=False)

    assert call_preview(company, 157) == ("Prepaid billing is off for Acme Telefon: the call costs nothing.",)


def test_starting_a_call_says_what_is_held_or_that_it_is_refused() -> None:
    rich = views.company(1, balance=views.balance(1, balance_cents=10_000))
    poor = views.company(1, balance=views.balance(1, balance_cents=41))

    assert running_call_preview(rich) == "Started instead, it holds up to 2.10 EUR until it ends."
    assert running_call_preview(poor) == "Starting one would be refused: one minute costs 0.42 EUR."


def test_draining_says_what_is_booked() -> None:
    company = views.company(1, balance=views.balance(1, balance_cents=10_000))

    assert drain_preview(company, 1_999) == ("100.00 EUR → 19.99 EUR: an adjustment of -80.01 EUR",)
    assert drain_preview(company, 10_000) == ("Nothing to drain: 100.00 EUR there.",)


@pytest.mark.parametrize(
    ("draft", "changes", "sentence"),
    [
        (replace(ARMED, enabled=False), {}, "Off: nothing is ever charged by itself."),
        (replace(ARMED, has_card=False), {}, "No card is saved: nothing can be charged until you choose one."),
        (replace(ARMED, amount_cents=None), {}, ""),
        (replace(ARMED, threshold_cents=1_939), {}, "Balance 19.40 EUR is above 19.39 EUR: nothing now."),
        (ARMED, {}, "Balance 19.40 EUR is at or below 20.00 EUR: the next check charges 50.00 EUR."),
        (
            ARMED,
            {"daily_count": 2},
            "Balance 19.40 EUR is at or below 20.00 EUR, but the 2 top-ups of today are used: skipped until tomorrow.",
        ),
        (
            ARMED,
            {"month_used_cents": 495_001},
            "Balance 19.40 EUR is at or below 20.00 EUR, but 4,950.01 EUR of this month's 5,000.00 EUR are used.",
        ),
    ],
)
def test_the_outlook_names_the_first_rule_that_says_no(
    draft: AutoTopupDraft, changes: dict[str, int], sentence: str
) -> None:
    company = views.company(1, balance=views.balance(1, balance_cents=1_940), auto_topup=views.auto_topup(1, **changes))

    assert auto_topup_outlook(company, draft, now=NOW) == sentence


def test_the_outlook_waits_for_the_end_of_the_cooldown() -> None:
    company = views.company(
        1,
        balance=views.balance(1, balance_cents=1_940),
        auto_topup=views.auto_topup(1, next_allowed_at=views.at(3_600)),
    )

    assert "but not before" in auto_topup_outlook(company, ARMED, now=NOW)
    assert "charges" in auto_topup_outlook(company, ARMED, now=views.at(3_600))
