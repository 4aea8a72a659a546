"""Pictures of reports, records, limits and paths, one for each story that somebody comes with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from devconsole.themes import LIGHT
from tests.support.companies import busy, fresh
from tests.support.console import FakeSource
from tests.support.papers import papers
from tests.support.playing import console, loaded, press, screen_text, until

Compare = Callable[..., bool]
Before = Callable[[Pilot[Any]], Awaitable[None]]


def after(*keys: str, shows: str) -> Before:
    async def before(pilot: Pilot[Any]) -> None:
        await loaded(pilot)
        await press(pilot, *keys)
        await until(pilot, lambda: shows in screen_text(pilot))
        for entry in pilot.app.screen.query(Input):
            entry.cursor_blink = False
        await pilot.pause()

    return before


def of_acme(*keys: str, shows: str) -> Before:
    async def before(pilot: Pilot[Any]) -> None:
        app = await loaded(pilot)
        app.open_company("acme-telefon")
        await until(pilot, lambda: "Acme Telefon  acme-telefon" in screen_text(pilot))
        await after(*keys, shows=shows)(pilot)

    return before


def report(name: str, *, shows: str) -> Before:
    async def before(pilot: Pilot[Any]) -> None:
        app = await loaded(pilot)
        app.action_report(name)
        await until(pilot, lambda: shows in screen_text(pilot))

    return before


def test_what_came_in(snap_compare: Compare) -> None:
    """I look at the revenue by day: which days were good, and when more went back than came."""
    assert snap_compare(console(papers()), terminal_size=(80, 24), run_before=after("6", shows="▌2026-11-02"))


def test_what_came_in_by_daylight(snap_compare: Compare) -> None:
    """The same on a large bright screen."""
    app = console(papers(), theme=LIGHT.name)
    assert snap_compare(app, terminal_size=(140, 40), run_before=after("6", shows="▌2026-11-02"))


def test_do_more_payments_fail_than_usual(snap_compare: Compare) -> None:
    """I see at once in which hours the alarm was exceeded."""
    run_before = report("failure-rate", shows="! yes")
    assert snap_compare(console(papers()), terminal_size=(110, 32), run_before=run_before)


def test_do_more_payments_fail_without_colours(snap_compare: Compare, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without colours the alarm is still a line, and a word."""
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(console(papers()), terminal_size=(80, 24), run_before=report("failure-rate", shows="! yes"))


def test_why_payments_fail(snap_compare: Compare) -> None:
    """I see which reason is behind most failures."""
    run_before = report("failure-reasons", shows="insufficient funds")
    assert snap_compare(console(papers()), terminal_size=(80, 24), run_before=run_before)


def test_which_event_type_is_slow(snap_compare: Compare) -> None:
    """I see the average and the slowest of each type."""
    run_before = report("webhook-times", shows="charge.updated")
    assert snap_compare(console(papers()), terminal_size=(110, 32), run_before=run_before)


def test_do_automatic_topups_go_through(snap_compare: Compare) -> None:
    """I see the share that succeeded, week by week."""
    run_before = report("auto-topup-success", shows="87.5 %")
    assert snap_compare(console(papers()), terminal_size=(80, 24), run_before=run_before)


def test_a_report_with_nothing_in_it(snap_compare: Compare) -> None:
    """A report is empty: I read what that means, and what would fill it."""
    run_before = report("churn-risk", shows="has been silent")
    assert snap_compare(console(papers()), terminal_size=(80, 24), run_before=run_before)


def test_the_ledger_of_all(snap_compare: Compare) -> None:
    """I read what was booked for whom."""
    assert snap_compare(console(papers()), terminal_size=(80, 24), run_before=after("7", "down", shows="Operations 2"))


def test_an_invoice(snap_compare: Compare) -> None:
    """I open an invoice: for whom, net, tax and gross, and where it leads."""
    run_before = after("7", "right", "enter", shows="Gross, paid")
    assert snap_compare(console(papers()), terminal_size=(80, 24), run_before=run_before)


def test_a_notice(snap_compare: Compare) -> None:
    """I read what the company read."""
    run_before = after("7", "right", "right", "enter", shows="Ihr Abrechnungsteam")
    assert snap_compare(console(papers()), terminal_size=(80, 24), run_before=run_before)


def test_who_changed_what(snap_compare: Compare) -> None:
    """I read the audit trail on a large screen: who, what, before and after, why."""
    run_before = after("7", "right", "right", "right", shows="Goodwill")
    assert snap_compare(console(papers()), terminal_size=(140, 36), run_before=run_before)


def test_who_changed_what_in_full(snap_compare: Compare) -> None:
    """I open an entry in a bright room."""
    app = console(papers(), theme=LIGHT.name)
    run_before = after("7", "right", "right", "right", "enter", shows="Audit entry 3")
    assert snap_compare(app, terminal_size=(80, 24), run_before=run_before)


def test_what_was_done_on_this_server(snap_compare: Compare) -> None:
    """I see what was asked of the server, and what it refused."""
    assert snap_compare(
        console(papers()), terminal_size=(110, 30), run_before=after("7", "left", "left", shows="✗ unknown card")
    )


def test_nothing_is_written_down_yet(snap_compare: Compare) -> None:
    """There is no invoice yet: I am told what makes one."""
    source = FakeSource(companies=fresh().companies)
    assert snap_compare(console(source), terminal_size=(80, 24), run_before=after("7", "right", shows="No invoice yet"))


def test_why(snap_compare: Compare) -> None:
    """I press w on a ledger row and see its first cause and all that followed, with the time that it took."""
    run_before = after("7", "w", shows="attempt 1: duplicate")
    assert snap_compare(console(papers()), terminal_size=(80, 24), run_before=run_before)


def test_why_on_a_large_screen(snap_compare: Compare) -> None:
    """With more room the details stand beside the steps."""
    run_before = after("7", "w", shows="attempt 1: duplicate")
    assert snap_compare(console(papers()), terminal_size=(140, 36), run_before=run_before)


def test_what_a_company_may_spend(snap_compare: Compare) -> None:
    """I see how much of each limit is used up, and what happens then."""
    run_before = of_acme(*["right"] * 4, shows="19.00 of 20.00 EUR")
    assert snap_compare(console(busy()), terminal_size=(80, 24), run_before=run_before)


def test_what_a_company_spent(snap_compare: Compare) -> None:
    """With more room I also see what its calls cost by day, and which numbers cost most."""
    run_before = of_acme(*["right"] * 4, shows="+49897654321")
    assert snap_compare(console(busy(), theme=LIGHT.name), terminal_size=(120, 36), run_before=run_before)


def test_setting_limits(snap_compare: Compare) -> None:
    """I set the limits and read what they mean with what is spent by now."""
    run_before = of_acme("s", shows="are left today")
    assert snap_compare(console(busy()), terminal_size=(80, 24), run_before=run_before)


def test_booking_an_adjustment(snap_compare: Compare) -> None:
    """I correct a balance by hand; I have to say why."""
    run_before = of_acme("b", *"5", "tab", *"outage", shows="105.00 EUR")
    assert snap_compare(console(busy()), terminal_size=(80, 24), run_before=run_before)


def test_a_call_in_full(snap_compare: Compare) -> None:
    """I open a call: its price, who paid it, what can be done."""
    run_before = of_acme("right", "right", "down", "down", "enter", shows="Not billable")
    assert snap_compare(console(busy()), terminal_size=(80, 24), run_before=run_before)
