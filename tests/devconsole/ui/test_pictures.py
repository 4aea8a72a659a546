"""Pictures of the console, one for each story that somebody comes with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from devconsole.screens.event_detail import EventDetailScreen
from devconsole.screens.failures import FailuresScreen
from devconsole.store import Connection
from devconsole.themes import LIGHT
from relay.api import DeliveryDetail, ShowDelivery, SignatureExplanation
from tests.support import views
from tests.support.console import FakeSource
from tests.support.playing import console, loaded, press, screen_text, until
from tests.support.stories import busy_day, companies, first_look

Compare = Callable[..., bool]
Before = Callable[[Pilot[Any]], Awaitable[None]]


def after(*keys: str, shows: str = "Acme Telefon") -> Before:
    """Once everything is loaded, press keys and wait for a text."""

    async def before(pilot: Pilot[Any]) -> None:
        await loaded(pilot)
        await press(pilot, *keys)
        await until(pilot, lambda: shows in screen_text(pilot))
        for entry in pilot.app.screen.query(Input):
            entry.cursor_blink = False
        await pilot.pause()

    return before


def test_the_first_look(snap_compare: Compare) -> None:
    """I start it for the first time: I see what it is, that nothing has happened yet, and what to press."""
    assert snap_compare(console(first_look()), terminal_size=(80, 24), run_before=after())


def test_a_busy_day_in_a_small_terminal(snap_compare: Compare) -> None:
    """On 80x24 I see events, balances, calls and decisions, and nothing is cut."""
    assert snap_compare(console(busy_day()), terminal_size=(80, 24), run_before=after())


def test_a_busy_day(snap_compare: Compare) -> None:
    """With more room I read why each event ended as it did."""
    assert snap_compare(console(busy_day()), terminal_size=(120, 40), run_before=after())


def test_a_busy_day_on_a_large_screen(snap_compare: Compare) -> None:
    """On a large screen money and talk time stand beside the events."""
    assert snap_compare(console(busy_day()), terminal_size=(200, 60), run_before=after())


def test_in_daylight(snap_compare: Compare) -> None:
    """I sit in the sun and choose the light theme."""
    assert snap_compare(console(busy_day(), theme=LIGHT.name), terminal_size=(120, 40), run_before=after())


def test_without_colours(snap_compare: Compare, monkeypatch: pytest.MonkeyPatch) -> None:
    """I set NO_COLOR and still tell failed from completed, and low from good."""
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(console(busy_day()), terminal_size=(80, 24), run_before=after())


def test_in_the_colours_of_the_terminal(snap_compare: Compare) -> None:
    """I want the sixteen colours that I chose for my terminal."""
    assert snap_compare(console(busy_day(), theme="ansi-dark"), terminal_size=(80, 24), run_before=after())


def test_without_any_company(snap_compare: Compare) -> None:
    """There is no company; every empty list says what to do next."""
    assert snap_compare(console(FakeSource()), terminal_size=(80, 24), run_before=after(shows="create one"))


def test_a_balance_runs_low(snap_compare: Compare) -> None:
    """While I watch, calls use up a balance: it turns low, and the automatic top-up decides."""
    source = first_look()

    async def before(pilot: Pilot[Any]) -> None:
        await loaded(pilot)
        source.push(
            views.call(1, charge_status="charged", amount_cents=12_600, duration_s=18_000),
            views.balance(1, balance_cents=1_690, auto_topup_armed=True),
            views.decision(
                1,
                allowed=True,
                explanation="16.90 EUR is below the threshold of 20.00 EUR: 50.00 EUR are charged",
                effective_total_cents=1_690,
            ),
        )
        await until(pilot, lambda: "16.90 EUR is below" in screen_text(pilot))

    assert snap_compare(console(source), terminal_size=(100, 30), run_before=before)


def test_locked(snap_compare: Compare) -> None:
    """Somebody removed the lock file: I cannot miss that money stands still, nor how to go on."""
    source = busy_day()
    source.status = views.status(test_mode=views.mode(False, held_events=3), failures=3, events_total=9)
    assert snap_compare(console(source), terminal_size=(80, 24), run_before=after(shows="LOCKED"))


def test_real_test_mode_with_a_broken_ledger(snap_compare: Compare) -> None:
    """I work on Stripe's test mode, and the ledger check found something: both stand at the top."""
    source = busy_day()
    source.status = views.status(mode="stripe_test", ledger_ok=False, queue_depth=17, failures=3, events_total=9)
    assert snap_compare(console(source), terminal_size=(120, 40), run_before=after(shows="broken"))


def test_the_server_went_away(snap_compare: Compare) -> None:
    """The server stopped: I still see the last state, and that it is the last one."""
    source = busy_day()

    async def before(pilot: Pilot[Any]) -> None:
        app = await loaded(pilot)
        source.break_connection()
        await until(pilot, lambda: app.snapshot.connection is Connection.RECONNECTING)

    assert snap_compare(console(source), terminal_size=(80, 24), run_before=before)


def test_reading_during_a_storm(snap_compare: Compare) -> None:
    """Hundreds of events arrive while I read one: my place stays, and I am told how many are new."""
    source = FakeSource(companies=companies(), events=[views.event(number) for number in range(40, 0, -1)])

    async def before(pilot: Pilot[Any]) -> None:
        await after("down", "down", "down")(pilot)
        source.push(*(views.event(number) for number in range(41, 541)))
        await until(pilot, lambda: "500 new ↑" in screen_text(pilot))

    assert snap_compare(console(source), terminal_size=(100, 30), run_before=before)


def test_what_an_event_caused(snap_compare: Compare) -> None:
    """I open an event and read what it booked, before and after, and what it said."""
    run_before = after(*["down"] * 7, "enter", shows="Credited 50.00 EUR")
    assert snap_compare(console(busy_day()), terminal_size=(120, 40), run_before=run_before)


def test_what_an_event_caused_in_a_small_terminal(snap_compare: Compare) -> None:
    """The same on 80x24: the story first, the payload one key away."""
    run_before = after(*["down"] * 7, "enter", shows="Credited 50.00 EUR")
    assert snap_compare(console(busy_day()), terminal_size=(80, 24), run_before=run_before)


def test_the_payload_in_a_small_terminal(snap_compare: Compare) -> None:
    """I press v and read the payload."""

    async def before(pilot: Pilot[Any]) -> None:
        app = await loaded(pilot)
        await press(pilot, *["down"] * 7, "enter")
        await until(pilot, lambda: isinstance(app.screen, EventDetailScreen) and app.screen.selected)
        await press(pilot, "v", "down", "down")

    assert snap_compare(console(busy_day()), terminal_size=(80, 24), run_before=before)


def test_a_declined_payment(snap_compare: Compare) -> None:
    """A card was declined: I see the code, that nothing was booked, and that the event itself went well."""
    source = busy_day()
    declined = next(event for event in source.events if event.type.endswith("payment_failed"))
    topup = views.topup(2, status="failed", decline_code="insufficient_funds", company_slug="cafe-sonnig")
    source.details[declined.event_id] = views.detail(declined, topup=topup, ledger=())
    run_before = after("down", "down", "enter", shows="insufficient funds")
    assert snap_compare(console(source), terminal_size=(120, 40), run_before=run_before)


def test_events_by_a_filter(snap_compare: Compare) -> None:
    """I type a filter with a mistake in it, and am told where it is and what would be understood."""
    run_before = after("2", "slash", *"charge.* status:faild", shows='there is no status "faild" (at character 17)')
    assert snap_compare(console(busy_day()), terminal_size=(120, 40), run_before=run_before)


def test_what_failed(snap_compare: Compare) -> None:
    """Everything that failed in one place: why, what to do, when it is tried again."""
    source = busy_day()
    source.failures = [views.failure(9, next_attempt_at=views.at(330), reason="database is locked"), *source.failures]

    async def before(pilot: Pilot[Any]) -> None:
        app = await loaded(pilot)
        await press(pilot, "4")
        await until(pilot, lambda: isinstance(app.screen, FailuresScreen) and app.screen.failures.rows)

    assert snap_compare(console(source), terminal_size=(120, 40), run_before=before)


def test_nothing_failed(snap_compare: Compare) -> None:
    """Nothing failed; I am told how to see something fail."""
    run_before = after("4", shows="Nothing has failed.")
    assert snap_compare(console(first_look()), terminal_size=(80, 24), run_before=run_before)


def test_a_delivery_that_was_turned_away(snap_compare: Compare) -> None:
    """My endpoint's secret was rolled: I read the verdict, what proves it, what to do, and that r sends it again."""
    source = busy_day()
    explanation = SignatureExplanation(
        cause="secret_retired",
        certain=True,
        sentence="signed with an earlier secret of endpoint (whsec_…9f21)",
        evidence=("under exactly this reading the signature matches",),
        remedy="The sender still signs with the old secret: roll it there too, or set the old one back.",
        secret_label="endpoint",
    )
    rejected = views.delivery(
        5,
        verdict="rejected",
        reason=explanation.sentence,
        remedy=explanation.remedy,
        http_status=400,
        secret_label="endpoint",
    )
    source.answers[ShowDelivery] = DeliveryDetail(
        delivery=rejected,
        headers={"Stripe-Signature": "t=1,v1=00"},
        body='{"id": "evt_1"}',
        response_body="{}",
        explanation=explanation,
        resendable=True,
    )
    app = console(source)

    async def before(pilot: Pilot[Any]) -> None:
        await loaded(pilot)
        app.open_delivery(5)
        await until(pilot, lambda: "✗ rejected" in screen_text(pilot))

    assert snap_compare(app, terminal_size=(100, 30), run_before=before)


def test_the_help(snap_compare: Compare) -> None:
    """I press ? and find where to begin, all keys, and what the signs mean."""
    run_before = after("question_mark", shows="Where to begin")
    assert snap_compare(console(first_look()), terminal_size=(100, 50), run_before=run_before)


def test_the_palette(snap_compare: Compare) -> None:
    """I know what I want but not its key."""
    run_before = after("ctrl+p", *"refund", shows="Refund a payment")
    assert snap_compare(console(busy_day()), terminal_size=(100, 30), run_before=run_before)
