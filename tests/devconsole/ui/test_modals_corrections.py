"""Spending limits, adjustments, withdrawals, calls that are not to be paid."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot

from devconsole.screens.company import CompanyScreen
from devconsole.screens.modals.corrections import AdjustForm, WithdrawForm
from devconsole.screens.modals.limits import LimitsForm
from devconsole.screens.modals.non_billable import NonBillableForm
from devconsole.widgets.limits_pane import LimitsPane
from relay.api import AdjustBalance, LimitsView, MarkNonBillable, SetLimits, ShowLimits, ShowUsage, WithdrawBalance
from tests.support import views
from tests.support.companies import busy
from tests.support.forms import OPEN, Stage, can_submit, note, outcome
from tests.support.playing import console, line_with, loaded, press, screen_text, until

ACME = views.company(1, balance=views.balance(1, balance_cents=10_000, bonus_cents=500, reserved_cents=300))
BERGBAU = views.company(2, balance=views.balance(2, balance_cents=0))


async def entered(app: Stage, *keys: str) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *keys)


async def test_limits_are_set_as_shown_and_an_empty_one_is_taken_away() -> None:
    app = Stage(lambda: LimitsForm(ACME, views.limits()))
    async with app.run_test(size=(80, 24)) as pilot:
        assert note(app, "daily") == "or empty; 19.00 EUR spent"
        assert outcome(app) == "1.00 EUR are left today; then a notice is sent, calls go on."
        await press(pilot, *"25", "tab", "backspace", "tab", *"150")
        assert outcome(app) == "6.00 EUR are left today; then a notice is sent, calls go on."
        await press(pilot, "tab", "tab", "space")
        assert outcome(app) == "6.00 EUR are left today; then calls are refused."
        await press(pilot, "enter")
    assert app.answer == SetLimits(
        company="acme-telefon",
        daily_limit_cents=2_500,
        weekly_limit_cents=0,
        monthly_limit_cents=15_000,
        alert_steps=(50, 80, 100),
        send_alerts=True,
        hard_limit=True,
    )


async def test_a_limit_that_is_used_up_says_what_happens_then() -> None:
    app = Stage(lambda: LimitsForm(ACME, views.limits(hard_limit=True)))
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *"19")
        assert outcome(app) == "Nothing is left today: calls are refused."
        await press(pilot, "backspace", "backspace", "tab", "backspace")
        assert outcome(app) == "No limit: only the balance ends calls."


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("0", "✗ Leave it empty for no limit"),
        ("-5", "✗ An amount is never negative"),
        ("200000", "✗ At most 100,000.00 EUR"),
    ],
)
async def test_a_limit_that_cannot_be_is_refused_where_it_is_typed(entry: str, reason: str) -> None:
    app = Stage(lambda: LimitsForm(ACME, views.limits()))
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *entry)
        assert note(app, "daily") == reason
        assert not can_submit(app)


@pytest.mark.parametrize("entry", ["0", "101", "fifty", "1 2 3 4 5 6 7 8 9 10 11"])
async def test_steps_are_percentages(entry: str) -> None:
    app = Stage(lambda: LimitsForm(ACME, views.limits()))
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "tab", "tab", "tab", *entry)
        assert note(app, "steps").startswith("✗")
        await press(pilot, "enter")
    assert app.answer is OPEN


async def test_an_adjustment_names_who_and_why() -> None:
    app = Stage(lambda: AdjustForm((ACME, BERGBAU)))
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *"12.50")
        assert outcome(app) == "Acme Telefon: money 100.00 EUR → 112.50 EUR."
        await press(pilot, "enter")
        assert note(app, "reason") == "✗ Say it in a few words", "without a reason nothing is booked"
        await press(pilot, *"outage", "tab", *"maria", "enter")
    assert app.answer == AdjustBalance(company="acme-telefon", money_cents=1_250, reason="outage", actor="maria")


async def test_bonus_is_taken_away_by_keys_alone() -> None:
    app = Stage(lambda: AdjustForm((ACME, BERGBAU)))
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "shift+tab", "enter", "end", "enter", "tab", *"6", "tab", *"wrong")
        assert note(app, "amount") == "✗ At most 5.00 EUR can be taken"
        await press(pilot, "shift+tab", *"5", "enter")
    assert app.answer == AdjustBalance(company="acme-telefon", bonus_cents=-500, reason="wrong", actor="developer")


async def test_at_most_what_is_neither_bonus_nor_held_is_paid_out() -> None:
    app = Stage(lambda: WithdrawForm((ACME, BERGBAU)))
    async with app.run_test(size=(80, 24)) as pilot:
        assert outcome(app) == "97.00 EUR can be paid out: bonus and what running calls hold stay."
        await press(pilot, *"97.01", "tab", *"contract ended")
        assert note(app, "amount") == "✗ At most 97.00 EUR can be paid out"
        await press(pilot, "shift+tab", *"97", "enter")
    assert app.answer == WithdrawBalance(
        company="acme-telefon", amount_cents=9_700, reason="contract ended", actor="developer"
    )


async def test_a_call_is_marked_as_not_billable_with_a_reason() -> None:
    app = Stage(lambda: NonBillableForm(views.call(3, refunded_cents=10)))
    async with app.run_test(size=(80, 24)) as pilot:
        assert "1.00 EUR go back to the balance" in outcome(app)
        await press(pilot, "tab", *"echo on the line", "enter")
    assert app.answer == MarkNonBillable(call=3, reason="technical_issue", notes="echo on the line")


async def test_an_unpaid_call_is_forgiven() -> None:
    app = Stage(lambda: NonBillableForm(views.call(3, charge_status="unpaid")))
    async with app.run_test(size=(80, 24)) as pilot:
        assert outcome(app) == "Nothing was taken for it, and nothing will be."
        await press(pilot, "tab", "enter")
    assert app.answer == MarkNonBillable(call=3, reason="technical_issue", notes=None)


# In the console.


async def at_limits(pilot: Pilot[Any]) -> CompanyScreen:
    app = await loaded(pilot)
    app.open_company("acme-telefon")
    await until(pilot, lambda: isinstance(app.screen, CompanyScreen))
    await press(pilot, *["right"] * 4)
    screen = app.screen
    assert isinstance(screen, CompanyScreen)
    await until(pilot, lambda: screen.query_one(LimitsPane).limits is not None)
    return screen


async def test_limits_show_what_is_spent_of_each_and_the_rules() -> None:
    async with console(busy()).run_test(size=(80, 24)) as pilot:
        await at_limits(pilot)
        assert "95 %      19.00 of 20.00 EUR" in line_with(pilot, "Today")
        assert "78 %      39.00 of 50.00 EUR" in line_with(pilot, "This week")
        assert "39.00 EUR  no limit" in line_with(pilot, "This month")
        assert "Over a limit calls go on" in screen_text(pilot)
        assert "50 %, 80 %, 100 %" in screen_text(pilot)


async def test_s_sets_the_limits_and_the_new_ones_are_shown() -> None:
    source = busy()
    now: list[LimitsView] = [views.limits()]
    source.answers[ShowLimits] = lambda _asked: now[0]

    def set_limits(asked: SetLimits) -> LimitsView:
        now[0] = views.limits(hard_limit=asked.hard_limit, periods=(views.period("daily", 1_900, 4_000, 1),))
        source.push(views.balance(1, balance_cents=10_001))
        return now[0]

    source.answers[SetLimits] = set_limits
    async with console(source).run_test(size=(110, 30), notifications=True) as pilot:
        await at_limits(pilot)
        await press(pilot, "s")
        await until(pilot, lambda: isinstance(pilot.app.screen, LimitsForm))
        await press(pilot, *"40", "enter")
        await until(pilot, lambda: "47 %" in screen_text(pilot))
        assert "Limits saved" in screen_text(pilot)


async def test_s_without_a_company_says_where_to_find_one() -> None:
    async with console(busy()).run_test(size=(110, 30), notifications=True) as pilot:
        await loaded(pilot)
        await press(pilot, "6", "s")
        await until(pilot, lambda: "Select a company first" in screen_text(pilot))


@pytest.mark.parametrize(("key", "form"), [("b", AdjustForm), ("W", WithdrawForm), ("f", NonBillableForm)])
async def test_each_form_has_its_key(key: str, form: type[Any]) -> None:
    async with console(busy()).run_test(size=(110, 30), notifications=True) as pilot:
        await loaded(pilot)
        await press(pilot, key)
        await until(pilot, lambda: isinstance(pilot.app.screen, form))


async def test_usage_stands_below_the_limits() -> None:
    async with console(busy()).run_test(size=(110, 36)) as pilot:
        await at_limits(pilot)
        await until(pilot, lambda: "Last 30 days" in screen_text(pilot))
        assert "a call 0:02:37 for" in line_with(pilot, "Last 30 days")
        assert "1.10 EUR given back" in line_with(pilot, "Last 30 days")
        assert "44.00 EUR" in line_with(pilot, "+49897654321")


async def test_a_company_that_never_called_has_no_chart() -> None:
    source = busy()
    source.answers[ShowUsage] = views.usage(calls=0, talked_s=0, average_s=None, average_cents=None, top_numbers=())
    async with console(source).run_test(size=(110, 36)) as pilot:
        await at_limits(pilot)
        await until(pilot, lambda: "no call has ended" in screen_text(pilot))
        assert "┤" not in screen_text(pilot)
