"""What was done on a server becomes a story, and the story passes: by the command line, on servers of one event loop.

A process for each server would only add its seconds; each begins with a copy of the same new home.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from devconsole.scenario import script, story, suite
from devconsole.scenario.acts.checkout import PayCheckout
from devconsole.scenario.report import lines_of
from devconsole.scenario.scene import Scene
from devconsole.virtual.host import Host
from relay.api import (
    CheckoutTopup,
    CreateTopup,
    ListBalances,
    ListEvents,
    ListTopups,
    Operation,
    RefundCall,
    RefundCharge,
    ReplayEvents,
    SetAutoTopup,
    SimulateCall,
    SwitchTestMode,
    TriggerEvent,
)
from relay.errors import OperationRefused
from relay.sync_client import SyncControlClient
from tests.support.processes import Finished, run, until
from tests.support.worlds import local_server

ACME, NORDLICHT, BERGBLICK, HAFEN = "acme-telefon", "nordlicht-service", "bergblick-praxis", "hafen-logistik"


@dataclass(frozen=True)
class Recorded:
    """A server whose days are told."""

    home: Path
    client: SyncControlClient
    host: Host

    def record(self, *options: str, code: int = 0) -> Finished:
        return run("scenario", "record", *options, home=self.home, code=code)


@pytest.fixture
def running(host: Host, new_home: Path, tmp_path: Path) -> Iterator[Recorded]:
    home = tmp_path / "home"
    shutil.copytree(new_home, home)
    with local_server(host, home) as client:
        yield Recorded(home, client, host)


def pay(client: SyncControlClient, topup: int, card: str) -> None:
    PayCheckout(topup=topup, card=card).play(Scene(client, Path()))


def balance_of(client: SyncControlClient, slug: str) -> int:
    return next(row.balance_cents for row in client.call(ListBalances()).rows if row.company_slug == slug)


def settled(client: SyncControlClient, slug: str, *, cents: int) -> None:
    until(lambda: balance_of(client, slug) == cents, what=f"{slug} has {cents}")


def recorded(running: Recorded, *options: str) -> story.Story:
    """Record, play what was recorded, and return it."""
    file = running.home.parent / "recorded.yaml"
    running.record("--out", str(file), *options)
    told = script.load(file)[0]
    played = suite.play(told, running.host, suite.Playing(), lambda *_step: None)
    assert played.passed, "\n".join((*lines_of(played), file.read_text(encoding="utf-8")))
    return told.story


def last_expectation(told: story.Story) -> story.Expect:
    expect = told.steps[-1].expect
    assert expect is not None
    return expect


def test_cards_calls_refunds_and_an_automatic_topup_after_a_restart(host: Host, new_home: Path, tmp_path: Path) -> None:
    """Asked as fast as a script asks: the automatic top-up of one call arrives while the next one is charged."""
    home = tmp_path / "home"
    shutil.copytree(new_home, home)
    with local_server(host, home) as client:
        client.call(CreateTopup(company=ACME, amount_cents=5_000, card="visa"))
        client.call(CreateTopup(company=ACME, amount_cents=5_000, card="lost-card"))
        call = client.call(SimulateCall(company=ACME, duration_s=157))
        client.call(RefundCall(call=call.id, amount_cents=60))
        with pytest.raises(OperationRefused):
            client.call(CreateTopup(company=ACME, amount_cents=1, card="visa"))
    with local_server(host, home) as client:
        client.call(SimulateCall(company=BERGBLICK, duration_s=1_400))
        client.call(SimulateCall(company=BERGBLICK, duration_s=60))
        client.call(SimulateCall(company=BERGBLICK, duration_s=60))
        settled(client, BERGBLICK, cents=2_936 - 980 - 42 - 42 + 5_000)
        file = tmp_path / "recorded.yaml"
        run("scenario", "record", "--out", str(file), "--title", "A day", home=home)
        run("scenario", "run", str(file), home=tmp_path / "elsewhere")
    told = script.load(file)[0].story
    assert told.title == "A day"
    assert [company.balance for company in told.given.companies] == ["100.00", "29.36"]
    armed = told.given.companies[1].auto_topup
    assert armed is not None and (armed.threshold, armed.amount, armed.card) == ("20.00", "50.00", "visa")
    refused = next(step for step in told.steps if step.expect and step.expect.refused)
    assert refused.expect and refused.expect.refused == "invalid_amount"
    end = last_expectation(told)
    assert end.balances == {ACME: "149.50", BERGBLICK: "68.72"}
    assert end.topups == {ACME: ("succeeded", "failed"), BERGBLICK: ("succeeded",)}
    assert end.calls[BERGBLICK] == ("charged", "charged", "charged")


def test_a_page_that_was_declined_and_paid_and_an_event_that_came_twice(running: Recorded) -> None:
    client = running.client
    topup = client.call(CheckoutTopup(company=NORDLICHT, amount_cents=2_500))
    pay(client, topup.id, "insufficient-funds")
    pay(client, topup.id, "mastercard")
    settled(client, NORDLICHT, cents=1_903 + 2_500)
    paid = until(lambda: events(client, "payment_intent.succeeded"), what="the event of the payment")
    client.call(ReplayEvents(events=(paid[0].event_id,)))
    charge = client.call(ListTopups()).rows[0].charge_id
    client.call(RefundCharge(charge=str(charge), amount_cents=1_000))
    settled(client, NORDLICHT, cents=1_903 + 1_500)
    told = recorded(running)
    steps = [(step.do, step.with_.get("card")) for step in told.steps if step.do]
    assert steps[:3] == [
        ("topups.checkout", None),
        ("checkout.pay", "insufficient-funds"),
        ("checkout.pay", "mastercard"),
    ]
    assert steps[3:] == [("events.list", None), ("events.replay", None), ("charges.refund", None)]
    assert last_expectation(told).balances == {NORDLICHT: "34.03"}


def test_only_the_last_few_and_what_was_set_before_them(running: Recorded) -> None:
    client = running.client
    client.call(CreateTopup(company=ACME, amount_cents=5_000, card="visa"))
    client.call(SetAutoTopup(company=ACME, enabled=True, threshold_cents=2_500, amount_cents=6_000, card="amex"))
    client.call(SimulateCall(company=ACME, duration_s=157))
    told = recorded(running, "--last", "1")
    (company,) = told.given.companies
    assert company.balance == "150.00"
    assert company.auto_topup is not None
    assert (company.auto_topup.threshold, company.auto_topup.card) == ("25.00", "amex")
    assert last_expectation(told).balances == {ACME: "148.90"}


def test_what_cannot_be_told_is_a_comment_and_nothing_is_expected_of_it(running: Recorded) -> None:
    client = running.client
    call = client.call(SimulateCall(company=ACME, duration_s=60))
    client.call(SimulateCall(company=HAFEN, duration_s=60))
    client.call(RefundCall(call=call.id))
    told = recorded(running, "--last", "2")
    text = (running.home.parent / "recorded.yaml").read_text(encoding="utf-8")
    assert "Nothing is expected of hafen-logistik: its calls have a rate of their own" in text
    assert f"calls.refund is left out: nothing that is recorded here made {call.id}" in text
    assert [step.do for step in told.steps] == ["calls.simulate", None]
    assert last_expectation(told).balances == {}


def test_what_was_held_is_told_with_the_lock(running: Recorded) -> None:
    client = running.client
    topup = client.call(CheckoutTopup(company=ACME, amount_cents=2_000))
    client.call(SwitchTestMode(on=False))
    pay(client, topup.id, "visa")
    until(lambda: events(client, "checkout.session.completed"), what="the held event")
    client.call(SwitchTestMode(on=True))
    settled(client, ACME, cents=12_000)
    assert last_expectation(recorded(running)).topups == {ACME: ("succeeded",)}


def test_where_nothing_was_done_there_is_nothing_to_tell(running: Recorded) -> None:
    refused = running.record("--json", code=1)
    assert refused.error["code"] == "nothing_recorded"


def test_a_recording_goes_to_stdout_or_into_json(running: Recorded) -> None:
    running.client.call(SimulateCall(company=ACME, duration_s=157))
    text = running.record("--since", "10min").stdout
    assert script.parse(text, Path("stdout"))[0].story.steps[0].do == "calls.simulate"
    answer: dict[str, Any] = running.record("--json").json
    assert (answer["companies"], answer["gaps"], answer["steps"]) == ([ACME], [], 1)


def events(client: SyncControlClient, type_: str) -> tuple[Any, ...]:
    asked: Operation[Any] = ListEvents(type=type_)
    rows: tuple[Any, ...] = client.call(asked).rows
    return rows


def test_an_event_becomes_the_story_of_what_led_to_it(running: Recorded) -> None:
    client = running.client
    client.call(SimulateCall(company=HAFEN, duration_s=60))
    client.call(CreateTopup(company=ACME, amount_cents=5_000, card="visa"))
    settled(client, ACME, cents=15_000)
    (paid,) = until(lambda: events(client, "payment_intent.succeeded"), what="the event of the payment")
    told = recorded(running, "--event", paid.event_id)
    assert told.title == f"What led to payment_intent.succeeded {paid.event_id}"
    assert [step.do for step in told.steps] == ["topups.create", None]
    assert last_expectation(told).balances == {ACME: "150.00"}


def test_an_event_of_nobody_becomes_a_story_that_sends_it(running: Recorded) -> None:
    client = running.client
    client.call(TriggerEvent(type="customer.updated"))
    (odd,) = until(
        lambda: [each for each in events(client, "customer.updated") if each.status == "ignored"], what="the event"
    )
    told = recorded(running, "--event", str(odd.id))
    assert told.steps[0].do == "events.send"
    assert told.steps[0].expect and told.steps[0].expect.event_states == {"customer.updated": ("ignored",)}
    assert running.record("--event", "evt_none", "--json", code=1).error["code"] == "unknown_event"


def test_a_stretch_of_the_inbox_begins_and_ends_where_somebody_says(running: Recorded) -> None:
    """What came later is not told, also where it changed what the stretch had left: an unpaid call, an open page."""
    client = running.client
    client.call(SimulateCall(company=NORDLICHT, duration_s=60))
    client.call(CreateTopup(company=ACME, amount_cents=5_000, card="visa"))
    settled(client, ACME, cents=15_000)
    (first,) = until(lambda: events(client, "payment_intent.succeeded"), what="the event of the payment")
    client.call(SimulateCall(company=NORDLICHT, duration_s=4_000))
    page = client.call(CheckoutTopup(company=NORDLICHT, amount_cents=5_000))
    client.call(TriggerEvent(type="customer.updated"))
    (mark,) = until(lambda: events(client, "customer.updated"), what="the event that ends the stretch")
    pay(client, page.id, "visa")
    settled(client, NORDLICHT, cents=1_903 - 42 - 2_800 + 5_000)
    client.call(CreateTopup(company=ACME, amount_cents=1_000, card="visa"))
    settled(client, ACME, cents=16_000)

    told = recorded(running, "--from", first.event_id, "--to", str(mark.id), "--title", "A stretch")
    assert [step.do for step in told.steps] == [
        "topups.create",
        "calls.simulate",
        "topups.checkout",
        "events.trigger",
        None,
    ]
    end = last_expectation(told)
    assert end.balances == {ACME: "150.00", NORDLICHT: "18.61"}
    assert end.topups == {ACME: ("succeeded",), NORDLICHT: ("processing",)}
    assert end.calls == {NORDLICHT: ("unpaid",)}

    rest = recorded(running, "--since", mark.received_at.isoformat(), "--until", "0 s")
    assert [step.do for step in rest.steps] == ["topups.create", None]
    backwards = ("--from", str(mark.id), "--to", first.event_id)
    assert running.record(*backwards, "--json", code=1).error["code"] == "stretch_backwards"
    running.record("--from", "1", "--last", "2", code=2)
