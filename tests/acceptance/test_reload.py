"""A handler is mended while the server runs: the old code answers until the new one works; then a replay proves it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes import PROJECT, RunningServer, server, until

SOUND = "def intent_succeeded(session: Session, event: Event[PaymentIntent]) -> Outcome:\n"
BROKEN = '    raise RuntimeError("a bug of mine")\n'


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of everything that the server is made of, to be edited."""
    place = tmp_path / "source"
    for name in ("billing", "relay", "devconsole", "fixtures"):
        shutil.copytree(PROJECT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
    return place


@pytest.fixture
def running(package: Path, tmp_path: Path) -> Iterator[RunningServer]:
    handlers = package / "billing/handlers/payments.py"
    handlers.write_text(handlers.read_text().replace(SOUND, SOUND + BROKEN))
    assert BROKEN in handlers.read_text()
    env = {"PYTHONPATH": str(package), "DEVCONSOLE_SAMPLES": "false"}
    with server(tmp_path / "home", "--reload", env=env) as started:
        yield started


def code(running: RunningServer) -> dict[str, Any]:
    """What the status says of the code."""
    found: dict[str, Any] = next(row for row in running.ask("status")["upstreams"] if row["name"] == "code")
    return found


def test_a_handler_is_mended_without_losing_the_server(running: RunningServer, package: Path) -> None:
    handlers = package / "billing/handlers/payments.py"
    rules = package / "billing/rules/low_balance.py"
    assert str(package) in code(running)["detail"]
    running.ask("companies", "create", "--name", "Acme", "--slug", "acme")
    running.ask("topups", "create", "--company", "acme", "--amount", "50", "--card", "visa")
    paid = ("events", "list", "--filter", "type:payment_intent.succeeded")
    event = until(lambda: running.ask(*paid)["rows"], what="the event of the payment")[0]["event_id"]

    def shown() -> dict[str, Any]:
        found: dict[str, Any] = running.ask("events", "show", event)["event"]
        return found

    until(lambda: shown()["retry_count"], what="the first attempt")
    assert "a bug of mine" in shown()["reason"]

    text = handlers.read_text()
    handlers.write_text(text.replace(BROKEN, "    return this is no Python\n"))
    until(lambda: code(running)["state"] == "down", what="the refusal of the broken edit")
    said = code(running)["detail"]
    assert "billing/handlers/payments.py, line" in said
    assert "SyntaxError" in said
    assert "the code of before goes on" in said
    refused = running.run("reload", "--json", code=1)
    assert refused.error["code"] == "code_refused"
    dry = running.ask("events", "replay", event, "--dry-run")
    assert "a bug of mine" in dry["events"][0]["reason_after"]

    handlers.write_text(text.replace(BROKEN, "    from billing.nowhere import something\n"))
    rules.write_text(rules.read_text() + "import billing.nowhere\n")
    until(lambda: "ModuleNotFoundError" in code(running)["detail"], what="the refusal of the second edit")
    assert "billing/rules/low_balance.py, line" in code(running)["detail"]

    handlers.write_text(text.replace(BROKEN, ""))
    rules.write_text(rules.read_text().replace("import billing.nowhere\n", ""))
    until(lambda: code(running)["state"] == "connected", what="the mended code")
    (tried,) = running.ask("events", "replay", "--failed", "--dry-run")["events"]
    assert (tried["verdict"], tried["status_after"]) == ("fixed", "completed")
    replayed = running.ask("events", "replay", "--failed")["rows"]
    assert [(row["event_id"], row["status_after"]) for row in replayed] == [(event, "completed")]
    assert running.ask("balances", "show", "--company", "acme")["balance_cents"] == 5_000
    assert running.ask("ledger", "check")["ok"]
    assert running.ask("status")["pid"] == running.ready["pid"] == running.process.pid
    assert json.loads(running.run("reload", "--json").stdout)["modules"]


def test_rules_that_services_use_are_new_as_well_and_tables_are_told_to_need_a_restart(
    running: RunningServer, package: Path
) -> None:
    rule = package / "billing/rules/balance_level.py"
    running.ask("companies", "create", "--name", "Acme", "--slug", "acme", "--balance", "100")
    assert running.ask("balances", "show", "--company", "acme")["level"] == "good"
    text = rule.read_text()
    rule.write_text(
        text + "\n\ndef balance_level(*_args: object, **_named: object) -> BalanceLevel:\n    return BalanceLevel.LOW\n"
    )
    until(lambda: "balance_level.py" in code(running)["detail"], what="the new rule")
    assert running.ask("balances", "show", "--company", "acme")["level"] == "low"
    models = package / "billing/models/company.py"
    models.write_text(models.read_text() + "\n# another line\n")
    until(lambda: "restart for billing/models/company.py" in code(running)["detail"], what="the word on restarts")
    assert running.ask("balances", "show", "--company", "acme")["level"] == "low"
