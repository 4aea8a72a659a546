"""Simulate, start and end a call; drain a balance; refund a call."""

from __future__ import annotations

from devconsole.screens.modals.drain import DrainForm
from devconsole.screens.modals.end_call import EndCallForm
from devconsole.screens.modals.refunds import RefundCallForm
from devconsole.screens.modals.simulate_call import SimulateCallForm
from devconsole.widgets.field import Preset
from relay.api import DrainBalance, EndCall, RefundCall, SimulateCall, StartCall
from tests.support import views
from tests.support.forms import OPEN, Stage, can_submit, note, outcome

ACME = views.company(1, balance=views.balance(1, balance_cents=10_000))
BERGBAU = views.company(2, balance=views.balance(2, balance_cents=1_240))
COMPANIES = (ACME, BERGBAU)
RUNNING = views.call(3, status="in_progress", amount_cents=None, duration_s=None)


async def test_enter_simulates_the_call_that_is_suggested() -> None:
    app = Stage(lambda: SimulateCallForm(COMPANIES))
    async with app.run_test(size=(80, 24)) as pilot:
        assert outcome(app).startswith("157 s × 0.42 EUR/min = 1.10 EUR; 98.90 EUR remain")
        await pilot.press("enter")
        await pilot.pause()
    assert app.answer == SimulateCall(company="acme-telefon", duration_s=157)


async def test_the_preview_follows_what_is_typed() -> None:
    app = Stage(lambda: SimulateCallForm(COMPANIES, company="bergbau-nord"))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*"10 min")
        await pilot.pause()
        assert outcome(app).startswith("600 s × 0.42 EUR/min = 4.20 EUR; 8.20 EUR remain")
        await pilot.press("enter")
        await pilot.pause()
    assert app.answer == SimulateCall(company="bergbau-nord", duration_s=600)


async def test_a_duration_that_cannot_be_read_keeps_the_form_open() -> None:
    app = Stage(lambda: SimulateCallForm(COMPANIES))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*"2:75")
        await pilot.pause()
        assert note(app, "duration") == "✗ Seconds after a colon go from 00 to 59"
        assert not can_submit(app)
        await pilot.press("enter")
        await pilot.pause()
        assert app.answer is OPEN
        await pilot.press("backspace", "backspace", *"15", "enter")
        await pilot.pause()
    assert app.answer == SimulateCall(company="acme-telefon", duration_s=135)


async def test_the_arrow_keys_step_through_the_presets() -> None:
    app = Stage(lambda: SimulateCallForm(COMPANIES))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("down", "enter")
        await pilot.pause()
    assert app.answer == SimulateCall(company="acme-telefon", duration_s=600)


async def test_a_click_enters_a_preset_and_another_one_sends() -> None:
    app = Stage(lambda: SimulateCallForm(COMPANIES))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.click(app.screen.query(Preset).first())
        await pilot.click("#submit")
        await pilot.pause()
    assert app.answer == SimulateCall(company="acme-telefon", duration_s=30)


async def test_another_company_is_chosen_with_the_keyboard() -> None:
    app = Stage(lambda: SimulateCallForm(COMPANIES))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("shift+tab", "enter", "down", "enter", "tab", "enter")
        await pilot.pause()
    assert app.answer == SimulateCall(company="bergbau-nord", duration_s=157)


async def test_a_call_that_runs_is_started_without_a_duration() -> None:
    app = Stage(lambda: SimulateCallForm(COMPANIES))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*"nonsense", "ctrl+r")
        await pilot.pause()
    assert app.answer == StartCall(company="acme-telefon")


async def test_the_button_starts_a_call_that_runs() -> None:
    app = Stage(lambda: SimulateCallForm(COMPANIES))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.click("#start")
        await pilot.pause()
    assert app.answer == StartCall(company="acme-telefon")


async def test_escape_answers_nothing() -> None:
    app = Stage(lambda: SimulateCallForm(COMPANIES))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("escape")
        await pilot.pause()
    assert app.answer is None


async def test_without_a_company_the_form_says_how_to_get_one() -> None:
    app = Stage(lambda: SimulateCallForm(()))
    async with app.run_test(size=(80, 24)) as pilot:
        assert not can_submit(app)
        await pilot.press("enter", "ctrl+r")
        await pilot.pause()
        assert app.answer is OPEN


async def test_a_call_ends_with_the_time_since_its_start() -> None:
    app = Stage(lambda: EndCallForm(RUNNING, ACME))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter")
        await pilot.pause()
    assert app.answer == EndCall(call=3)


async def test_a_call_ends_after_the_duration_that_is_typed() -> None:
    app = Stage(lambda: EndCallForm(RUNNING, ACME))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("shift+tab", "shift+tab", *"1:00", "enter")
        await pilot.pause()
    assert app.answer == EndCall(call=3, duration_s=60)


async def test_draining_suggests_just_below_the_threshold_of_each_company() -> None:
    app = Stage(lambda: DrainForm((ACME, views.company(2, balance=views.balance(2, low_balance_threshold_cents=500)))))
    async with app.run_test(size=(80, 24)) as pilot:
        assert outcome(app) == "100.00 EUR → 19.99 EUR: an adjustment of -80.01 EUR"
        await pilot.press("shift+tab", "enter", "down", "enter")
        await pilot.pause()
        await pilot.press("tab", "enter")
        await pilot.pause()
    assert app.answer == DrainBalance(company="bergbau-nord", to_cents=499)


async def test_a_balance_is_not_drained_upwards() -> None:
    app = Stage(lambda: DrainForm((BERGBAU,)))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter")
        await pilot.pause()
        assert note(app, "to") == "✗ Nothing to drain: there are 12.40 EUR"
        assert app.answer is OPEN
        await pilot.press(*"0", "enter")
        await pilot.pause()
    assert app.answer == DrainBalance(company="bergbau-nord", to_cents=0)


async def test_a_call_is_refunded_in_full_by_default() -> None:
    app = Stage(lambda: RefundCallForm(views.call(7)))
    async with app.run_test(size=(80, 24)) as pilot:
        assert outcome(app) == "Full refund: 1.10 EUR go back to the balance at once."
        await pilot.press("enter")
        await pilot.pause()
    assert app.answer == RefundCall(call=7, amount_cents=110, reason="technical_issue")


async def test_a_call_is_refunded_in_part_for_a_reason() -> None:
    app = Stage(lambda: RefundCallForm(views.call(7)))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*"0.40", "tab", "enter", "down", "down", "enter")
        await pilot.pause()
        assert outcome(app) == "Partial refund: 0.40 EUR go back to the balance at once."
        await pilot.press("tab", *"a gap", "enter")
        await pilot.pause()
    assert app.answer == RefundCall(call=7, amount_cents=40, reason="wrong_number", notes="a gap")


async def test_no_more_is_refunded_than_is_left() -> None:
    app = Stage(lambda: RefundCallForm(views.call(7, refunded_cents=40, refund_status="partial")))
    async with app.run_test(size=(80, 24)) as pilot:
        assert "up to 0.70 EUR; 0.40 EUR refunded so far" in note(app, "amount")
        await pilot.press(*"0.71", "enter")
        await pilot.pause()
        assert note(app, "amount") == "✗ At most 0.70 EUR"
        assert app.answer is OPEN


async def test_what_was_refunded_in_full_is_not_refunded_again() -> None:
    app = Stage(lambda: RefundCallForm(views.call(7, refunded_cents=110, refund_status="full")))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter")
        await pilot.pause()
        assert note(app, "amount") == "✗ Everything has been refunded"
        assert app.answer is OPEN
