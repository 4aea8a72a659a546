"""The screen of one company, and the list of all."""

from __future__ import annotations

import pytest
from textual.widgets import Button, Static, TabPane

from devconsole.app import DevConsole
from devconsole.screens.companies import CompaniesScreen, by_urgency
from devconsole.screens.company import CompanyScreen
from devconsole.screens.event_detail import EventDetailScreen
from devconsole.screens.modals.confirm import CancelTopupForm
from devconsole.screens.modals.end_call import EndCallForm
from devconsole.screens.modals.record_details import CallDetail, LedgerDetail
from devconsole.screens.modals.refunds import RefundCallForm, RefundPaymentForm
from devconsole.screens.modals.simulate_call import SimulateCallForm
from devconsole.screens.modals.topup_detail import TopupDetail
from devconsole.widgets.balance_list import BalanceList
from devconsole.widgets.company_header import CompanyHeader
from devconsole.widgets.record_pane import RecordPane
from devconsole.widgets.row_list import TupleList
from devconsole.widgets.settings_card import SettingsCard
from relay.api import CancelTopup, ListLedger, ListTopups, RefundCall, RefundCharge, ShowCompany
from tests.support import views
from tests.support.companies import ACME, BERGBAU, CAFE, LEDGER, TOPUPS, busy, console, fresh, open_company, until
from tests.support.console import UNREACHABLE, FakeSource, page
from tests.support.forms import CARDS
from tests.support.playing import screen_text


def ids(screen: CompanyScreen, name: str) -> list[int]:
    return [row.id for row in screen.query_one(f"#{name}", TupleList).rows]


def text(screen: CompanyScreen) -> str:
    return screen.query_one(CompanyHeader).render().plain


async def test_everything_of_the_company_is_asked_for_and_shown() -> None:
    source = busy()
    async with console(source).run_test(size=(100, 30)) as pilot:
        screen = await open_company(pilot)
        assert ids(screen, "ledger") == [9, 8, 7, 6, 1]
        assert ids(screen, "topups") == [4, 3, 2, 1]
        assert ids(screen, "calls") == [5, 4, 3, 2]
        assert ids(screen, "decisions") == [3, 2, 1]
        assert source.asked_for(ListLedger)[-1].company == "acme-telefon"


async def test_the_header_adds_up_the_balances() -> None:
    async with console(busy()).run_test(size=(80, 24)) as pilot:
        screen = await open_company(pilot)
        assert "money 100.00 + bonus 4.60 − reserved 2.10 = 102.50 EUR, 4 h 04 min of calls" in text(screen)
        assert "● good" in text(screen)


async def test_a_call_in_progress_ticks_with_what_it_has_cost_so_far() -> None:
    app = console(busy())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_company(pilot)
        assert "in call 0:01:10  ~0.49 EUR so far" in text(screen)
        app.clock.current = views.at(90)  # type: ignore[attr-defined]
        assert "in call 0:02:10  ~0.91 EUR so far" in text(screen)


async def test_the_arrow_keys_turn_the_tabs_and_focus_their_lists() -> None:
    async with console(busy()).run_test(size=(80, 24)) as pilot:
        screen = await open_company(pilot)
        seen = [str(screen.focused and screen.focused.id)]
        for key in ("right", "right", "right", "right", "right", "left", *["right"] * 4):
            await pilot.press(key)
            await pilot.pause()
            seen.append(str(screen.focused and screen.focused.id))
        assert seen == [
            *("ledger", "topups", "calls", "decisions", "limits", "invoices", "limits"),
            *("invoices", "notices", "audit", "ledger"),
        ]


async def test_enter_on_a_ledger_row_leads_to_the_event_that_caused_it() -> None:
    app = console(busy())
    async with app.run_test(size=(80, 24)) as pilot:
        await open_company(pilot)
        await pilot.press("down", "down", "down", "enter")
        await until(pilot, lambda: isinstance(app.screen, EventDetailScreen))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, CompanyScreen))


async def test_a_ledger_row_without_an_event_says_so_and_leads_to_what_it_was_booked_for() -> None:
    source = busy()
    source.answers[ListLedger] = page([views.ledger(9, event_id=None, reference_type="call", reference_id="3")])
    app = console(source)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_company(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, LedgerDetail))
        assert "no webhook caused this row" in screen_text(pilot)
        await pilot.press("o")
        await until(pilot, lambda: isinstance(app.screen, CallDetail))


async def test_a_charged_call_is_refunded_from_its_detail() -> None:
    source = busy()
    app = console(source)
    source.answers[RefundCall] = views.call(3, refunded_cents=110, refund_status="full")
    async with app.run_test(size=(80, 24)) as pilot:
        await open_company(pilot)
        await pilot.press("right", "right")
        await pilot.pause()
        await pilot.press("down", "down", "enter")
        await until(pilot, lambda: isinstance(app.screen, CallDetail))
        await pilot.press("u")
        await until(pilot, lambda: isinstance(app.screen, RefundCallForm))
        await pilot.press("enter")
        await until(pilot, lambda: source.asked_for(RefundCall))
    assert source.asked_for(RefundCall) == [RefundCall(call=3, amount_cents=110, reason="technical_issue")]


async def test_a_call_offers_only_what_can_be_done_with_it() -> None:
    """A call in progress ends, an unpaid one is forgiven, one that was given back only says why."""
    app = console(busy())
    async with app.run_test(size=(80, 24)) as pilot:
        await open_company(pilot)
        await pilot.press("right", "right")
        await pilot.pause()
        offered = []
        for key in ("home", "down", "down", "down"):
            await pilot.press(key, "enter")
            await until(pilot, lambda: isinstance(app.screen, CallDetail))
            offered.append(buttons(app))
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, CompanyScreen))
        assert offered == [
            ["End it", "Why", "Close"],
            ["Not billable", "Why", "Close"],
            ["Refund", "Not billable", "Why", "Close"],
            ["Not billable", "Why", "Close"],
        ]
        await pilot.press("home", "enter")
        await until(pilot, lambda: isinstance(app.screen, CallDetail))
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, EndCallForm))


def buttons(app: DevConsole) -> list[str]:
    return [str(button.label) for button in app.screen.query(Button)]


async def test_a_paid_top_up_is_refunded_from_its_detail() -> None:
    source = busy()
    app = console(source)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_company(pilot)
        await pilot.press("right")
        await pilot.pause()
        await pilot.press("down", "down", "enter")
        await until(pilot, lambda: isinstance(app.screen, TopupDetail))
        await pilot.press("p")
        await until(pilot, lambda: isinstance(app.screen, RefundPaymentForm))
        await pilot.press("enter")
        await until(pilot, lambda: source.asked_for(RefundCharge))
    assert source.asked_for(RefundCharge) == [
        RefundCharge(charge="ch_000000000000000000000002", amount_cents=4_000, reason="requested_by_customer")
    ]


async def test_an_open_top_up_is_cancelled_from_its_detail_with_the_mouse() -> None:
    app = console(busy())
    async with app.run_test(size=(80, 24)) as pilot:
        await open_company(pilot)
        await pilot.press("right")
        await pilot.pause()
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, TopupDetail))
        await pilot.click("#lead-2")
        await until(pilot, lambda: isinstance(app.screen, CancelTopupForm))


async def test_a_form_stays_about_the_top_up_that_was_opened() -> None:
    """A new top-up takes the first place while the detail of the one before is open."""
    source = busy()
    app = console(source)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_company(pilot)
        await pilot.press("right")
        await pilot.pause()
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, TopupDetail))
        source.answers[ListTopups] = page((views.topup(5, status="pending"), *TOPUPS))
        source.push(views.topup(5, status="pending"))
        await until(pilot, lambda: app.snapshot.topups[0].id == 5)
        await pilot.press("k")
        await until(pilot, lambda: isinstance(app.screen, CancelTopupForm))
        await pilot.press("enter")
        await until(pilot, lambda: source.asked_for(CancelTopup))
    assert source.asked_for(CancelTopup) == [CancelTopup(topup=4)]


@pytest.mark.parametrize(
    ("topup", "offered"),
    [
        (TOPUPS[0], ["Open the page", "Copy its address", "Cancel it", "Why", "Close"]),
        (TOPUPS[1], ["Why", "Close"]),
        (TOPUPS[2], ["Refund", "Why", "Close"]),
    ],
)
async def test_a_top_up_offers_only_what_can_be_done(topup: views.TopupView, offered: list[str]) -> None:
    app = console(busy())
    async with app.run_test(size=(80, 24)) as pilot:
        await open_company(pilot)
        app.push_screen(TopupDetail(topup))
        await until(pilot, lambda: isinstance(app.screen, TopupDetail))
        assert buttons(app) == offered
        if "Refund" not in offered:
            await pilot.press("p")
            await pilot.pause()
            assert isinstance(app.screen, TopupDetail)


async def test_the_whole_reason_of_the_selected_decision_is_shown() -> None:
    async with console(busy()).run_test(size=(80, 24)) as pilot:
        screen = await open_company(pilot)
        await pilot.press("right", "right", "right")
        await pilot.pause()
        explanation = screen.query_one("#tab-decisions Explanation", Static)
        assert str(explanation.visual).endswith("an hour after it, at 09:40:12.")
        await pilot.press("down")
        await pilot.pause()
        assert str(explanation.visual) == "The balance of 50.00 EUR is above the threshold of 20.00 EUR."


async def test_enter_on_a_decision_that_charged_shows_the_top_up() -> None:
    app = console(busy())
    async with app.run_test(size=(80, 24)) as pilot:
        await open_company(pilot)
        await pilot.press("right", "right", "right")
        await pilot.pause()
        await pilot.press("down", "down", "enter")
        await until(pilot, lambda: isinstance(app.screen, TopupDetail))


async def test_the_settings_say_what_they_have_used_and_would_do() -> None:
    async with console(busy()).run_test(size=(80, 24)) as pilot:
        screen = await open_company(pilot)
        settings = screen.query_one(SettingsCard).render().plain
        assert "50.00 EUR when at most 10.00 EUR are left  by visa •••• 4242" in settings
        assert "today 1 of 3 · this month 50.00 EUR of 5,000.00 EUR" in settings
        assert "Balance 102.50 EUR is above 10.00 EUR: nothing now." in settings


async def test_a_change_is_shown_at_once_and_loads_the_ledger_anew() -> None:
    source = busy()
    app = console(source)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_company(pilot)
        new = views.ledger(10, money_cents=2_500, balance_before_cents=10_000)
        source.answers[ListLedger] = lambda asked: page((new, *LEDGER))
        source.push(views.balance(1, balance_cents=12_500, updated_at=views.at(20)))
        await until(pilot, lambda: "money 125.00" in text(screen))
        await until(pilot, lambda: ids(screen, "ledger")[0] == 10)


async def test_a_change_of_another_company_loads_nothing() -> None:
    source = busy()
    app = console(source)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_company(pilot)
        asked = len(source.asked_for(ListLedger))
        source.push(views.balance(2, balance_cents=1, updated_at=views.at(20)))
        await until(pilot, lambda: app.snapshot.company(2).balance.balance_cents == 1)  # type: ignore[union-attr]
        assert len(source.asked_for(ListLedger)) == asked


async def test_a_storm_of_changes_loads_now_and_then() -> None:
    source = busy()
    app = console(source)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_company(pilot)
        asked = len(source.asked_for(ShowCompany))
        for cents in range(300):
            source.push(views.balance(1, balance_cents=cents, updated_at=views.at(20 + cents)))
            if cents % 30 == 0:
                await pilot.pause(0.01)
        await until(pilot, lambda: "money 2.99" in text(screen))
        assert len(source.asked_for(ShowCompany)) - asked <= 3


async def test_forms_opened_here_are_about_this_company() -> None:
    app = console(busy())
    async with app.run_test(size=(80, 24)) as pilot:
        await open_company(pilot, "bergbau-nord")
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, SimulateCallForm))
        assert app.screen.query_one("CompanySelect").company == BERGBAU  # type: ignore[attr-defined]


async def test_a_company_without_a_past_says_what_to_press() -> None:
    async with console(fresh()).run_test(size=(80, 24)) as pilot:
        screen = await open_company(pilot)
        names = ("ledger", "topups", "calls", "decisions")
        assert all(screen.query_one(f"#tab-{name}", TabPane).has_class("-empty") for name in names)
        await until(pilot, lambda: all(pane.has_class("-empty") for pane in screen.query(RecordPane)))
        assert "top up with a test card" in str(screen.query_one("#tab-ledger .company-empty", Static).visual)


async def test_when_nobody_answers_the_last_state_stays() -> None:
    source = busy()
    app = console(source)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_company(pilot)
        source.answers[ListLedger] = UNREACHABLE
        source.push(views.balance(1, balance_cents=1, updated_at=views.at(20)))
        await until(pilot, lambda: any(notice.title == "Not loaded" for notice in app._notifications))
        assert ids(screen, "ledger") == [9, 8, 7, 6, 1]


async def test_a_hostile_name_is_shown_as_it_is_written() -> None:
    hostile = "[bold red]Ltd[/] \x1b[31m\n" + "very " * 30
    odd = views.company(7, slug="odd", name=hostile, balance=views.balance(7, company_slug="odd"))
    app = console(FakeSource(companies=(odd,), cards=CARDS))
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_company(pilot, "odd")
        assert text(screen).startswith("[bold red]Ltd[/] ·[31m·very")
        for key in "ctoda":
            await pilot.press(key)
            await until(pilot, lambda: app.screen is not screen)
            label = app.screen.query_one("SelectCurrent #label", Static)
            assert str(label.visual).startswith("[bold red]Ltd[/] ·[31m·")
            assert label.size.height == 1
            await pilot.press("escape")
            await until(pilot, lambda: app.screen is screen)


async def test_escape_leads_back() -> None:
    app = console(busy())
    async with app.run_test(size=(80, 24)) as pilot:
        await open_company(pilot)
        await pilot.press("escape")
        await pilot.pause()
        assert not isinstance(app.screen, CompanyScreen)


def test_companies_that_need_something_come_first() -> None:
    off = views.company(4, prepaid_billing_enabled=False, balance=views.balance(4, balance_cents=0))
    rich = views.company(5, balance=views.balance(5, balance_cents=900_000))

    assert by_urgency((rich, off, ACME, BERGBAU, CAFE)) == (CAFE, BERGBAU, ACME, rich, off)


async def test_the_list_of_companies_opens_the_selected_one() -> None:
    app = console(busy())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.snapshot.loaded)
        await pilot.press("3")
        await until(pilot, lambda: isinstance(app.screen, CompaniesScreen) and app.screen.companies.rows)
        assert [row.slug for row in app.screen.query_one(BalanceList).rows] == [
            "cafe-sonnig",
            "bergbau-nord",
            "acme-telefon",
        ]
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(app.screen, CompanyScreen))
        assert isinstance(app, DevConsole)
        assert app.actions.selected_company() == "bergbau-nord"


async def test_the_list_of_companies_follows_the_feed() -> None:
    source = busy()
    app = console(source)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.snapshot.loaded)
        await pilot.press("3")
        await until(pilot, lambda: isinstance(app.screen, CompaniesScreen) and app.screen.companies.rows)
        source.push(views.balance(1, balance_cents=-500, updated_at=views.at(20)))
        companies = app.screen.query_one(BalanceList)
        await until(pilot, lambda: companies.rows[0].slug == "acme-telefon")


@pytest.mark.parametrize("width", [80, 100, 140])
async def test_nothing_of_the_header_is_cut_however_long_a_name_or_large_an_amount(width: int) -> None:
    company = views.company(
        1,
        name="Gesellschaft für Fernmeldewesen Südost",
        slug="gesellschaft-fuer-fernmeldewesen-suedost",
        prepaid_billing_enabled=False,
        is_active=False,
        balance=views.balance(1, balance_cents=123_456_789, bonus_cents=12_345_678, reserved_cents=1_234_567),
    )
    async with console(FakeSource(companies=(company,))).run_test(size=(width, 24)) as pilot:
        screen = await open_company(pilot, company.slug)
        header = screen.query_one(CompanyHeader)
        lines = header.render().plain.split("\n")
        assert all(len(line) <= header.content_size.width for line in lines), lines
        assert len(lines) == header.size.height, "each line has its room"
        for told in (company.name, company.slug, "prepaid billing off", "blocked: no top-ups", "0.42 EUR", "of calls"):
            assert any(told in line for line in lines), told
