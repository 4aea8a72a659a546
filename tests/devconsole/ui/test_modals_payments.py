"""Top up, automatic top-up, refund a payment, cancel a top-up."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from devconsole.screens.modals.auto_topup import AutoTopupForm, CheckAutoTopupForm
from devconsole.screens.modals.confirm import CancelTopupForm
from devconsole.screens.modals.refunds import RefundPaymentForm
from devconsole.screens.modals.topup import CheckoutForm, TopupForm
from devconsole.widgets.picker import EntryList
from relay.api import (
    CancelTopup,
    CheckAutoTopup,
    CheckoutTopup,
    CreateTopup,
    PreviewTopup,
    RefundCharge,
    SetAutoTopup,
    TopupPreview,
)
from tests.support import views
from tests.support.console import FakeSource
from tests.support.forms import CARDS, OPEN, Stage, can_submit, note, outcome
from tests.support.playing import console, loaded, press, screen_text, until
from tests.support.stories import companies

NOW = views.at(30)
ARMED = views.company(
    1,
    balance=views.balance(1, balance_cents=1_940),
    auto_topup=views.auto_topup(
        1,
        enabled=True,
        threshold_cents=1_000,
        amount_cents=5_000,
        daily_limit=2,
        payment_method="pm_1",
        payment_method_label="visa •••• 4242",
    ),
)
BARE = views.company(2, balance=views.balance(2, balance_cents=900))


async def test_enter_tops_up_with_the_first_card() -> None:
    app = Stage(lambda: TopupForm((BARE,), CARDS))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter")
        await pilot.pause()
    assert app.answer == CreateTopup(company="bergbau-nord", amount_cents=5_000, card="visa")


def brings(asked: PreviewTopup) -> TopupPreview:
    return TopupPreview(
        company_id=2,
        company_slug=asked.company,
        amount_cents=asked.amount_cents,
        bonus_cents=500,
        bonus_rule="Welcome",
        bonus_basis_points=1_000,
        is_capped=False,
        passed_over=(),
        net_cents=4_202,
        tax_cents=798,
        effective_total_after_cents=6_400,
    )


@pytest.mark.parametrize(
    "form",
    [lambda look: TopupForm((BARE,), CARDS, look=look), lambda look: CheckoutForm((BARE,), look=look)],
)
async def test_bonus_balance_and_tax_are_told_before_it_is_sent(form: Any) -> None:
    asked: list[PreviewTopup] = []

    async def look(preview: PreviewTopup) -> TopupPreview:
        asked.append(preview)
        return brings(preview)

    app = Stage(lambda: form(look))
    async with app.run_test(size=(80, 24)) as pilot:
        async with asyncio.timeout(10):
            while "onus 5.00 EUR (Welcome), then 64.00 EUR to use" not in outcome(app):
                await pilot.pause(0.02)
        assert "Invoice: 42.02 net + 7.98 VAT" in outcome(app)
        assert asked == [PreviewTopup(company="bergbau-nord", amount_cents=5_000)]
        assert can_submit(app)


@pytest.mark.parametrize("key", ["t", "o"])
async def test_the_form_takes_what_the_server_takes(key: str) -> None:
    source = FakeSource(companies=companies(), cards=CARDS)
    source.status = views.status(topup_min_cents=7_000, topup_max_cents=20_000)
    async with console(source).run_test(size=(100, 40)) as pilot:
        app = await loaded(pilot)
        await press(pilot, key)
        await until(pilot, lambda: "70.00 to 200.00 EUR" in screen_text(pilot))
        presets = screen_text(pilot)
        assert can_submit(app), "it begins with an amount that the server takes"
        assert "100.00" in presets
        assert "250.00" not in presets
        await press(pilot, *"69.99")
        await until(pilot, lambda: "At least 70.00 EUR" in screen_text(pilot))


async def test_a_card_is_found_by_searching() -> None:
    app = Stage(lambda: TopupForm((BARE,), CARDS))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*"25.50", "tab", *"9995", "enter")
        await pilot.pause()
    assert app.answer == CreateTopup(company="bergbau-nord", amount_cents=2_550, card="insufficient-funds")


async def test_the_arrow_keys_move_through_the_gallery_over_its_headings() -> None:
    app = Stage(lambda: TopupForm((BARE,), CARDS))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("tab", "down", "down", "enter")
        await pilot.pause()
    assert app.answer == CreateTopup(company="bergbau-nord", amount_cents=5_000, card="generic-decline")


async def test_a_click_on_a_card_highlights_it_and_charges_nothing() -> None:
    app = Stage(lambda: TopupForm((BARE,), CARDS))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.click(EntryList, offset=(5, 2))
        await pilot.pause()
        assert app.answer is OPEN
        await pilot.click("#submit")
        await pilot.pause()
    assert app.answer == CreateTopup(company="bergbau-nord", amount_cents=5_000, card="mastercard")


async def test_a_double_click_on_a_card_charges_it() -> None:
    app = Stage(lambda: TopupForm((BARE,), CARDS))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.double_click(EntryList, offset=(5, 2))
        await pilot.pause()
    assert app.answer == CreateTopup(company="bergbau-nord", amount_cents=5_000, card="mastercard")


async def test_the_saved_card_is_charged_by_naming_none() -> None:
    app = Stage(lambda: TopupForm((ARMED,), CARDS))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("tab", *"saved card", "enter")
        await pilot.pause()
    assert app.answer == CreateTopup(company="acme-telefon", amount_cents=5_000, card=None)


async def test_a_company_without_a_saved_card_cannot_use_one() -> None:
    app = Stage(lambda: TopupForm((ARMED, BARE), CARDS, company="bergbau-nord"))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("tab", *"saved card")
        await pilot.pause()
        assert outcome(app) == "Bergbau Nord has no saved card"
        assert not can_submit(app)
        await pilot.press("enter")
        await pilot.pause()
        assert app.answer is OPEN


async def test_a_search_that_finds_no_card_cannot_be_sent() -> None:
    app = Stage(lambda: TopupForm((BARE,), CARDS))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("tab", *"diners")
        await pilot.pause()
        assert not can_submit(app)
        await pilot.press("enter")
        await pilot.pause()
        assert app.answer is OPEN


async def test_a_card_may_be_given_beforehand() -> None:
    app = Stage(lambda: TopupForm((BARE,), CARDS, card="refund-pending"))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter")
        await pilot.pause()
    assert app.answer == CreateTopup(company="bergbau-nord", amount_cents=5_000, card="refund-pending")


async def test_an_amount_with_three_decimals_keeps_the_form_open() -> None:
    app = Stage(lambda: CheckoutForm((BARE,)))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*"50.001", "enter")
        await pilot.pause()
        assert note(app, "amount") == "✗ At most two decimals, such as 50.00"
        assert not can_submit(app)
        assert app.answer is OPEN
        await pilot.press("ctrl+u", *"9.99", "enter")
        await pilot.pause()
        assert note(app, "amount") == "✗ At least 10.00 EUR"
        await pilot.press("ctrl+u", *"10000,01", "enter")
        await pilot.pause()
        assert note(app, "amount") == "✗ At most 10,000.00 EUR"
        assert app.answer is OPEN


async def test_a_checkout_page_is_asked_for_with_an_amount() -> None:
    app = Stage(lambda: CheckoutForm((BARE,)))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*"100", "enter")
        await pilot.pause()
    assert app.answer == CheckoutTopup(company="bergbau-nord", amount_cents=10_000)


async def test_settings_are_saved_as_a_whole_and_keep_the_card() -> None:
    app = Stage(lambda: AutoTopupForm((ARMED,), CARDS, now=NOW))
    async with app.run_test(size=(80, 24)) as pilot:
        assert outcome(app) == "Balance 19.40 EUR is above 10.00 EUR: nothing now."
        await pilot.press("tab", *"20", "tab", *"100")
        await pilot.pause()
        assert outcome(app) == "Balance 19.40 EUR is at or below 20.00 EUR: the next check charges 100.00 EUR."
        await pilot.press("enter")
        await pilot.pause()
    assert app.answer == SetAutoTopup(
        company="acme-telefon",
        enabled=True,
        threshold_cents=2_000,
        amount_cents=10_000,
        daily_limit=2,
        monthly_limit_cents=500_000,
        card=None,
    )


async def test_turning_it_off_is_one_key() -> None:
    app = Stage(lambda: AutoTopupForm((ARMED,), CARDS, now=NOW))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("space", "enter")
        await pilot.pause()
    assert app.answer == SetAutoTopup(
        company="acme-telefon",
        enabled=False,
        threshold_cents=1_000,
        amount_cents=5_000,
        daily_limit=2,
        monthly_limit_cents=500_000,
    )


async def test_the_amount_must_exceed_the_threshold() -> None:
    app = Stage(lambda: AutoTopupForm((ARMED,), CARDS, now=NOW))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("tab", *"50", "enter")
        await pilot.pause()
        assert note(app, "amount") == "✗ More than the threshold of 50.00 EUR"
        assert app.answer is OPEN


async def test_a_company_without_a_card_has_to_choose_one_first() -> None:
    app = Stage(lambda: AutoTopupForm((BARE,), CARDS, now=NOW))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("space")
        await pilot.pause()
        assert outcome(app) == "No card is saved: nothing can be charged until you choose one."
        assert not can_submit(app)
        await pilot.press(*["tab"] * 5, "enter", *"341", "enter")
        await pilot.pause()
        assert outcome(app).startswith("Balance 9.00 EUR is at or below 10.00 EUR")
        await pilot.press("tab", "tab", "enter")
        await pilot.pause()
    assert app.answer == SetAutoTopup(
        company="bergbau-nord",
        enabled=True,
        threshold_cents=1_000,
        amount_cents=5_000,
        daily_limit=3,
        monthly_limit_cents=500_000,
        card="attaches-then-declines",
    )


async def test_another_company_brings_its_own_settings() -> None:
    app = Stage(lambda: AutoTopupForm((BARE, ARMED), CARDS, now=NOW))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("shift+tab", "enter", "down", "enter")
        await pilot.pause()
        await pilot.press("tab", "tab", "enter")
        await pilot.pause()
    assert app.answer.company == "acme-telefon"
    assert app.answer.enabled is True
    assert app.answer.daily_limit == 2


async def test_more_than_five_a_day_is_refused() -> None:
    app = Stage(lambda: AutoTopupForm((ARMED,), CARDS, now=NOW))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*["tab"] * 3, *"6", "enter")
        await pilot.pause()
        assert note(app, "daily") == "✗ From 1 to 5"
        assert app.answer is OPEN


async def test_a_check_says_beforehand_what_it_would_find() -> None:
    app = Stage(lambda: CheckAutoTopupForm((ARMED,), now=NOW))
    async with app.run_test(size=(80, 24)) as pilot:
        assert outcome(app) == "Balance 19.40 EUR is above 10.00 EUR: nothing now."
        await pilot.press("enter")
        await pilot.pause()
    assert app.answer == CheckAutoTopup(company="acme-telefon")


async def test_a_payment_is_refunded_at_stripe_and_leaves_the_balance() -> None:
    app = Stage(lambda: RefundPaymentForm(views.topup(4, refunded_cents=1_000)))
    async with app.run_test(size=(80, 24)) as pilot:
        assert outcome(app).startswith("Full refund: 40.00 EUR go back to the card at Stripe.")
        assert "They leave the balance at once" in outcome(app)
        await pilot.press(*"15", "enter")
        await pilot.pause()
    assert app.answer == RefundCharge(
        charge="ch_000000000000000000000004", amount_cents=1_500, reason="requested_by_customer"
    )


async def test_a_payment_whose_charge_is_unknown_is_named_by_its_top_up() -> None:
    app = Stage(lambda: RefundPaymentForm(views.topup(4, charge_id=None)))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter")
        await pilot.pause()
    assert app.answer == RefundCharge(charge="4", amount_cents=5_000, reason="requested_by_customer")


async def test_a_top_up_is_cancelled_or_kept() -> None:
    pending = views.topup(4, status="pending", checkout_session_id="cs_1")
    kept, cancelled = Stage(lambda: CancelTopupForm(pending)), Stage(lambda: CancelTopupForm(pending))
    async with kept.run_test(size=(80, 24)) as pilot:
        await pilot.press("shift+tab", "enter")
        await pilot.pause()
    async with cancelled.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter")
        await pilot.pause()
    assert kept.answer is None
    assert cancelled.answer == CancelTopup(topup=4)
