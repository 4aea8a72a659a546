"""An upstream that dies or falls silent: shown within ten seconds, recovered within thirty, and nothing is missed.

Real processes: a server that plays Stripe with its sandbox, a server under test that knows it only by its address, and
the official Stripe CLI between them.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.processes import RunningServer, server, until
from tests.support.tools import stripe_cli

SHOWN_WITHIN_S = 10.0
RECOVERED_WITHIN_S = 30.0


@pytest.fixture
def stripe_side(tmp_path: Path) -> Iterator[RunningServer]:
    with server(tmp_path / "stripe", "--no-samples") as running:
        yield running


def upstream(running: RunningServer, name: str) -> dict[str, Any]:
    rows: list[dict[str, Any]] = running.ask("status")["upstreams"]
    return next((row for row in rows if row["name"] == name), {"state": "unknown", "detail": ""})


def state_is(running: RunningServer, name: str, *wanted: str) -> Callable[[], bool]:
    return lambda: upstream(running, name)["state"] in wanted


def balance(running: RunningServer) -> int:
    cents: int = running.ask("balances", "show", "acme")["balance_cents"]
    return cents


def known_events(running: RunningServer) -> dict[str, str]:
    """Source by event id."""
    rows = running.ask("events", "list", "--limit", "500")["rows"]
    return {row["event_id"]: row["source"] for row in rows}


def events_at(stripe: RunningServer) -> set[str]:
    """What Stripe has, asked with the official library."""
    import stripe as sdk

    client = sdk.StripeClient("sk_test_sandbox_devconsole", base_addresses={"api": stripe.ready["sandbox"]})
    return {event.id for event in client.v1.events.list({"limit": 100}).data}


def top_up(running: RunningServer, euros: int) -> None:
    running.ask("topups", "create", "acme", "--amount", str(euros), "--card", "visa")


def tool_of(running: RunningServer) -> psutil.Process:
    """The binary of the CLI, below the leash and npm's script."""
    offspring = psutil.Process(running.process.pid).children(recursive=True)
    return next(each for each in reversed(offspring) if each.name() == "stripe")


@pytest.mark.proof
@pytest.mark.stripe_cli
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_stripe_cli_that_is_killed_or_stopped(
    stripe_side: RunningServer, tmp_path: Path, number: signal.Signals
) -> None:
    path = f"{Path(stripe_cli()).parent}{os.pathsep}{os.environ['PATH']}"
    options = ("--stripe-api", stripe_side.ready["sandbox"], "--listen")
    with server(tmp_path / "home", *options, env={"PATH": path}) as running:
        until(state_is(running, "stripe_cli", "connected"), what="the listener")
        running.ask("companies", "create", "Acme")
        top_up(running, 50)
        until(lambda: "stripe_cli" in known_events(running).values(), what="an event by the CLI")
        tool_of(running).send_signal(number)
        struck = time.monotonic()
        until(
            state_is(running, "stripe_cli", "down", "silent", "starting"), within_s=SHOWN_WITHIN_S, what="the trouble"
        )
        top_up(running, 60)
        until(
            state_is(running, "stripe_cli", "connected"),
            within_s=RECOVERED_WITHIN_S - (time.monotonic() - struck),
            what="the recovery",
        )
        until(
            lambda: events_at(stripe_side) <= known_events(running).keys(),
            within_s=RECOVERED_WITHIN_S - (time.monotonic() - struck),
            what="every event of the gap",
        )
        top_up(running, 70)
        until(lambda: events_at(stripe_side) <= known_events(running).keys(), what="every event")
        assert balance(running) == 180_00
        assert running.ask("ledger", "check")["ok"]


@pytest.mark.proof
@pytest.mark.parametrize("mode", ["--poll", "--listen"])
@pytest.mark.stripe_cli
def test_a_stripe_that_dies_and_comes_back(tmp_path: Path, mode: str) -> None:
    path = f"{Path(stripe_cli()).parent}{os.pathsep}{os.environ['PATH']}"
    place = tmp_path / "stripe"
    with server(place, "--no-samples") as stripe_side:
        address = stripe_side.ready["sandbox"]
        with server(tmp_path / "home", "--stripe-api", address, mode, env={"PATH": path}) as running:
            until(state_is(running, "events_api", "connected"), what="the watch")
            running.ask("companies", "create", "Acme")
            top_up(running, 50)
            until(lambda: events_at(stripe_side) <= known_events(running).keys(), what="every event")
            stripe_side.process.kill()
            stripe_side.process.wait()
            until(state_is(running, "events_api", "down"), within_s=SHOWN_WITHIN_S, what="the death of Stripe")
            port = address.rpartition(":")[2]
            with server(place, "--no-samples", "--sandbox-port", port) as again:
                until(
                    state_is(running, "events_api", "connected", "silent"),
                    within_s=RECOVERED_WITHIN_S,
                    what="the recovery",
                )
                top_up(running, 60)
                until(lambda: events_at(again) <= known_events(running).keys(), what="every event")
                assert balance(running) == 110_00
                assert running.ask("ledger", "check")["ok"]


@pytest.mark.proof
def test_a_webhook_to_which_nothing_comes(stripe_side: RunningServer, tmp_path: Path) -> None:
    """Nobody delivers: what happens at Stripe is noticed, fetched and marked all the same."""
    with server(tmp_path / "home", "--stripe-api", stripe_side.ready["sandbox"]) as running:
        until(state_is(running, "events_api", "connected"), what="the watch")
        running.ask("companies", "create", "Acme")
        top_up(running, 50)
        struck = time.monotonic()
        until(state_is(running, "events_api", "silent"), within_s=SHOWN_WITHIN_S, what="the silence")
        assert "did not arrive by webhook" in upstream(running, "events_api")["detail"]
        until(
            lambda: events_at(stripe_side) <= known_events(running).keys(),
            within_s=RECOVERED_WITHIN_S - (time.monotonic() - struck),
            what="every event",
        )
        assert set(known_events(running).values()) == {"backfill"}
        assert balance(running) == 50_00
        assert running.ask("ledger", "check")["ok"]


@pytest.mark.proof
def test_a_stripe_that_answers_nothing_any_more(stripe_side: RunningServer, tmp_path: Path) -> None:
    """As a network that swallows what is sent: nobody hangs up, and nothing comes back."""
    stopped = psutil.Process(stripe_side.process.pid)
    with server(tmp_path / "home", "--stripe-api", stripe_side.ready["sandbox"], "--poll") as running:
        until(state_is(running, "events_api", "connected"), what="the watch")
        stopped.suspend()
        try:
            until(state_is(running, "events_api", "down"), within_s=SHOWN_WITHIN_S, what="the hanging Stripe")
        finally:
            stopped.resume()
        until(state_is(running, "events_api", "connected"), within_s=RECOVERED_WITHIN_S, what="the recovery")
