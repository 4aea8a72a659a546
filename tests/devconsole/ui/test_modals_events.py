"""Trigger and replay events, switch test mode, create a company."""

from __future__ import annotations

from textual.widgets import Static

from devconsole.screens.modals.confirm import ReplayFailedForm, ReplayForm, TestModeForm
from devconsole.screens.modals.create_company import CreateCompanyForm
from devconsole.screens.modals.trigger_event import TriggerEventForm
from devconsole.widgets.text_input import OptionalTextInput
from relay.api import CreateCompany, ReplayEvents, SwitchTestMode, TriggerEvent
from tests.support import views
from tests.support.forms import EVENT_TYPES, OPEN, Stage, can_submit, note, outcome

COMPANIES = (views.company(1), views.company(2))


async def test_an_event_is_found_by_what_it_does() -> None:
    app = Stage(lambda: TriggerEventForm(EVENT_TYPES, COMPANIES, company="acme-telefon"))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*"refunded amount", "enter")
        await pilot.pause()
    assert app.answer == TriggerEvent(type="charge.refunded", company="acme-telefon", amount_cents=None)


async def test_an_event_may_belong_to_nobody_and_carry_an_amount() -> None:
    app = Stage(lambda: TriggerEventForm(EVENT_TYPES, COMPANIES))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("tab", "tab", "tab", *"19.99", "enter")
        await pilot.pause()
    assert app.answer == TriggerEvent(type="payment_intent.succeeded", company=None, amount_cents=1_999)


async def test_an_event_that_does_not_exist_cannot_be_sent() -> None:
    app = Stage(lambda: TriggerEventForm(EVENT_TYPES, COMPANIES))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*"nonsense", "enter")
        await pilot.pause()
        assert not can_submit(app)
        assert app.answer is OPEN
        await pilot.press("ctrl+u", *"settles", "enter")
        await pilot.pause()
    assert app.answer == TriggerEvent(type="checkout.session.completed")


async def test_one_event_is_replayed() -> None:
    app = Stage(lambda: ReplayForm(views.event(9, status="failed", reason="its payment is not there yet")))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter")
        await pilot.pause()
    assert app.answer == ReplayEvents(events=("evt_000000000000000000000009",))


async def test_what_came_from_outside_cannot_reach_the_terminal() -> None:
    app = Stage(lambda: ReplayForm(views.event(9, status="failed", reason="[red]no\x1b[2J top-up")))
    async with app.run_test(size=(80, 24)):
        statement = str(app.screen.query_one(".statement", Static).visual)
        assert "failed: [red]no·[2J top-up\n" in statement


async def test_all_that_failed_is_replayed() -> None:
    app = Stage(lambda: ReplayFailedForm(12))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.click("#submit")
        await pilot.pause()
    assert app.answer == ReplayEvents(failed=True)


async def test_test_mode_is_switched_to_what_it_is_not() -> None:
    off, on = Stage(lambda: TestModeForm(views.mode(True))), Stage(lambda: TestModeForm(views.mode(False)))
    for app in (off, on):
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.press("enter")
            await pilot.pause()
    assert off.answer == SwitchTestMode(on=False)
    assert on.answer == SwitchTestMode(on=True)


async def test_a_company_needs_no_more_than_a_name() -> None:
    app = Stage(lambda: CreateCompanyForm(COMPANIES))
    async with app.run_test(size=(80, 24)) as pilot:
        assert not can_submit(app)
        await pilot.press(*"Müller & Söhne")
        await pilot.pause()
        assert outcome(app) == "Starts with 0.00 EUR. Commands call it by a slug made from its name."
        await pilot.press("enter")
        await pilot.pause()
    assert app.answer == CreateCompany(company_name="Müller & Söhne")


async def test_all_of_a_company_can_be_given() -> None:
    app = Stage(lambda: CreateCompanyForm(COMPANIES))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*"Ada", "tab", *"ada", "tab", *"a@b.de", "tab", *"25", "tab", "space", "enter")
        await pilot.pause()
    assert app.answer == CreateCompany(
        company_name="Ada",
        slug="ada",
        email="a@b.de",
        opening_balance_cents=2_500,
        prepaid_billing_enabled=False,
    )


async def test_a_slug_that_exists_is_refused() -> None:
    app = Stage(lambda: CreateCompanyForm(COMPANIES))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*"Acme", "tab", *"acme-telefon", "enter")
        await pilot.pause()
        assert note(app, "slug") == "✗ acme-telefon exists already"
        for wrong in ("Acme", "12", "a--b", "a" * 61):
            app.screen.query_one("#slug", OptionalTextInput).text = wrong
            await pilot.pause()
            assert note(app, "slug").startswith("✗ Small letters")
        assert app.answer is OPEN


async def test_a_name_of_blanks_is_refused() -> None:
    app = Stage(lambda: CreateCompanyForm())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("space", "enter")
        await pilot.pause()
        assert note(app, "name") == "✗ A company needs a name"
        assert app.answer is OPEN
