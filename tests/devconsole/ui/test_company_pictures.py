"""Pictures of the company's screen, of the list of companies and of the cards, one for each story."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from textual.pilot import Pilot
from textual.widgets import Input

from devconsole.screens.cards import CardsScreen
from devconsole.screens.companies import CompaniesScreen
from devconsole.themes import LIGHT
from tests.support.companies import busy, console, fresh, open_company, until
from tests.support.console import FakeSource

Compare = Callable[..., bool]
Before = Callable[[Pilot[Any]], Awaitable[None]]


def company(*keys: str) -> Before:
    async def before(pilot: Pilot[Any]) -> None:
        await open_company(pilot)
        for key in keys:
            await pilot.press(key)
            await pilot.pause()

    return before


def mode(key: str, *keys: str) -> Before:
    async def before(pilot: Pilot[Any]) -> None:
        app = pilot.app
        await until(pilot, lambda: app.snapshot.loaded)  # type: ignore[attr-defined]
        await pilot.press(key)
        await until(pilot, lambda: isinstance(app.screen, CompaniesScreen | CardsScreen))
        if isinstance(app.screen, CardsScreen):
            gallery = app.screen.gallery
            await until(pilot, lambda: gallery.key is not None)
        for entry in app.screen.query(Input):
            entry.cursor_blink = False
        await pilot.press(*keys)
        await pilot.pause()

    return before


def test_why_the_balance_is_what_it_is(snap_compare: Compare) -> None:
    """I see what a company has, each row of its ledger, and the event that caused it."""
    assert snap_compare(console(busy()), terminal_size=(80, 24), run_before=company("down", "down"))


def test_the_ledger_in_a_wide_terminal(snap_compare: Compare) -> None:
    """With more room I read descriptions and reserved money too."""
    assert snap_compare(console(busy()), terminal_size=(140, 36), run_before=company())


def test_how_payments_ended(snap_compare: Compare) -> None:
    """I see which payment was declined and why, which is open, and what was refunded."""
    assert snap_compare(console(busy()), terminal_size=(80, 24), run_before=company("right", "down"))


def test_what_was_declined_and_why(snap_compare: Compare) -> None:
    """I open a declined payment and read what the bank said."""
    assert snap_compare(console(busy()), terminal_size=(80, 24), run_before=company("right", "down", "enter"))


def test_what_can_be_done_with_an_open_payment(snap_compare: Compare) -> None:
    """I open a payment that waits: its page, its address, and how to give it up."""
    app = console(busy(), theme=LIGHT.name)
    assert snap_compare(app, terminal_size=(100, 30), run_before=company("right", "enter"))


def test_a_call_ticks_on_the_screen_of_its_company(snap_compare: Compare) -> None:
    """I watch a call in progress and what it has cost so far."""
    assert snap_compare(console(busy()), terminal_size=(80, 24), run_before=company("right", "right"))


def test_why_nothing_was_topped_up(snap_compare: Compare) -> None:
    """I read the settings, what they have used up, and the whole reason of the last decision."""
    assert snap_compare(console(busy()), terminal_size=(80, 24), run_before=company("right", "right", "right"))


def test_a_company_without_a_past(snap_compare: Compare) -> None:
    """A new company tells me which key to press."""
    assert snap_compare(console(fresh()), terminal_size=(80, 24), run_before=company())


def test_the_most_urgent_company_first(snap_compare: Compare) -> None:
    """I see which company needs money now."""
    assert snap_compare(console(busy()), terminal_size=(80, 24), run_before=mode("3"))


def test_companies_in_the_light(snap_compare: Compare) -> None:
    """In a bright room with a wide terminal I see the parts of each balance and its automatic top-up."""
    assert snap_compare(console(busy(), theme=LIGHT.name), terminal_size=(140, 36), run_before=mode("3"))


def test_no_company_yet(snap_compare: Compare) -> None:
    """With an empty database I am told how to begin."""
    assert snap_compare(console(FakeSource()), terminal_size=(80, 24), run_before=mode("3"))


def test_what_each_card_does(snap_compare: Compare) -> None:
    """I look up a test card: its number, what it makes happen, and what commands call it."""
    assert snap_compare(console(fresh()), terminal_size=(80, 24), run_before=mode("5", "down", "down", "down"))


def test_searching_for_a_card_in_the_light(snap_compare: Compare) -> None:
    """I search for the card that makes a refund go wrong."""
    app = console(fresh(), theme=LIGHT.name)
    assert snap_compare(app, terminal_size=(100, 30), run_before=mode("5", "slash", *"refund"))
