"""The shell: operations and their outcome in a sentence, connection, locking, navigation, palette, themes, the end."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from devconsole.app import DevConsole
from devconsole.console_commands import COMMANDS
from devconsole.output import Failure
from devconsole.screens.help import HelpScreen
from devconsole.screens.modals.confirm import TestModeForm
from devconsole.screens.modals.simulate_call import SimulateCallForm
from devconsole.screens.modals.topup import TopupForm
from devconsole.source import Address, RemoteSource
from devconsole.store import Connection
from devconsole.themes import DARK, LIGHT
from relay.api import (
    CheckLedger,
    CheckoutTopup,
    CreateTopup,
    Finding,
    LedgerCheck,
    ListCards,
    Operation,
    RunDoctor,
    ShowStatus,
    SimulateCall,
    StripeComparison,
    SwitchTestMode,
)
from tests.support import views
from tests.support.console import UNREACHABLE, FakeSource, page, refused
from tests.support.playing import console, line_with, loaded, press, screen_text, until
from tests.support.stories import busy_day, companies, first_look

UNASKED = StripeComparison(asked=False, reason="Stripe is not asked here.")


@pytest.mark.parametrize(
    ("operation", "answer", "says"),
    [
        (
            CreateTopup(company="acme-telefon", amount_cents=5_000, card="visa"),
            views.topup(1),
            "50.00 EUR credited to acme-telefon.",
        ),
        (
            CreateTopup(company="acme-telefon", amount_cents=5_000, card="insufficient-funds"),
            views.topup(1, status="failed", decline_code="insufficient_funds"),
            "50.00 EUR for acme-telefon: insufficient funds.",
        ),
        (
            SimulateCall(company="acme-telefon", duration_s=157),
            views.call(1, paid_by_bonus_cents=60),
            "0:02:37 for 1.10 EUR, 0.60 EUR of it from",
        ),
        (
            SimulateCall(company="cafe-sonnig", duration_s=157),
            views.call(1, charge_status="unpaid"),
            "not enough money",
        ),
        (
            CheckLedger(),
            LedgerCheck(ok=True, rows=12, companies=3, duration_ms=2, breaches=(), stripe=UNASKED),
            "12 rows of 3 companies add up.",
        ),
        (
            CreateTopup(company="acme-telefon", amount_cents=1),
            refused("At least 10.00 EUR.", remedy="Choose a larger amount."),
            "At least 10.00 EUR. Choose a larger amount.",
        ),
        (CheckLedger(), UNREACHABLE, "Whether it was done is not"),
    ],
)
async def test_the_outcome_of_an_operation_is_said_in_a_sentence(
    operation: Operation[object], answer: object, says: str
) -> None:
    source = first_look()
    source.answers[type(operation)] = answer
    app = console(source)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await loaded(pilot)
        app.perform(operation)
        await until(pilot, lambda: says in screen_text(pilot))
        assert source.asked_for(type(operation)) == [operation]


async def test_the_screen_works_on_while_the_server_takes_its_time() -> None:
    source, gate = first_look(), asyncio.Event()

    class Slow(FakeSource):
        async def call(self, operation: Operation[object]) -> object:
            if isinstance(operation, CheckLedger):
                await gate.wait()
            return await super().call(operation)

    slow = Slow(companies=source.companies)
    slow.answers[CheckLedger] = LedgerCheck(ok=True, rows=1, companies=1, duration_ms=1, breaches=(), stripe=UNASKED)
    app = console(slow)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await loaded(pilot)
        await press(pilot, "l", "question_mark")
        assert isinstance(app.screen, HelpScreen)
        gate.set()
        await until(pilot, lambda: "1 row of 1 company add up." in screen_text(pilot))


async def test_c_opens_the_form_with_the_selected_company_and_enter_makes_the_call() -> None:
    source = first_look()
    source.answers[SimulateCall] = views.call(1)
    async with console(source).run_test(size=(120, 40), notifications=True) as pilot:
        app = await loaded(pilot)
        await press(pilot, "tab", "down", "c")
        await until(pilot, lambda: isinstance(app.screen, SimulateCallForm))
        await press(pilot, "enter")
        await until(pilot, lambda: source.asked_for(SimulateCall))
        assert source.asked_for(SimulateCall)[0].company == "bergbau-nord"


async def test_escape_leaves_a_form_and_nothing_is_done() -> None:
    source = first_look()
    async with console(source).run_test(size=(120, 40), notifications=True) as pilot:
        app = await loaded(pilot)
        asked = len(source.asked)
        await press(pilot, "c", "escape")
        assert not isinstance(app.screen, SimulateCallForm)
        assert len(source.asked) == asked


async def test_the_test_cards_are_asked_for_once() -> None:
    source = FakeSource(companies=companies(), cards=[views.card()])
    async with console(source).run_test(size=(120, 40), notifications=True) as pilot:
        app = await loaded(pilot)
        for _ in range(2):
            await press(pilot, "t")
            await until(pilot, lambda: isinstance(app.screen, TopupForm))
            await press(pilot, "escape")
        assert len(source.asked_for(ListCards)) == 1


async def test_the_checkout_page_opens_in_the_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "http://127.0.0.1:12111/c/pay/cs_test_1"
    source = first_look()
    source.answers[CheckoutTopup] = views.topup(1, status="pending", checkout_url=url)
    opened: list[str] = []

    monkeypatch.setattr("webbrowser.open", lambda url, **options: opened.append(url))
    async with console(source).run_test(size=(120, 40), notifications=True) as pilot:
        await loaded(pilot)
        await press(pilot, "o")
        await press(pilot, "enter")
        await until(pilot, lambda: opened)
    assert opened == [url]


@pytest.mark.parametrize(
    ("key", "says"), [("e", "No call is in progress."), ("u", "No charged call"), ("p", "No payment")]
)
async def test_where_there_is_nothing_to_do_it_says_so(key: str, says: str) -> None:
    async with console(first_look()).run_test(size=(120, 40), notifications=True) as pilot:
        await loaded(pilot)
        await press(pilot, key)
        assert says in screen_text(pilot)


async def test_a_lost_connection_keeps_the_last_state_says_so_and_comes_back() -> None:
    source = busy_day()
    async with console(source).run_test(size=(120, 40), notifications=True) as pilot:
        app = await loaded(pilot)
        source.break_connection()
        await until(pilot, lambda: app.snapshot.connection is Connection.RECONNECTING)
        assert "Connection lost. What you see is the last known state" in screen_text(pilot)
        assert "○ reconnecting" in line_with(pilot, "devconsole")
        assert "Acme Telefon" in screen_text(pilot)
        source.events.insert(0, views.event(10, type="customer.updated"))
        source.restore()
        await until(pilot, lambda: "customer.updated" in screen_text(pilot))
        assert "Connection lost" not in screen_text(pilot)
        assert "● live" in screen_text(pilot)


async def test_a_server_that_is_down_at_the_start_is_waited_for() -> None:
    source = first_look()
    source.break_connection()
    async with console(source).run_test(size=(120, 40), notifications=True) as pilot:
        await pilot.pause()
        assert "○ connecting" in screen_text(pilot)
        source.restore()
        await until(pilot, lambda: "Acme Telefon" in screen_text(pilot))


async def test_a_load_that_failed_is_tried_again_while_the_feed_lives() -> None:
    source = first_look()
    source.answers[ShowStatus] = UNREACHABLE
    async with console(source).run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: source.asked_for(ShowStatus))
        assert "Acme Telefon" not in screen_text(pilot)
        del source.answers[ShowStatus]
        source.push(views.event(11, type="customer.updated"))
        await until(pilot, lambda: "Acme Telefon" in screen_text(pilot))
        assert "● live" in screen_text(pilot)


async def test_locked_is_impossible_to_miss_and_m_unlocks() -> None:
    source = first_look()
    locked = views.mode(False, held_events=3)
    source.answers[SwitchTestMode] = views.mode(True)
    async with console(source).run_test(size=(80, 24), notifications=True) as pilot:
        app = await loaded(pilot)
        assert "TEST MODE" in line_with(pilot, "devconsole")
        source.push(views.status(test_mode=locked))
        await until(pilot, lambda: "LOCKED" in screen_text(pilot))
        assert "money stands still. 3" in screen_text(pilot)
        await press(pilot, "m")
        await until(pilot, lambda: isinstance(app.screen, TestModeForm))
        await press(pilot, "enter")
        await until(pilot, lambda: source.asked_for(SwitchTestMode))
        assert source.asked_for(SwitchTestMode) == [SwitchTestMode(on=True)]


async def test_a_broken_ledger_shows_on_every_screen() -> None:
    source = first_look()
    source.status = views.status(ledger_ok=False)
    async with console(source).run_test(size=(80, 24), notifications=True) as pilot:
        await loaded(pilot)
        for key in "12345":
            await press(pilot, key)
            await until(pilot, lambda: "ledger ✗ broken" in screen_text(pilot))


async def test_the_number_keys_and_clicks_on_their_names_lead_to_the_screens() -> None:
    async with console(busy_day()).run_test(size=(120, 40), notifications=True) as pilot:
        app = await loaded(pilot)
        for key, mode in zip("23451", ("events", "companies", "failures", "cards", "overview"), strict=True):
            await press(pilot, key)
            assert app.current_mode == mode
        await pilot.click("Banner", offset=(17, 1))
        await until(pilot, lambda: app.current_mode == "events")


async def test_a_key_in_the_bottom_line_can_be_clicked() -> None:
    async with console(first_look()).run_test(size=(120, 40), notifications=True) as pilot:
        app = await loaded(pilot)
        x = line_with(pilot, "c Call").index("c Call")
        await pilot.click("KeyBar", offset=(x, 0))
        await until(pilot, lambda: isinstance(app.screen, SimulateCallForm))


async def test_the_palette_finds_an_action_by_its_name() -> None:
    async with console(first_look()).run_test(size=(120, 40), notifications=True) as pilot:
        app = await loaded(pilot)
        await press(pilot, "ctrl+p", *"simulate")
        await until(pilot, lambda: "Simulate a call" in screen_text(pilot))
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(app.screen, SimulateCallForm))


async def test_every_command_has_an_action_and_its_own_key() -> None:
    async with console(first_look()).run_test(notifications=True) as pilot:
        app = await loaded(pilot)
        for command in COMMANDS:
            name = command.action.partition("(")[0]
            assert hasattr(app, f"action_{name}"), command.id
        keys = [command.key for command in COMMANDS if command.key]
        assert len(keys) == len(set(keys))


async def test_the_help_names_every_key() -> None:
    async with console(first_look()).run_test(size=(120, 90), notifications=True) as pilot:
        await loaded(pilot)
        await press(pilot, "question_mark")
        shown = screen_text(pilot)
        assert all(command.title in shown for command in COMMANDS if command.key)
        await press(pilot, "escape")
        assert "Where to begin" not in screen_text(pilot)


async def test_capital_t_changes_to_the_light_theme_and_back() -> None:
    async with console(first_look()).run_test(size=(80, 24), notifications=True) as pilot:
        app = await loaded(pilot)
        await press(pilot, "T")
        assert not app.current_theme.dark
        await press(pilot, "T")
        assert app.current_theme.dark


async def test_a_server_that_cannot_start_ends_the_console_with_its_reason() -> None:
    def find() -> Address:
        raise Failure("Port 4242 is taken.", remedy="Choose another: --port 0")

    app = DevConsole(RemoteSource(find))
    async with app.run_test(notifications=True) as pilot:
        await until(pilot, lambda: app.stopped_by)
    assert str(app.stopped_by) == "Port 4242 is taken."
    assert app.return_code == 1


async def test_leaving_closes_the_connection() -> None:
    source = first_look()
    async with console(source).run_test(notifications=True) as pilot:
        await loaded(pilot)
        await press(pilot, "q")
    assert source.closed


async def test_the_theme_is_remembered(tmp_path: Path) -> None:
    file = tmp_path / "theme"
    async with DevConsole(first_look(), theme_file=file).run_test() as pilot:
        await loaded(pilot)
        await press(pilot, "T")
    assert DevConsole(first_look(), theme_file=file).theme == LIGHT.name
    file.write_text("no such theme")
    assert DevConsole(first_look(), theme_file=file).theme == DARK.name
    assert DevConsole(first_look(), theme_file=tmp_path / "nowhere" / "theme").theme == DARK.name


async def test_the_doctor_names_what_failed_first_with_its_remedy() -> None:
    source = busy_day()
    source.answers[RunDoctor] = page(
        (
            Finding(check="database", ok=True, detail="schema 0008"),
            Finding(check="webhook", ok=False, detail="nobody answers", remedy="Start the server again."),
        )
    )
    async with console(source).run_test(size=(80, 24), notifications=True) as pilot:
        await loaded(pilot)
        await press(pilot, "ctrl+p", *"everything is there", "enter")
        await until(pilot, lambda: "Start the server again." in screen_text(pilot))
        text = screen_text(pilot)
        assert text.index("nobody answers") < text.index("✓ python"), "what failed stands above what is well"
        assert "✗" in line_with(pilot, "failed.")
