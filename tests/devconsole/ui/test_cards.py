"""The gallery of test cards as a screen."""

from __future__ import annotations

from textual.pilot import Pilot

from devconsole.app import DevConsole
from devconsole.screens.cards import CardsScreen
from devconsole.screens.modals.topup import TopupForm
from relay.api import CreateTopup, ListCards
from tests.support import views
from tests.support.companies import console, fresh, until
from tests.support.console import UNREACHABLE


async def show_cards(pilot: Pilot[int], app: DevConsole) -> CardsScreen:
    await until(pilot, lambda: app.snapshot.loaded)
    await pilot.press("5")
    await until(pilot, lambda: isinstance(app.screen, CardsScreen) and app.screen.gallery.key is not None)
    assert isinstance(app.screen, CardsScreen)
    return app.screen


async def test_the_highlighted_card_is_the_one_to_top_up_with() -> None:
    source = fresh()
    app = console(source)
    source.answers[CreateTopup] = views.topup(1, status="failed")
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await show_cards(pilot, app)
        await pilot.press("down", "down", "down")
        await pilot.pause()
        assert screen.selected is not None
        assert screen.selected.name == "insufficient-funds"
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, TopupForm))
        await pilot.press("enter")
        await until(pilot, lambda: source.asked_for(CreateTopup))
    assert source.asked_for(CreateTopup) == [
        CreateTopup(company="acme-telefon", amount_cents=5_000, card="insufficient-funds")
    ]


async def test_enter_tops_up_too() -> None:
    app = console(fresh())
    async with app.run_test(size=(80, 24)) as pilot:
        await show_cards(pilot, app)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, TopupForm))


async def test_a_search_narrows_the_gallery_and_letters_are_no_commands_there() -> None:
    app = console(fresh())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await show_cards(pilot, app)
        await pilot.press("slash", *"attaches")
        await pilot.pause()
        assert app.screen is screen
        assert screen.selected is not None
        assert screen.selected.name == "attaches-then-declines"
        await pilot.press("escape")
        await pilot.pause()
        assert screen.focused is screen.gallery.entries
        assert screen.gallery.search.value == ""
        assert screen.selected.name == "attaches-then-declines"


async def test_cards_that_could_not_be_loaded_are_asked_for_again() -> None:
    source = fresh()
    source.answers[ListCards] = UNREACHABLE
    app = console(source)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.snapshot.loaded)
        await pilot.press("5")
        await until(pilot, lambda: any(notice.title == "Not loaded" for notice in app._notifications))
        del source.answers[ListCards]
        await pilot.press("1", "5")
        await until(pilot, lambda: isinstance(app.screen, CardsScreen) and app.screen.gallery.key == "visa")
