"""Faults switched on and off at the sandbox of a running server, by the command line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from fixtures.faults import BY_NAME
from tests.support.processes import RunningServer, until


@pytest.fixture
def server(shared_server: RunningServer) -> Iterator[RunningServer]:
    yield shared_server
    shared_server.run("faults", "off")


def active(server: RunningServer) -> dict[str, Any]:
    return {row["name"]: row for row in server.ask("faults", "active")["rows"] if row["on"]}


def test_every_fault_is_listed_with_what_it_does(server: RunningServer) -> None:
    rows = server.ask("faults", "active")["rows"]
    assert [row["name"] for row in rows] == list(BY_NAME)
    assert all(row["title"] and row["what_happens"] and row["hits"] in ("api", "webhook") for row in rows)


def test_a_fault_hits_as_often_as_was_asked_and_is_off_then(server: RunningServer) -> None:
    on = server.ask("faults", "on", "stripe-429", "--only", "/v1/customers")
    assert (on["on"], on["times_left"], on["only"]) == (True, 1, "/v1/customers")
    assert "on, once, /v1/customers" in server.run("faults", "active").stdout
    slug = server.ask("companies", "create", "--name", "Trouble", "--slug", "trouble", "--balance", "0")["slug"]
    refused = server.run("topups", "create", slug, "--amount", "50", "--card", "visa", "--json", code=1)
    assert refused.error["code"] == "gateway_unavailable"
    assert active(server) == {}
    server.ask("companies", "create", "--name", "Calm", "--slug", "calm", "--balance", "0")
    assert server.ask("topups", "create", "calm", "--amount", "50", "--card", "visa")["status"] == "succeeded"


def test_an_event_that_is_sent_several_times_at_once_is_kept_once(server: RunningServer) -> None:
    server.ask("faults", "on", "concurrent-duplicate", "--only", "payment_intent.succeeded")
    server.ask("companies", "create", "--name", "Often", "--slug", "often", "--balance", "0")
    topup = server.ask("topups", "create", "often", "--amount", "50", "--card", "visa")

    def come() -> list[Any]:
        rows = server.ask("events", "list", "--type", "payment_intent.succeeded", "--company", "often")["rows"]
        return [row for row in rows if row["object_id"] == topup["payment_intent_id"]]

    (event,) = until(come, what="the event")

    def all_come() -> bool:
        return len(server.ask("events", "show", event["event_id"])["deliveries"]) == 4

    until(all_come, what="four deliveries")
    assert server.ask("balances", "show", "often")["balance_cents"] == 5_000


def test_one_or_all_are_switched_off_and_told(server: RunningServer) -> None:
    server.ask("faults", "on", "drop", "--times", "5")
    server.ask("faults", "on", "stripe-slow", "--seconds", "0.1", "--probability", "0.5")
    assert set(active(server)) == {"drop", "stripe-slow"}
    assert [row["name"] for row in server.ask("faults", "off", "drop")["rows"]] == ["drop"]
    assert [row["name"] for row in server.ask("faults", "off")["rows"]] == ["stripe-slow"]
    assert server.run("faults", "off").stdout == "No fault was on.\n"


def test_an_unknown_fault_is_refused_with_the_one_that_was_meant(server: RunningServer) -> None:
    refused = server.run("faults", "on", "tampr", "--json", code=1)
    assert refused.error == {
        "code": "unknown_fault",
        "message": "there is no fault tampr",
        "remedy": "Did you mean tamper?",
    }
