"""The official Stripe CLI, run by hand as the README says: what it forwards is what the ledger books."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes import PATIENCE_S, RunningServer, server, until
from tests.support.tools import stripe_cli

KEY = "sk_test_acceptance_000000000000"


class Cli:
    """The tool against one sandbox, with a home directory of its own."""

    def __init__(self, sandbox: str, home: Path) -> None:
        self._path = stripe_cli()
        self._options = ["--api-base", sandbox, "--api-key", KEY]
        self._environment = {"PATH": os.environ["PATH"], "HOME": str(home), "STRIPE_CLI_TELEMETRY_OPTOUT": "1"}
        self._home = home

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [self._path, *arguments, *self._options],
            env=self._environment, capture_output=True, text=True, timeout=PATIENCE_S, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        log = (self._home / "stripe.log").open("wb")
        return subprocess.Popen(
            [self._path, *arguments, *self._options],
            env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True,  # npm's `stripe` is a shim around the binary: both must end together
        )  # fmt: skip

    def said(self) -> str:
        return (self._home / "stripe.log").read_text(errors="replace")


def end(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGTERM)
    process.wait(PATIENCE_S)


@pytest.fixture
def stripe_side(tmp_path: Path) -> Iterator[RunningServer]:
    """A sandbox that knows nothing of the relay under test: only the CLI connects the two."""
    with server(tmp_path / "stripe", "--no-samples") as running:
        yield running


def balance(running: RunningServer) -> int:
    cents: int = running.ask("balances", "show", "acme")["balance_cents"]
    return cents


def events(running: RunningServer, type_: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = running.ask("events", "list", "--type", type_)["rows"]
    return rows


@pytest.mark.stripe_cli
def test_what_stripe_listen_forwards_moves_the_balance(stripe_side: RunningServer, tmp_path: Path) -> None:
    sandbox = stripe_side.ready["sandbox"]
    cli = Cli(sandbox, tmp_path)
    secret = cli.run("listen", "--print-secret").strip()
    settings = {"STRIPE_SECRET": KEY, "STRIPE_WEBHOOK_SECRET": secret, "DEVCONSOLE_STRIPE_API": sandbox}
    with server(tmp_path / "home", env=settings) as running:
        assert running.ready["sandbox"] is None
        running.ask("companies", "create", "Acme")
        listening = cli.start("listen", "--all-snapshot", "--forward-to", running.ready["webhook"])
        try:
            until(lambda: "Ready!" in cli.said(), what="the listener")
            topup = running.ask("topups", "checkout", "acme", "--amount", "50")
            cli.run(
                "post", f"/v1/payment_pages/{topup['checkout_session_id']}/confirm", "-d", "payment_method=pm_card_visa"
            )
            until(lambda: balance(running) == 50_00, what="the credit")
            (completed,) = until(lambda: events(running, "checkout.session.completed"), what="the event")
            assert completed["status"] == "completed"
            assert {row["source"] for row in running.ask("deliveries", "list")["rows"]} == {"endpoint"}

            cli.run("trigger", "payment_intent.succeeded")
            foreign = until(
                lambda: [row for row in events(running, "payment_intent.succeeded") if row["status"] == "unmatched"],
                what="the triggered event",
            )
            assert "no top-up of ours belongs to" in foreign[0]["reason"]
            assert balance(running) == 50_00
            assert running.ask("ledger", "check")["ok"]
        finally:
            end(listening)
