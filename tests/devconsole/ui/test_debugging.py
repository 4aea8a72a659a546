"""Looking into events in the console: traces, differences, dry runs, edited bodies, marks, saved filters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.pilot import Pilot
from textual.widgets import TextArea

from devconsole.screens.comparison import ComparisonScreen
from devconsole.screens.event_detail import EventDetailScreen
from devconsole.screens.events import EventsScreen
from devconsole.screens.modals.edit_event import EditEventForm
from devconsole.screens.rehearsal import RehearsalScreen
from devconsole.screens.trace import TraceScreen
from relay.api import (
    Comparison,
    DeleteFilter,
    Difference,
    DiffEvents,
    EventRehearsal,
    FieldChange,
    ListEvents,
    ListFilters,
    MarkEvent,
    Page,
    Rehearsal,
    RehearseEvents,
    ReplayEvents,
    RowChange,
    SavedFilterView,
    SaveFilter,
    SendEvent,
    SentEvent,
    ShowTrace,
    Trace,
    TraceNode,
)
from tests.support import views
from tests.support.console import FakeSource
from tests.support.playing import console, line_with, loaded, press, screen_text, until
from tests.support.stories import busy_day

Compare = Callable[..., bool]


def step(depth: int, kind: str, reference: str, title: str, **changes: Any) -> TraceNode:
    given = {"detail": "", "at": views.at(0), "status": None}
    return TraceNode(depth=depth, kind=kind, reference=reference, title=title, **(given | changes))


STORY = Trace(
    of="topup_1",
    nodes=(
        step(
            0,
            "topup",
            "topup_1",
            "top-up of 50.00 EUR (manual)",
            status="succeeded",
            took_us=71_000,
            party="acme-telefon",
        ),
        step(
            1,
            "event",
            views.event(3).event_id,
            "payment_intent.succeeded",
            status="completed",
            since_start_us=80_000,
            took_us=6_000,
            party="sandbox",
        ),
        step(
            2,
            "delivery",
            "delivery_3",
            "accepted, answered 200 after 0.9 ms",
            status="accepted",
            since_start_us=80_000,
            took_us=900,
            party="sandbox",
        ),
        step(
            3,
            "verification",
            "verification_3",
            "signature proven by the secret of sandbox",
            status="proven",
            since_start_us=80_000,
            party="sandbox",
        ),
        step(
            2,
            "attempt",
            f"{views.event(3).event_id}#1",
            "attempt 1: applied, in one transaction with 1 ledger row",
            detail="credited 50.00 EUR",
            status="applied",
            since_start_us=85_000,
            took_us=240,
        ),
        step(
            3,
            "ledger",
            "ledger_1",
            "topup: money +50.00 EUR",
            detail="Top-up 1; balance 0.00 EUR -> 50.00 EUR",
            since_start_us=85_000,
            party="acme-telefon",
        ),
        step(
            1,
            "notice",
            "notice_1",
            "auto topup succeeded: in-app",
            status="sent",
            since_start_us=90_000,
            party="acme-telefon",
        ),
    ),
)
DRY = Rehearsal(
    events=(
        EventRehearsal(
            event_id=views.event(4).event_id,
            verdict="fixed",
            status_before="failed",
            reason_before="a bug",
            status_after="completed",
            reason_after="credited 50.00 EUR to acme; balance 0.00 → 50.00",
            changes=(
                RowChange(
                    table="balance_transactions",
                    id=7,
                    change="added",
                    fields=(
                        FieldChange(name="amount", before=None, after=5_000),
                        FieldChange(name="bonus_amount", before=None, after=0),
                    ),
                ),
                RowChange(
                    table="prepaid_balances",
                    id=1,
                    change="changed",
                    fields=(FieldChange(name="balance", before=0, after=5_000),),
                ),
            ),
        ),
    ),
    total=1,
    ledger_ok=True,
    breaches=(),
    copied_bytes=480 * 1024,
    duration_ms=62,
)


def prepared() -> FakeSource:
    source = busy_day()
    source.answers[ShowTrace] = STORY
    source.answers[RehearseEvents] = DRY
    saved = (SavedFilterView(name="big", filter="amount>=40", saved_at=views.at(0)),)
    source.answers[ListFilters] = Page(rows=saved, total=1)
    return source


async def events_screen(pilot: Pilot[Any]) -> EventsScreen:
    app = await loaded(pilot)
    await press(pilot, "2")
    await until(pilot, lambda: isinstance(app.screen, EventsScreen) and app.screen.events.loaded)
    assert isinstance(app.screen, EventsScreen)
    return app.screen


async def test_v_draws_the_path_of_the_selected_row_as_a_sequence() -> None:
    source = prepared()
    async with console(source).run_test(size=(140, 40), notifications=True) as pilot:
        screen = await events_screen(pilot)
        await press(pilot, "w")
        await until(pilot, lambda: "└─ topup: money +50.00 EUR" in screen_text(pilot))
        assert screen.events.selected is not None
        assert source.asked_for(ShowTrace)[-1].id == screen.events.selected.event_id
        assert "✓ proven" in screen_text(pilot)
        await press(pilot, "v")
        await until(pilot, lambda: "[webhook]" in screen_text(pilot) and "▶" in screen_text(pilot))
        await press(pilot, "v", "down", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, EventDetailScreen))
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, TraceScreen)


async def test_the_path_of_any_id_is_asked_for_from_the_palette() -> None:
    source = prepared()
    async with console(source).run_test(size=(140, 40), notifications=True) as pilot:
        await loaded(pilot)
        await press(pilot, "ctrl+p", *"effect of any", "enter")
        await until(pilot, lambda: "Trace an id" in screen_text(pilot))
        await press(pilot, *"pi_3N", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, TraceScreen))
        assert source.asked_for(ShowTrace)[-1].id == "pi_3N"


async def test_a_dry_run_shows_verdict_and_rows() -> None:
    source = prepared()
    async with console(source).run_test(size=(140, 40), notifications=True) as pilot:
        screen = await events_screen(pilot)
        await press(pilot, "D")
        await until(pilot, lambda: isinstance(pilot.app.screen, RehearsalScreen) and "1 fixed" in screen_text(pilot))
        shown = screen_text(pilot)
        assert "+        balance_transactions 7" in shown
        assert "the ledger would add up" in shown
        assert "bonus amount" not in shown
        assert screen.events.selected is not None
        assert source.asked_for(RehearseEvents)[-1].events == (screen.events.selected.event_id,)
        assert source.asked_for(ReplayEvents) == []


async def test_equals_on_two_events_compares_them_and_twice_on_one_its_attempts() -> None:
    source = prepared()
    difference = Difference(path="body.type", change="changed", left='"a"', right='"b"')
    source.answers[DiffEvents] = Comparison(left="l", right="r", differences=(difference,), same=3)
    async with console(source).run_test(size=(140, 40), notifications=True) as pilot:
        await events_screen(pilot)
        await press(pilot, "equals_sign", "down", "equals_sign")
        await until(pilot, lambda: "body.type" in screen_text(pilot))
        asked = source.asked_for(DiffEvents)[-1]
        assert (asked.left, asked.right) == (views.event(9).event_id, views.event(8).event_id)
        await press(pilot, "escape", "equals_sign", "equals_sign")
        await until(pilot, lambda: len(source.asked_for(DiffEvents)) == 2)
        assert source.asked_for(DiffEvents)[-1].right is None


async def test_deliveries_and_attempts_of_an_event_are_compared_too() -> None:
    source = prepared()
    source.answers[DiffEvents] = Comparison(left="l", right="r", differences=(), same=3)
    async with console(source).run_test(size=(140, 40), notifications=True) as pilot:
        await events_screen(pilot)
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, EventDetailScreen) and pilot.app.screen.selected)
        assert isinstance(pilot.app.screen, EventDetailScreen)
        pilot.app.screen.trials_list.focus()
        await press(pilot, "equals_sign", "down", "equals_sign")
        await until(
            pilot, lambda: isinstance(pilot.app.screen, ComparisonScreen) and "They say the same" in screen_text(pilot)
        )
        asked = source.asked_for(DiffEvents)[-1]
        assert {asked.left, asked.right} == {"delivery_1", f"{views.event(9).event_id}#1"}


async def test_an_event_is_edited_tried_and_sent() -> None:
    source = prepared()
    sent = SentEvent(
        event_id="evt_new", original="evt_old", delivery=5, status="completed", reason=None, ledger_ids=(7,)
    )
    source.answers[SendEvent] = sent
    async with console(source).run_test(size=(140, 40), notifications=True) as pilot:
        await events_screen(pilot)
        await press(pilot, "E")
        await until(pilot, lambda: isinstance(pilot.app.screen, EditEventForm))
        entry = pilot.app.screen.query_one(TextArea)
        assert "As it came" in screen_text(pilot)
        entry.load_text(entry.text.replace("5000", "7000"))
        await until(pilot, lambda: "under an id of its own" in screen_text(pilot))
        await press(pilot, "ctrl+t")
        await until(pilot, lambda: isinstance(pilot.app.screen, RehearsalScreen))
        assert '"amount_total": 7000' in source.asked_for(RehearseEvents)[-1].body
        await press(pilot, "escape", "E")
        await until(pilot, lambda: isinstance(pilot.app.screen, EditEventForm))
        entry = pilot.app.screen.query_one(TextArea)
        entry.load_text("{")
        await press(pilot, "ctrl+s")
        await until(pilot, lambda: "Not JSON" in screen_text(pilot))
        assert source.asked_for(SendEvent) == []
        entry.load_text('{"id": "evt_1"}')
        await press(pilot, "ctrl+s")
        await until(pilot, lambda: "evt_new: completed, 1 ledger row added." in screen_text(pilot))
        assert source.asked_for(SendEvent)[-1].body == '{"id": "evt_1"}'


async def test_escape_leaves_an_untouched_event_at_once_and_an_edited_one_after_a_warning() -> None:
    async with console(prepared()).run_test(size=(80, 24), notifications=True) as pilot:
        await events_screen(pilot)
        for edited in (False, True):
            await press(pilot, "E")
            await until(pilot, lambda: isinstance(pilot.app.screen, EditEventForm))
            if edited:
                await press(pilot, "x", "escape")
                await until(pilot, lambda: "throws the changes away" in screen_text(pilot))
                assert pilot.app.screen.query_one(TextArea).text.startswith("x{"), "nothing is lost yet"
            await press(pilot, "escape")
            await until(pilot, lambda: not isinstance(pilot.app.screen, EditEventForm))


async def test_a_difference_is_told_in_full_below_its_line_in_the_smallest_terminal() -> None:
    source = prepared()
    path, right = (
        "body.data.object.automatic_payment_methods.enabled",
        '"pi_3UmEbvZ9NmkgPTJrZ6VQ7yJG_secret_of_the_other"',
    )
    differences = (Difference(path=path, change="changed", left="null", right=right),)
    source.answers[DiffEvents] = Comparison(left="evt_1", right="evt_2", differences=differences, same=4)
    async with console(source).run_test(size=(80, 24), notifications=True) as pilot:
        await events_screen(pilot)
        await press(pilot, "equals_sign", "down", "equals_sign")
        await until(pilot, lambda: path in screen_text(pilot))
        assert right in screen_text(pilot)
        header = line_with(pilot, "Where")
        assert header.index("Right") < 60, "the right side has its share"


async def test_a_mark_and_a_note_are_put_on_an_event_and_shown_in_the_list() -> None:
    source = prepared()
    marked = views.event(9, mark="bug", note="lost")
    source.answers[MarkEvent] = marked
    async with console(source).run_test(size=(140, 40), notifications=True) as pilot:
        await events_screen(pilot)
        await press(pilot, "M", *"bug", "tab", *"lost", "enter")
        await until(pilot, lambda: source.asked_for(MarkEvent))
        asked = source.asked_for(MarkEvent)[0]
        assert (asked.event, asked.mark, asked.note) == (marked.event_id, "bug", "lost")
        source.push(marked)
        await until(pilot, lambda: "★ bug lost" in screen_text(pilot))


async def test_a_filter_is_saved_used_by_name_chosen_and_deleted() -> None:
    source = prepared()
    saved = SavedFilterView(name="mine", filter="@big failed", saved_at=views.at(0))
    source.answers[SaveFilter] = source.answers[DeleteFilter] = saved
    async with console(source).run_test(size=(140, 40), notifications=True) as pilot:
        screen = await events_screen(pilot)
        await press(pilot, "F")
        await until(pilot, lambda: "@big" in screen_text(pilot))
        await press(pilot, "enter")
        await until(pilot, lambda: str(screen.events.event_filter) == "amount>=40")
        assert source.asked_for(ListEvents)[-1].filter == "amount>=40"
        await press(pilot, "S", *"mine", "enter")
        await until(pilot, lambda: source.asked_for(SaveFilter))
        assert (source.asked_for(SaveFilter)[0].as_, source.asked_for(SaveFilter)[0].filter) == ("mine", "amount>=40")
        await press(pilot, "F")
        await until(pilot, lambda: "ctrl+x delete" in screen_text(pilot))
        await press(pilot, "ctrl+x")
        await until(pilot, lambda: source.asked_for(DeleteFilter))
        assert source.asked_for(DeleteFilter)[0].saved == "big"


async def test_everything_that_matches_is_tried_or_replayed() -> None:
    source = prepared()
    async with console(source).run_test(size=(140, 40), notifications=True) as pilot:
        await events_screen(pilot)
        await press(pilot, "f", "ctrl+r")
        await until(pilot, lambda: "Replay what matches" in screen_text(pilot))
        await press(pilot, "ctrl+t")
        await until(pilot, lambda: isinstance(pilot.app.screen, RehearsalScreen))
        assert source.asked_for(RehearseEvents)[-1].filter == "failed"
        await press(pilot, "escape", "ctrl+r", "enter")
        await until(pilot, lambda: source.asked_for(ReplayEvents))
        assert source.asked_for(ReplayEvents)[-1].filter == "failed"


def test_a_trace_as_a_tree(snap_compare: Compare) -> None:
    """I ask where this money came from and see each step, when it was, and what it led to."""

    async def before(pilot: Pilot[Any]) -> None:
        await events_screen(pilot)
        await press(pilot, "w")
        await until(pilot, lambda: "topup: money +50.00 EUR" in screen_text(pilot))

    assert snap_compare(console(prepared()), terminal_size=(140, 30), run_before=before)


def test_a_trace_as_a_sequence(snap_compare: Compare) -> None:
    """The same story, as who spoke to whom."""

    async def before(pilot: Pilot[Any]) -> None:
        await events_screen(pilot)
        await press(pilot, "w")
        await until(pilot, lambda: "topup: money +50.00 EUR" in screen_text(pilot))
        await press(pilot, "v")
        await until(pilot, lambda: "[webhook]" in screen_text(pilot))

    assert snap_compare(console(prepared()), terminal_size=(120, 34), run_before=before)


def test_a_dry_run(snap_compare: Compare) -> None:
    """I try a replay before I do it, and see which rows it would write."""

    async def before(pilot: Pilot[Any]) -> None:
        await events_screen(pilot)
        await press(pilot, "D")
        await until(pilot, lambda: isinstance(pilot.app.screen, RehearsalScreen) and "1 fixed" in screen_text(pilot))

    assert snap_compare(console(prepared()), terminal_size=(120, 30), run_before=before)
