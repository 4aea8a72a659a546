"""`devconsole forwards`, as a script calls it, and `--forward-to`, with an application that listens."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from billing.signature import sign
from relay.home import Home
from tests.support.events import event
from tests.support.processes import RunningServer, server, until


class Listening(ThreadingHTTPServer):
    """An application: answers `answer`, and keeps what it got."""

    answer = 200

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"


class Handler(BaseHTTPRequestHandler):
    server: Listening

    def do_POST(self) -> None:
        self.server.got.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.server.answer)
        self.end_headers()
        self.wfile.write(b"thank you" if self.server.answer == 200 else b"column users.plan does not exist")

    def log_message(self, *_what: object) -> None:
        pass


@pytest.fixture
def app() -> Iterator[Listening]:
    listening = Listening()
    thread = threading.Thread(target=listening.serve_forever)
    thread.start()
    yield listening
    listening.shutdown()
    thread.join()
    listening.server_close()


def test_from_adding_a_target_to_sending_again_what_failed(shared_server: RunningServer, app: Listening) -> None:
    said = shared_server.run("forwards", "add", app.url, "--name", "shop", "--type", "charge.*", "--retry", "none")
    secret = next(line.strip() for line in said.stdout.splitlines() if line.strip().startswith("whsec_"))
    app.answer = 500
    shared_server.ask("events", "trigger", "charge.succeeded")
    shared_server.ask("events", "trigger", "customer.created")

    def gave_up() -> Any:
        (row,) = shared_server.ask("forwards", "list")["rows"]
        return row if row["failed"] else None

    row = until(gave_up, what="a failed forward")
    assert (row["health"], row["waiting"], row["signing_secret"]) == ("failing", 0, f"whsec_…{secret[-4:]}")
    (failed,) = shared_server.ask("forwards", "show", "shop", "--state", "failed")["forwards"]
    told = shared_server.run("forwards", "delivery", str(failed["id"])).stdout
    assert "column users.plan does not exist" in told
    refused = shared_server.run("forwards", "retry", "shop", code=1)
    assert "answered 500" in refused.stdout
    app.answer = 200
    assert shared_server.ask("forwards", "retry", "shop", f"forward_{failed['id']}")["rows"][0]["state"] == "delivered"
    assert secret not in shared_server.run("forwards", "show", "shop").stdout
    trace = shared_server.run("trace", failed["event_id"]).stdout
    assert f"forward_{failed['id']}" in trace
    assert shared_server.ask("forwards", "pause", "shop")["health"] == "paused"
    assert shared_server.ask("forwards", "resume", "shop", "--skip")["health"] == "healthy"
    assert shared_server.ask("forwards", "remove", "shop")["delivered"] == 1
    assert len(app.got) == 3


def test_a_server_killed_in_the_middle_forwards_everything_in_order(tmp_path: Path, app: Listening) -> None:
    """At least once: what was under way when it died may come twice, with the same event id."""
    home, ids = tmp_path / "home", [f"evt_{number:03d}" for number in range(120)]
    with server(home, "--no-samples", "--forward-to", app.url) as first:
        for event_id in ids:
            deliver(first, event_id)
        until(lambda: len(app.got) >= 20, what="some forwards")
        first.process.kill()
    with server(home, "--no-samples", "--forward-to", app.url) as second:

        def all_delivered() -> bool:
            (row,) = second.ask("forwards", "list")["rows"]
            return bool(row["delivered"] == len(ids) and not row["waiting"])

        until(all_delivered, what="what was owed")
    assert list(dict.fromkeys(json.loads(body)["id"] for _, body in app.got)) == ids


def deliver(running: RunningServer, event_id: str) -> None:
    """As a sender of its own does, under the secret that the server signs replays with."""
    body = event("customer.created", {"id": "cus_1", "object": "customer"}, event_id=event_id)
    signature = sign(body, Home(running.home).local_secret(), int(time.time()))
    request = urllib.request.Request(running.ready["webhook"], body, {"Stripe-Signature": signature})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200


def test_another_machine_is_refused_without_the_flag(shared_server: RunningServer) -> None:
    refused = shared_server.run("forwards", "add", "https://example.com/hook", "--json", code=1)
    assert refused.error["code"] == "address_refused"
    assert "--allow-remote" in (refused.error["remedy"] or "")
    assert shared_server.run("forwards", "add", "http://127.0.0.1:1/", "--retry", "soon", code=2).stdout == ""


def test_forward_to_takes_up_where_a_killed_server_stopped(tmp_path: Path, app: Listening) -> None:
    home = tmp_path / "home"
    with server(home, "--no-samples", "--forward-to", app.url) as first:
        first.ask("events", "trigger", "charge.succeeded")
        until(lambda: len(app.got) == 1, what="a forward")
        app.answer = 503
        first.ask("events", "trigger", "charge.failed")
        until(lambda: len(app.got) == 2, what="a try")
        first.process.kill()
    app.answer = 200
    with server(home, "--no-samples", "--forward-to", app.url) as second:

        def delivered() -> bool:
            (row,) = second.ask("forwards", "list")["rows"]
            return bool(row["delivered"] == 2 and row["origin"] == "option")

        until(delivered, what="what was owed")
    assert b"charge.failed" in app.got[-1][1]
