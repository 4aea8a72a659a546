"""Who delivers to us, and whom we pass deliveries on to: the official Stripe CLI, and the user's own app."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
import pytest

from devconsole.settings import SANDBOX_KEY
from tests.support.processes import PATIENCE_S, RunningServer, is_gone, run, server, until
from tests.support.tools import stripe_cli


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


# The official listener ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stripe() -> Path:
    return Path(stripe_cli())


def listener_state(running: RunningServer) -> dict[str, Any]:
    upstreams: list[dict[str, Any]] = running.ask("status")["upstreams"]
    return next(row for row in upstreams if row["name"] == "stripe_cli")


def offspring(pid: int) -> list[int]:
    """All processes that come from this one."""
    return [child.pid for child in psutil.Process(pid).children(recursive=True)]


@pytest.mark.stripe_cli
def test_listen_runs_the_official_tool_whose_deliveries_are_accepted(home: Path, stripe: Path) -> None:
    with server(home, "--listen", env={"PATH": _path_with(stripe)}) as running:
        until(lambda: listener_state(running)["state"] == "connected", what="the listener")
        running.ask("topups", "create", "acme-telefon", "--amount", "50", "--card", "visa")

        def by_the_tool() -> list[dict[str, Any]]:
            rows: list[dict[str, Any]] = running.ask("deliveries", "list")["rows"]
            return [row for row in rows if row["secret_label"] == "stripe_cli"]

        delivered = until(by_the_tool, what="a delivery by the tool")
        assert {row["verdict"] for row in delivered} <= {"accepted", "duplicate"}
        assert running.ask("balances", "show", "acme-telefon")["balance_cents"] == 150_00
        arguments = [" ".join(psutil.Process(pid).cmdline()) for pid in offspring(running.process.pid)]
        assert any("listen --skip-update --all-snapshot" in line for line in arguments)
        assert SANDBOX_KEY not in " ".join(arguments)


@pytest.mark.stripe_cli
def test_the_listener_is_started_again_and_never_outlives_the_server(home: Path, stripe: Path) -> None:
    with server(home, "--listen", env={"PATH": _path_with(stripe)}) as running:
        until(lambda: listener_state(running)["state"] == "connected", what="the listener")
        first = offspring(running.process.pid)
        psutil.Process(first[-1]).kill()
        until(lambda: listener_state(running)["state"] != "connected", what="the loss of the listener")
        until(lambda: listener_state(running)["state"] == "connected", what="another listener")
        second = offspring(running.process.pid)
        running.process.kill()
        running.process.wait(PATIENCE_S)
        until(lambda: all(is_gone(pid) for pid in [*first, *second]), what="the end of the listener")


def test_listen_without_the_tool_says_how_to_get_it(home: Path, tmp_path: Path) -> None:
    refused = run("server", "--listen", "--port", "0", "--json", home=home, env={"PATH": str(tmp_path)}, code=1)
    assert refused.error["code"] == "stripe_cli_missing"
    assert "@stripe/cli" in (refused.error["remedy"] or "")


def _path_with(tool: Path) -> str:
    return f"{tool.parent}{os.pathsep}{os.environ['PATH']}"


# The user's own app ---------------------------------------------------------------------------------------------------


@dataclass
class App:
    """An app of the user's: keeps what it was sent, answers with `status`."""

    status: int = 200
    received: queue.Queue[tuple[dict[str, str], bytes]] = field(default_factory=queue.Queue)
    url: str = ""


@pytest.fixture
def app() -> Iterator[App]:
    kept = App()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.received.put((dict(self.headers), body))
            self.send_response(kept.status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Silent."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.url = f"http://127.0.0.1:{listening.server_port}/hook"
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    yield kept
    listening.shutdown()
    listening.server_close()
    thread.join()


def forward_state(running: RunningServer, app: App) -> dict[str, Any]:
    return next(row for row in running.ask("status")["upstreams"] if row["name"] == f"forward {app.url}")


def test_deliveries_are_passed_on_with_their_bytes_and_signature(home: Path, app: App) -> None:
    with server(home, "--forward-to", app.url) as running:
        delivery = running.ask("events", "trigger", "charge.succeeded")
        while True:
            headers, body = app.received.get(timeout=PATIENCE_S)
            if delivery["event_id"].encode() in body:
                break
        assert body == running.ask("deliveries", "show", str(delivery["id"]))["body"].encode()
        assert headers["Stripe-Signature"].startswith("t=")
        assert headers["Host"] == app.url.removeprefix("http://").removesuffix("/hook")
        until(lambda: forward_state(running, app)["state"] == "connected", what="the state of the target")


def test_a_target_that_fails_changes_nothing_for_the_sender(home: Path, app: App) -> None:
    app.status = 500
    with server(home, "--forward-to", app.url) as running:
        topup = running.ask("topups", "create", "acme-telefon", "--amount", "50", "--card", "visa")
        assert topup["status"] == "succeeded"
        until(lambda: forward_state(running, app)["state"] == "down", what="the state of the target")
        assert running.ask("deliveries", "list", "--verdict", "rejected")["rows"] == []


def test_nothing_is_passed_on_to_another_machine(home: Path) -> None:
    refused = run("server", "--port", "0", "--forward-to", "http://192.0.2.1/hook", home=home, code=2)
    assert "on this machine" in refused.stderr
    by_variable = {"DEVCONSOLE_FORWARD_TO": "http://192.0.2.1/hook"}
    assert run("server", "--port", "0", home=home, env=by_variable, code=1)
    assert not home.exists()


# Without any deliverer ------------------------------------------------------------------------------------------------


def test_polling_brings_events_without_cli_and_secret(shared_server: RunningServer, home: Path) -> None:
    with server(home, "--poll", "--stripe-api", shared_server.ready["sandbox"]) as running:
        running.ask("companies", "create", "Mine")
        topup = running.ask("topups", "create", "mine", "--amount", "50", "--card", "visa")

        def paid() -> list[dict[str, Any]]:
            rows: list[dict[str, Any]] = running.ask("events", "list", "--type", "payment_intent.succeeded")["rows"]
            return [row for row in rows if row["object_id"] == topup["payment_intent_id"]]

        (event,) = until(paid, what="the event")
        assert event["source"] == "poll"
        upstreams = {row["name"]: row for row in running.ask("status")["upstreams"]}
        assert upstreams["events_api"]["state"] == "connected"
        assert "endpoint" not in upstreams
        assert any(row["check"] == "events" and row["ok"] for row in running.ask("doctor")["rows"])
        assert running.ask("balances", "show", "mine")["balance_cents"] == 50_00
