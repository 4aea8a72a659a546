"""Every verb of the command line, as a script calls it: `--json` on stdout, talk on stderr, the exit code."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.processes import RunningServer, run, until

_numbers = itertools.count(1)


@pytest.fixture
def company(shared_server: RunningServer) -> str:
    """A new company with 100.00 EUR."""
    slug = f"test-{next(_numbers)}"
    shared_server.ask("companies", "create", "--name", f"Test {slug}", "--slug", slug, "--balance", "100")
    return slug


@pytest.fixture
def ask(shared_server: RunningServer) -> Iterator[Any]:
    """Runs a command and gives its JSON answer."""
    return shared_server.ask


# Companies and balances -----------------------------------------------------------------------------------------------


def test_a_first_start_has_sample_companies_with_balances(ask: Any) -> None:
    companies = ask("companies", "list")
    balances = ask("balances", "list")
    assert companies["total"] >= 5
    assert {"acme-telefon", "bergblick-praxis"} <= {row["slug"] for row in companies["rows"]}
    assert {row["company_slug"] for row in balances["rows"]} == {row["slug"] for row in companies["rows"]}
    armed = {row["slug"]: row["auto_topup"] for row in companies["rows"]}["bergblick-praxis"]
    assert armed["enabled"]
    assert armed["payment_method_label"]


def test_companies_create_and_show_by_id_and_by_slug(ask: Any) -> None:
    created = ask("companies", "create", "--name", "Neu & Söhne", "--email", "neu@example.com", "--no-prepaid")
    assert created["slug"] == "neu-soehne"
    assert created["balance"]["balance_cents"] == 0
    assert not created["prepaid_billing_enabled"]
    assert (
        ask("companies", "show", "--company", "neu-soehne") == ask("companies", "show", str(created["id"])) == created
    )


def test_a_slug_is_taken_once(shared_server: RunningServer, company: str) -> None:
    refused = shared_server.run("companies", "create", "--name", "Again", "--slug", company, "--json", code=1)
    assert refused.stdout == ""
    assert refused.error["code"] == "slug_taken"


def test_balances_show_and_drain(ask: Any, company: str) -> None:
    assert ask("balances", "show", "--company", company)["balance_cents"] == 100_00
    drained = ask("balances", "drain", "--company", company, "--to", "7.50")
    assert (drained["effective_total_cents"], drained["level"]) == (750, "critical")
    assert ask("balances", "drain", company, "--to", "0")["level"] == "exhausted"


def test_drain_without_an_amount_ends_just_below_the_threshold(ask: Any, company: str) -> None:
    drained = ask("balances", "drain", company)
    assert drained["level"] == "low"
    assert drained["effective_total_cents"] < drained["low_balance_threshold_cents"]


# Top-ups --------------------------------------------------------------------------------------------------------------


def test_a_topup_with_a_test_card_is_credited(ask: Any, company: str) -> None:
    topup = ask("topups", "create", "--company", company, "--amount", "50", "--card", "visa")
    assert (topup["status"], topup["amount_cents"]) == ("succeeded", 50_00)
    assert ask("balances", "show", company)["balance_cents"] == 150_00
    assert ask("topups", "show", f"topup_{topup['id']}")["payment_intent_id"] == topup["payment_intent_id"]


def test_a_payment_method_may_be_named_instead_of_a_card(ask: Any, company: str) -> None:
    topup = ask("topups", "create", "--company", company, "--amount", "10.5", "--card", "pm_card_mastercard")
    assert (topup["status"], topup["amount_cents"]) == ("succeeded", 10_50)


def test_a_declined_card_is_exit_code_1_with_the_codes_on_stdout(ask: Any, company: str) -> None:
    topup = ask("topups", "create", "--company", company, "--amount", "50", "--card", "insufficient-funds", code=1)
    assert topup["status"] == "failed"
    assert (topup["failure_code"], topup["decline_code"]) == ("card_declined", "insufficient_funds")
    assert ask("balances", "show", company)["balance_cents"] == 100_00


@pytest.mark.parametrize("amount", ["0", "9.99", "10000.01", "99999999"])
def test_amounts_out_of_range_are_refused_by_the_server(
    shared_server: RunningServer, company: str, amount: str
) -> None:
    refused = shared_server.run("topups", "create", "--company", company, "--amount", amount, "--json", code=1)
    assert refused.stdout == ""
    assert refused.error["code"] in ("invalid_amount", "invalid_request")


def test_an_unknown_card_and_an_unknown_company_are_refused(shared_server: RunningServer, company: str) -> None:
    card = shared_server.run("topups", "create", company, "--amount", "50", "--card", "viza", "--json", code=1)
    assert card.error["code"] == "unknown_card"
    nobody = shared_server.run("balances", "show", "nobody", code=1)
    assert nobody.stdout == ""
    assert nobody.stderr.startswith("devconsole: there is no company nobody\n  ")


def test_a_checkout_opens_a_page_and_can_be_cancelled(ask: Any, shared_server: RunningServer, company: str) -> None:
    topup = ask("topups", "checkout", "--company", company, "--amount", "50")
    assert topup["status"] in ("pending", "processing")
    assert topup["checkout_url"].startswith(f"{shared_server.ready['sandbox']}/c/pay/cs_test_")
    assert topup["checkout_url"] in shared_server.run("topups", "show", str(topup["id"])).stdout
    assert ask("topups", "cancel", str(topup["id"]))["status"] == "cancelled"


def test_topups_list_by_company_and_state(ask: Any, company: str) -> None:
    ask("topups", "create", company, "--amount", "50", "--card", "visa")
    ask("topups", "create", company, "--amount", "20", "--card", "generic-decline", code=1)
    assert [row["amount_cents"] for row in ask("topups", "list", "--company", company)["rows"]] == [20_00, 50_00]
    failed = ask("topups", "list", "--company", company, "--status", "failed", "--limit", "1")
    assert [row["decline_code"] for row in failed["rows"]] == ["generic_decline"]


def test_money_goes_back_to_the_card(ask: Any, company: str) -> None:
    topup = ask("topups", "create", company, "--amount", "50", "--card", "visa")
    refund = ask("charges", "refund", f"topup_{topup['id']}", "--amount", "20", "--key", "case 7")
    assert refund["amount_cents"] == 20_00
    again = ask("charges", "refund", topup["charge_id"], "--amount", "20", "--key", "case 7")
    assert again["refund_id"] == refund["refund_id"]
    until(lambda: ask("topups", "show", str(topup["id"]))["refunded_cents"] == 20_00, what="the refund's webhook")
    assert ask("balances", "show", company)["balance_cents"] == 130_00
    rest = ask("charges", "refund", topup["charge_id"], "--reason", "requested_by_customer")
    assert rest["amount_cents"] == 30_00
    until(lambda: ask("balances", "show", company)["balance_cents"] == 100_00, what="the rest's webhook")


# Automatic top-up -----------------------------------------------------------------------------------------------------


def test_automatic_topup_fires_when_the_balance_has_fallen(ask: Any, company: str) -> None:
    settings = ask(
        "auto-topup", "set", "--company", company, "--enable", "--threshold", "30", "--amount", "50", "--card", "visa"
    )
    assert settings["enabled"]
    assert (settings["threshold_cents"], settings["amount_cents"]) == (30_00, 50_00)
    skipped = ask("auto-topup", "check", "--company", company)["decision"]
    assert not skipped["allowed"]
    assert skipped["explanation"]
    ask("balances", "drain", company, "--to", "25")
    charged = ask("auto-topup", "check", company)["decision"]
    assert charged["allowed"]
    until(lambda: ask("balances", "show", company)["balance_cents"] == 75_00, what="the automatic top-up")
    decisions = ask("auto-topup", "decisions", "--company", company)["rows"]
    assert [row["allowed"] for row in decisions[:2]] == [True, False]
    assert ask("auto-topup", "show", company)["daily_count"] == 1
    assert not ask("auto-topup", "set", company, "--disable")["enabled"]


def test_settings_that_contradict_the_rules_are_refused(shared_server: RunningServer, company: str) -> None:
    refused = shared_server.run("auto-topup", "set", company, "--enable", "--amount", "5", "--json", code=1)
    assert refused.error["code"] == "auto_topup_settings_invalid"


# Calls ----------------------------------------------------------------------------------------------------------------


def test_a_call_is_charged_and_refunded(ask: Any, company: str) -> None:
    call = ask("calls", "simulate", "--company", company, "--duration", "157")
    assert (call["charge_status"], call["amount_cents"], call["duration_s"]) == ("charged", 110, 157)
    assert ask("balances", "show", company)["balance_cents"] == 98_90
    for _ in range(2):
        part = ask("calls", "refund", f"call_{call['id']}", "--amount", "0.60", "--key", "case 7", "--notes", "a gap")
        assert (part["refunded_cents"], part["refund_status"]) == (60, "partial")
    full = ask("calls", "refund", str(call["id"]))
    assert (full["refunded_cents"], full["refund_status"]) == (110, "full")
    assert ask("calls", "show", str(call["id"])) == full
    assert [row["id"] for row in ask("calls", "list", "--company", company)["rows"]] == [call["id"]]


def test_a_running_call_holds_money_until_it_ends(ask: Any, company: str) -> None:
    call = ask("calls", "start", "--company", company, "--to", "+49301234567")
    assert call["status"] == "in_progress"
    assert ask("balances", "show", company)["reserved_cents"] == 210
    ended = ask("calls", "end", str(call["id"]), "--duration", "1:00")
    assert (ended["status"], ended["amount_cents"]) == ("completed", 42)
    assert ask("balances", "show", company)["reserved_cents"] == 0


def test_an_unpaid_call_is_exit_code_0_and_paid_after_the_next_credit(ask: Any, company: str) -> None:
    ask("balances", "drain", company, "--to", "0.50")
    call = ask("calls", "simulate", company, "--duration", "157")
    assert call["charge_status"] == "unpaid"
    assert [row["id"] for row in ask("calls", "list", "--charge-status", "unpaid", "--company", company)["rows"]]
    ask("topups", "create", company, "--amount", "10", "--card", "visa")
    until(lambda: ask("calls", "show", str(call["id"]))["charge_status"] == "charged", what="the retry")


# Cards, ledger, reports -----------------------------------------------------------------------------------------------


def test_cards_list(ask: Any) -> None:
    cards = {row["name"]: row for row in ask("cards", "list")["rows"]}
    assert cards["visa"]["number"].replace(" ", "") == "4242424242424242"
    assert {"generic-decline", "insufficient-funds", "authentication-required"} <= set(cards)


def test_the_ledger_adds_up(ask: Any, company: str) -> None:
    rows = ask("ledger", "list", "--company", company)["rows"]
    assert [(row["type"], row["money_cents"], row["balance_after_cents"]) for row in rows] == [
        ("adjustment", 100_00, 100_00)
    ]
    check = ask("ledger", "check")
    assert check["ok"]
    assert check["breaches"] == []


@pytest.mark.parametrize("report", ["failed-payments", "low-balance", "daily-revenue"])
def test_reports_as_table_csv_and_json(shared_server: RunningServer, company: str, report: str) -> None:
    shared_server.ask("topups", "create", company, "--amount", "20", "--card", "generic-decline", code=1)
    shared_server.ask("topups", "create", company, "--amount", "20", "--card", "visa")
    shared_server.ask("balances", "drain", company)
    document = shared_server.ask("reports", report)
    assert document["name"] == report
    assert document == shared_server.run("reports", report, "--format", "json").json
    lines = list(csv.reader(io.StringIO(shared_server.run("reports", report, "--format", "csv").stdout)))
    assert lines[0] == list(document["columns"])
    assert len(lines) == 1 + len(document["rows"])
    assert len(shared_server.run("reports", report).stdout.splitlines()) == 1 + len(document["rows"])


# Events ---------------------------------------------------------------------------------------------------------------


def test_a_triggered_event_arrives_is_shown_and_traced(ask: Any, company: str) -> None:
    delivery = ask("events", "trigger", "payment_intent.succeeded", "--company", company, "--amount", "50")
    assert delivery["verdict"] == "accepted"
    event_id = delivery["event_id"]
    shown = until(lambda: _processed(ask, event_id), what="the event's processing")
    assert shown["event"]["type"] == "payment_intent.succeeded"
    assert shown["event"]["reason"]
    assert [row["id"] for row in shown["deliveries"]] == [delivery["id"]]
    assert event_id in {row["event_id"] for row in ask("events", "list", "--type", "payment_intent.*")["rows"]}
    assert ask("deliveries", "show", str(delivery["id"]))["delivery"]["event_id"] == event_id
    assert delivery["id"] in {row["id"] for row in ask("deliveries", "list", "--verdict", "accepted")["rows"]}
    trace = ask("trace", event_id)
    assert {f"delivery_{delivery['id']}", event_id} <= {node["reference"] for node in trace["nodes"]}


def test_replaying_books_nothing_twice(ask: Any, company: str) -> None:
    topup = ask("topups", "create", company, "--amount", "50", "--card", "visa")
    event = until(
        lambda: next(
            (
                row
                for row in ask("events", "list", "--company", company, "--status", "completed")["rows"]
                if row["type"] == "payment_intent.succeeded"
            ),
            None,
        ),
        what="the payment's event",
    )
    (result,) = ask("events", "replay", event["event_id"])["rows"]
    assert (result["event_id"], result["status_after"], result["ledger_ids"]) == (event["event_id"], "completed", [])
    assert ask("balances", "show", company)["balance_cents"] == 150_00
    assert {node["kind"] for node in ask("trace", topup["payment_intent_id"])["nodes"]} >= {"topup", "event", "ledger"}


def test_replaying_everything_that_failed(ask: Any, company: str) -> None:
    delivery = ask("events", "trigger", "payment_intent.succeeded")
    until(lambda: _processed(ask, delivery["event_id"]), what="the event's processing")
    failures = ask("failures", "list")["rows"]
    assert delivery["event_id"] in {row["reference"] for row in failures}
    replayed = ask("events", "replay", "--failed")["rows"]
    assert delivery["event_id"] in {row["event_id"] for row in replayed}


def test_event_types_say_what_billing_does(ask: Any) -> None:
    types = {row["type"]: row for row in ask("events", "types")["rows"]}
    assert types["checkout.session.completed"]["handled"]
    assert types["checkout.session.completed"]["effect"]


def test_unknown_ids_are_refused(shared_server: RunningServer) -> None:
    assert shared_server.run("events", "show", "evt_none", "--json", code=1).error["code"] == "unknown_event"
    assert shared_server.run("topups", "show", "999999", "--json", code=1).error["code"] == "unknown_topup"
    assert shared_server.run("calls", "show", "999999", "--json", code=1).error["code"] == "unknown_call"
    assert shared_server.run("events", "trigger", "no.such.type", "--json", code=1).error["message"]


# The server -----------------------------------------------------------------------------------------------------------


def test_status_and_doctor(shared_server: RunningServer) -> None:
    status = shared_server.ask("status")
    ready = shared_server.ready
    assert (status["pid"], status["relay_url"], status["sandbox_url"]) == (
        ready["pid"],
        ready["relay"],
        ready["sandbox"],
    )
    assert (status["mode"], status["test_mode"]["on"]) == ("sandbox", True)
    findings = shared_server.ask("doctor")["rows"]
    assert {"python", "home directory", "server"} <= {row["check"] for row in findings}
    assert len(findings) > 12, "the server's own findings are among them"


def test_home_and_json_are_taken_before_and_after_the_verb(shared_server: RunningServer) -> None:
    elsewhere = shared_server.home.parent / "elsewhere"
    home = str(shared_server.home)
    answers = [
        run("--home", home, "--json", "cards", "list", home=elsewhere),
        run("cards", "--home", home, "--json", "list", home=elsewhere),
        run("cards", "list", "--json", "--home", home, home=elsewhere),
    ]
    assert len({answer.stdout for answer in answers}) == 1
    assert answers[0].json["rows"]


def test_without_json_people_get_a_table(shared_server: RunningServer) -> None:
    heading, first, *_ = shared_server.run("balances", "list").stdout.splitlines()
    assert heading.split()[:3] == ["ID", "COMPANY", "BALANCE"]
    assert "acme-telefon" in first


def test_every_list_and_detail_has_a_text(shared_server: RunningServer, company: str) -> None:
    topup = shared_server.ask("topups", "create", company, "--amount", "300", "--card", "visa")
    call = shared_server.ask("calls", "simulate", company, "--duration", "60")
    delivery = shared_server.ask("events", "trigger", "charge.succeeded")
    for line in (
        "companies list",
        f"companies show {company}",
        f"balances show {company}",
        f"auto-topup show {company}",
        f"auto-topup check {company}",
        f"auto-topup decisions --company {company}",
        f"topups list --company {company}",
        f"topups show {topup['id']}",
        f"calls list --company {company}",
        f"calls show {call['id']}",
        "cards list",
        "events list",
        f"events show {delivery['event_id']}",
        "events types",
        "deliveries list",
        f"deliveries show {delivery['id']}",
        f"ledger list --company {company}",
        "ledger check",
        "failures list",
        f"trace topup_{topup['id']}",
        "status",
        "test-mode status",
    ):
        told = shared_server.run(*line.split())
        assert told.stdout.strip(), line
        assert "Traceback" not in told.stderr


def _processed(ask: Any, event_id: str) -> Any:
    shown = ask("events", "show", event_id)
    return shown if shown["event"]["status"] != "pending" else None
