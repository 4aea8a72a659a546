"""Dry runs: what a replay would write is told, and nothing is written."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from billing import handlers
from billing.handlers import Outcome, OutcomeKind, Rule
from billing.handlers.objects import PaymentIntent
from relay.api import CheckLedger, ListDeliveries, RehearseEvents, ReplayEvents, SendEvent, ShowBalance, ShowEvent
from relay.errors import OperationRefused
from relay.rehearsal import copying
from tests.support.events import Story, event
from tests.support.relay import RunningRelay


def digest(database: Path) -> str:
    """Of everything that the database says."""
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        return hashlib.sha256("\n".join(connection.iterdump()).encode()).hexdigest()


async def early(relay: RunningRelay) -> Story:
    """An event that came before its top-up, which is there now."""
    company_id = await relay.company()
    story = Story(1, company_id)
    await relay.deliver(event("payment_intent.succeeded", story.intent(), event_id="evt_early"))
    await relay.processed()
    assert await relay.open_topup(company_id) == 1
    return story


async def test_a_dry_run_tells_every_row_and_leaves_the_original_alone(relay: RunningRelay) -> None:
    await early(relay)
    before = digest(relay.backend.db.path)
    dry = await relay.client.call(RehearseEvents(failed=True))
    assert digest(relay.backend.db.path) == before
    (tried,) = dry.events
    assert (tried.event_id, tried.verdict) == ("evt_early", "fixed")
    assert (tried.status_before, tried.status_after) == ("unmatched", "completed")
    assert (dry.ledger_ok, dry.breaches, dry.total) == (True, (), 1)
    rows = {
        (row.table, row.change): {field.name: (field.before, field.after) for field in row.fields}
        for row in tried.changes
    }
    assert rows["balance_topups", "changed"]["status"] == ("pending", "succeeded")
    assert rows["balance_transactions", "added"]["amount"] == (None, 5_000)
    assert rows["prepaid_balances", "changed"]["balance"] == (0, 5_000)
    assert rows["webhook_events", "changed"]["status"] == ("unmatched", "completed")
    assert [change.table for change in tried.changes if "attempt" in change.table] == []
    assert list(relay.backend.home.glob(f"{copying.PREFIX}*")) == []


async def test_the_replay_then_does_what_the_dry_run_said(relay: RunningRelay) -> None:
    await early(relay)
    (dry,) = (await relay.client.call(RehearseEvents(events=("evt_early",)))).events
    (real,) = (await relay.client.call(ReplayEvents(events=("evt_early",)))).rows
    assert (real.status_after, real.reason) == (dry.status_after, dry.reason_after)
    assert len(real.ledger_ids) == sum(change.table == "balance_transactions" for change in dry.changes)
    (again,) = (await relay.client.call(RehearseEvents(events=("evt_early",)))).events
    assert again.verdict == "same"
    assert [change.table for change in again.changes] == ["webhook_events"]


async def test_events_are_tried_one_after_the_other_on_one_copy(relay: RunningRelay) -> None:
    story = await early(relay)
    await relay.deliver(event("checkout.session.completed", story.checkout(), event_id="evt_twin"))
    await relay.processed()
    dry = await relay.client.call(RehearseEvents(filter="type:payment_intent.* OR type:checkout.*"))
    booked = [sum(change.table == "balance_transactions" for change in tried.changes) for tried in dry.events]
    assert [tried.event_id for tried in dry.events] == ["evt_early", "evt_twin"]
    assert sum(booked) <= 1
    assert dry.ledger_ok


async def test_a_handler_that_got_worse_is_a_regression(relay: RunningRelay, monkeypatch: pytest.MonkeyPatch) -> None:
    await early(relay)
    await relay.client.call(ReplayEvents(failed=True))

    def refuse(_session: object, _event: object) -> Outcome:
        return Outcome(OutcomeKind.QUARANTINED, "does not like it any more")

    rule = Rule("payment_intent", PaymentIntent, refuse, "Refuses.")
    monkeypatch.setitem(handlers.HANDLERS, "payment_intent.succeeded", rule)  # type: ignore[arg-type]
    (tried,) = (await relay.client.call(RehearseEvents(events=("evt_early",)))).events
    assert (tried.verdict, tried.status_after, tried.reason_after) == (
        "regressed",
        "quarantined",
        "does not like it any more",
    )
    assert (await relay.client.call(ShowEvent(event="evt_early"))).event.status == "completed"


async def test_an_edited_body_is_tried_against_the_attempt_of_the_original(relay: RunningRelay) -> None:
    company_id = await relay.company()
    story = Story(await relay.open_topup(company_id), company_id, amount_cents=1)
    await relay.deliver(event("payment_intent.succeeded", story.intent(), event_id="evt_wrong"))
    await relay.processed()
    body = (await relay.client.call(ShowEvent(event="evt_wrong"))).payload
    assert (await relay.client.call(ShowEvent(event="evt_wrong"))).event.status == "quarantined"
    mended = body.replace('"amount": 1,', '"amount": 5000,').replace(
        '"amount_received": 1,', '"amount_received": 5000,'
    )
    before = digest(relay.backend.db.path)
    (tried,) = (await relay.client.call(RehearseEvents(body=mended))).events
    assert digest(relay.backend.db.path) == before
    assert (tried.verdict, tried.status_before, tried.status_after) == ("fixed", "quarantined", "completed")
    assert tried.event_id != "evt_wrong"

    sent = await relay.client.call(SendEvent(body=mended))
    assert (sent.original, sent.status, len(sent.ledger_ids)) == ("evt_wrong", "completed", 1)
    assert sent.event_id.startswith("evt_") and sent.event_id != "evt_wrong"
    assert (await relay.client.call(ShowEvent(event="evt_wrong"))).payload == body
    stored = await relay.client.call(ShowEvent(event=sent.event_id))
    assert '"amount": 5000' in stored.payload
    assert (stored.deliveries[0].source, stored.deliveries[0].secret_label) == ("replay", "local")
    assert (await relay.client.call(ShowBalance(company="acme"))).balance_cents == 5_000
    twice = await relay.client.call(SendEvent(body=mended))
    assert (twice.status, twice.ledger_ids) == ("completed", ())
    assert (await relay.client.call(CheckLedger(stripe=False))).ok


async def test_a_body_of_ones_own_keeps_its_id_and_an_unchanged_one_is_a_duplicate(relay: RunningRelay) -> None:
    body = event("customer.created", {"id": "cus_1", "object": "customer"}, event_id="evt_mine").decode()
    first = await relay.client.call(SendEvent(body=body))
    kept = await relay.client.call(ShowEvent(event=first.event_id))
    assert [delivery.source for delivery in kept.deliveries] == ["script"]
    assert (first.event_id, first.original, first.status) == ("evt_mine", None, "ignored")
    second = await relay.client.call(SendEvent(body=body))
    assert (second.event_id, second.original) == ("evt_mine", "evt_mine")
    assert [row.verdict for row in (await relay.client.call(ListDeliveries())).rows] == ["duplicate", "accepted"]


@pytest.mark.parametrize(
    ("body", "code"),
    [("{", "body_not_json"), ('{"id": "evt_1"}', "body_not_an_event"), ('{"object": "v2.core.event"}', "thin_event")],
)
async def test_what_is_no_event_is_refused_before_it_is_sent(relay: RunningRelay, body: str, code: str) -> None:
    for asked in (SendEvent(body=body), RehearseEvents(body=body)):
        with pytest.raises(OperationRefused) as refused:
            await relay.client.call(asked)  # type: ignore[arg-type]
        assert refused.value.problem.code == code
    assert (await relay.client.call(ListDeliveries())).total == 0


async def test_other_events_that_wait_are_not_tried(relay: RunningRelay) -> None:
    await early(relay)
    await relay.backend.worker.stop()
    await relay.deliver(event("customer.created", {"id": "cus_1", "object": "customer"}, event_id="evt_waits"))
    dry = await relay.client.call(RehearseEvents(events=("evt_early",)))
    assert {change.id for change in dry.events[0].changes if change.table == "webhook_events"} == {1}
    (new,) = (await relay.client.call(RehearseEvents(events=("evt_waits",)))).events
    assert (new.verdict, new.status_after) == ("new", "ignored")


async def test_a_copy_that_finds_no_room_is_refused(relay: RunningRelay, monkeypatch: pytest.MonkeyPatch) -> None:
    await early(relay)
    monkeypatch.setattr(copying, "SPARE", 1 << 60)
    with pytest.raises(OperationRefused) as refused:
        await relay.client.call(RehearseEvents(failed=True))
    assert refused.value.problem.code == "no_room_for_copy"


def test_copies_of_a_server_that_was_killed_are_removed(tmp_path: Path) -> None:
    left = tmp_path / "rehearsal-abc"
    left.mkdir()
    (left / "copy.db").write_bytes(b"x")
    copying.remove_leftovers(tmp_path)
    assert list(tmp_path.iterdir()) == []
