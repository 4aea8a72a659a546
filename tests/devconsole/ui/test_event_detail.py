"""One event in full: what it caused, how it came, what it says."""

from __future__ import annotations

import json

from devconsole.app import DevConsole
from devconsole.screens.company import CompanyScreen
from devconsole.screens.delivery import DeliveryScreen
from devconsole.screens.event_detail import EventDetailScreen
from devconsole.widgets.json_view import JsonView
from relay.api import DeliveryDetail, DiffEvents, ReplayEvents, ResendDelivery, ShowDelivery, ShowEvent, ShowForward
from tests.support import views
from tests.support.playing import console, line_with, loaded, press, screen_text, until
from tests.support.stories import busy_day


async def opened(pilot: object, event: int) -> EventDetailScreen:
    """The event by its inbox number, opened from the list."""
    app = await loaded(pilot)  # type: ignore[arg-type]
    await press(pilot, *["down"] * (9 - event), "enter")  # type: ignore[arg-type]
    await until(pilot, lambda: isinstance(app.screen, EventDetailScreen) and app.screen.selected)  # type: ignore[arg-type]
    assert isinstance(app.screen, EventDetailScreen)
    return app.screen


async def test_it_says_in_a_sentence_what_came_of_it() -> None:
    async with console(busy_day()).run_test(size=(120, 40), notifications=True) as pilot:
        await opened(pilot, 2)
        assert "Credited 50.00 EUR to acme-telefon" in line_with(pilot, "✓ completed")
        assert "+50.00 EUR: balance 0.00 → 50.00 EUR" in line_with(pilot, "ledger 1")
        assert "50.00 EUR by Visa •••• 4242" in line_with(pilot, "top-up 1")
        assert "signature ✓ sandbox · answered 200 in 1.84 ms" in screen_text(pilot)


async def test_an_event_that_changed_nothing_says_why() -> None:
    source = busy_day()
    unmatched = next(event for event in source.events if event.status == "unmatched")
    source.answers[ShowEvent] = views.detail(unmatched, topup=None, ledger=())
    async with console(source).run_test(size=(120, 40), notifications=True) as pilot:
        await opened(pilot, 6)
        assert "no top-up of ours belongs to pi_3Qx" in line_with(pilot, "? unmatched")
        assert "This event changed nothing." in screen_text(pilot)


async def test_a_failed_event_says_when_it_is_tried_again() -> None:
    source = busy_day()
    failing = views.event(4, status="pending", reason="the database was locked", next_attempt_at=views.at(330))
    attempts = (views.attempt(1, outcome="failed", reason="the database was locked", next_attempt_at=views.at(330)),)
    source.answers[ShowEvent] = views.detail(failing, topup=None, ledger=(), attempts=attempts)
    async with console(source).run_test(size=(120, 40), notifications=True) as pilot:
        await opened(pilot, 4)
        assert "next try in 5 min, at 09:05:30" in screen_text(pilot)


async def test_a_duplicate_with_another_body_says_so_and_is_compared_with_its_first() -> None:
    source = busy_day()
    why = "same id, different body: this event was delivered before, and its first body stands"
    row = views.delivery(5, verdict="duplicate", reason_code="duplicate_differs", reason=why)
    detail = DeliveryDetail(delivery=row, headers={}, body="{}", response_body="{}", raw=b"{}", first_delivery=2)
    source.answers[ShowDelivery] = detail
    async with console(source).run_test(size=(80, 24), notifications=True) as pilot:
        app = await loaded(pilot)
        app.open_delivery(5)
        await until(pilot, lambda: "≠ differs" in screen_text(pilot))
        assert "The first was delivery 2: f opens it, = compares." in screen_text(pilot)
        await press(pilot, "equals_sign")
        await until(pilot, lambda: source.asked_for(DiffEvents))
        assert source.asked_for(DiffEvents) == [DiffEvents(left="delivery_2", right="delivery_5")]


async def test_enter_on_an_attempt_or_a_forward_shows_all_of_it() -> None:
    source = busy_day()
    why = "the handler failed and is tried again in 300 s; OperationalError: the database was locked by somebody else"
    failing = views.event(4, status="pending", reason=why, next_attempt_at=views.at(330))
    source.answers[ShowEvent] = views.detail(
        failing,
        topup=None,
        ledger=(),
        deliveries=(),
        attempts=(views.attempt(1, outcome="failed", reason=why),),
        forwards=(views.forward(7),),
    )
    async with console(source).run_test(size=(80, 24), notifications=True) as pilot:
        screen = await opened(pilot, 4)
        screen.trials_list.focus()
        await press(pilot, "home", "enter")
        await until(pilot, lambda: "locked by somebody else" in " ".join(screen_text(pilot).split()))
        await press(pilot, "escape", "end", "enter")
        await until(pilot, lambda: source.asked_for(ShowForward))
        assert source.asked_for(ShowForward)[0].forward == 7


async def test_left_and_right_lead_to_the_neighbours() -> None:
    async with console(busy_day()).run_test(size=(120, 40), notifications=True) as pilot:
        screen = await opened(pilot, 7)
        await press(pilot, "left")
        await until(pilot, lambda: screen.selected and screen.selected.id == 6)
        await press(pilot, "right", "right")
        await until(pilot, lambda: screen.selected and screen.selected.id == 8)


async def test_beyond_the_newest_event_there_is_none() -> None:
    async with console(busy_day()).run_test(size=(120, 40), notifications=True) as pilot:
        screen = await opened(pilot, 9)
        await press(pilot, "right")
        await until(pilot, lambda: "There is no event 10." in screen_text(pilot))
        assert screen.selected is not None
        assert screen.selected.id == 9


async def test_r_replays_it_and_y_copies_its_id() -> None:
    source = busy_day()
    async with console(source).run_test(size=(120, 40), notifications=True) as pilot:
        await opened(pilot, 4)
        await press(pilot, "r", "y")
        await until(pilot, lambda: source.asked_for(ReplayEvents))
        assert source.asked_for(ReplayEvents) == [ReplayEvents(events=(views.event(4).event_id,))]
        assert pilot.app.clipboard == views.event(4).event_id
        await until(pilot, lambda: "completed, 1 ledger row" in screen_text(pilot))


async def test_it_changes_on_the_screen_when_it_changes() -> None:
    source = busy_day()
    async with console(source).run_test(size=(120, 40), notifications=True) as pilot:
        screen = await opened(pilot, 9)
        assert "○ pending" in screen_text(pilot)
        source.push(views.event(9))
        await until(pilot, lambda: screen.selected and screen.selected.status == "completed")


async def test_enter_on_what_it_caused_opens_the_company() -> None:
    async with console(busy_day()).run_test(size=(120, 40), notifications=True) as pilot:
        app = await loaded(pilot)
        await opened(pilot, 2)
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(app.screen, CompanyScreen))


async def test_v_switches_between_payload_and_headers() -> None:
    async with console(busy_day()).run_test(size=(120, 40), notifications=True) as pilot:
        await opened(pilot, 2)
        assert '"object": "event"' in screen_text(pilot)
        await press(pilot, "v")
        assert "Stripe-Signature" in screen_text(pilot)
        await press(pilot, "v")
        assert '"object": "event"' in screen_text(pilot)


async def test_in_a_small_terminal_v_goes_from_the_story_to_payload_headers_and_back() -> None:
    async with console(busy_day()).run_test(size=(80, 24), notifications=True) as pilot:
        await opened(pilot, 2)
        assert "What it caused" in screen_text(pilot)
        await press(pilot, "v")
        assert '"object": "event"' in screen_text(pilot)
        assert "What it caused" not in screen_text(pilot)
        await press(pilot, "v")
        assert "Stripe-Signature" in screen_text(pilot)
        await press(pilot, "v")
        assert "What it caused" in screen_text(pilot)


async def test_the_payload_can_be_searched_and_folded() -> None:
    source = busy_day()
    payload = json.dumps({"id": "evt_1", "data": {f"field_{number}": number for number in range(100)}})
    source.answers[ShowEvent] = views.detail(views.event(2), payload=payload)
    async with console(source).run_test(size=(120, 40), notifications=True) as pilot:
        screen = await opened(pilot, 2)
        view = screen.query_one(JsonView)
        view.focus()
        await press(pilot, "slash", *"field_77")
        assert len(view.found) == 1
        assert '"field_77": 77' in screen_text(pilot)
        await press(pilot, "enter", "home", "down", "down", "enter")
        assert "100 keys" in line_with(pilot, '"data"')
        assert "field_77" not in screen_text(pilot)
        await press(pilot, "n")
        assert '"field_77": 77' in screen_text(pilot)


async def test_a_delivery_can_be_seen_in_full() -> None:
    source = busy_day()
    source.answers[ShowDelivery] = DeliveryDetail(
        delivery=views.delivery(
            1,
            verdict="rejected",
            reason_code="no_match",
            reason="No v1 signature fits.",
            remedy="Set STRIPE_WEBHOOK_SECRET to what `stripe listen` printed.",
            http_status=400,
        ),
        headers={"Stripe-Signature": "t=1,v1=00"},
        body="{}",
        response_body='{"error":"signature"}',
    )
    app = console(source)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await loaded(pilot)
        app.open_delivery(1)
        await until(pilot, lambda: isinstance(app.screen, DeliveryScreen) and "rejected" in screen_text(pilot))
        assert "No v1 signature fits." in line_with(pilot, "✗ rejected")
        assert "Set STRIPE_WEBHOOK_SECRET" in screen_text(pilot)
        await press(pilot, "v")
        assert "t=1,v1=00" in screen_text(pilot)
        await press(pilot, "escape")
        assert not isinstance(app.screen, DeliveryScreen)


async def test_an_event_that_is_gone_is_said_to_be_gone() -> None:
    app: DevConsole = console(busy_day())
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await loaded(pilot)
        app.open_event("evt_nowhere")
        await until(pilot, lambda: "There is no event evt_nowhere." in screen_text(pilot))


async def test_a_rejected_delivery_is_sent_again_and_a_duplicate_leads_to_the_first() -> None:
    source = busy_day()
    source.answers[ShowDelivery] = DeliveryDetail(
        delivery=views.delivery(7, verdict="duplicate"), headers={}, body="{}", response_body="{}", first_delivery=3
    )
    source.answers[ResendDelivery] = views.delivery(8)
    app = console(source)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await loaded(pilot)
        app.open_delivery(7)
        await until(pilot, lambda: "The first was delivery 3" in screen_text(pilot))
        await press(pilot, "f")
        assert ShowDelivery(delivery=3) in source.asked
        source.answers[ShowDelivery] = DeliveryDetail(
            delivery=views.delivery(9, verdict="rejected"), headers={}, body="{}", response_body="{}", resendable=True
        )
        app.open_delivery(9)
        await until(pilot, lambda: "r sends them again" in screen_text(pilot))
        await press(pilot, "r")
        await until(pilot, lambda: ResendDelivery(delivery=9) in source.asked)
