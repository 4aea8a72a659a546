"""`scenario run` as CI runs it: exit codes, JSON lines, JUnit, several at once, kept homes, a running server."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest

from devconsole.scenario.stage import webhook_secret
from tests.support.processes import DEVCONSOLE, RunningServer, end, environment, run, server, until

GOOD = """\
title: A top-up and a day
given: {companies: [{slug: acme, balance: 10.00}]}
steps:
  - {do: topups.create, with: {company: acme, amount: 50.00, card: visa}, expect: {balances: {acme: 60.00}}}
  - {advance: 24h, expect: {never: {events: [charge.refunded]}}}
"""
WRONG = GOOD.replace("acme: 60.00", "acme: 61.00")
BROKEN = GOOD.replace("topups.create", "topups.crate")
REAL_TIME = GOOD.replace("  - {advance: 24h, expect: {never: {events: [charge.refunded]}}}\n", "")


@pytest.fixture
def stories(tmp_path: Path) -> Path:
    folder = tmp_path / "stories"
    folder.mkdir()
    for name, text in (("good", GOOD), ("wrong", WRONG), ("broken", BROKEN)):
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def kept() -> Iterator[list[Path]]:
    """Homes that a run has kept; they go with the test."""
    homes: list[Path] = []
    yield homes
    for home in homes:
        shutil.rmtree(home)


def test_two_at_once_tell_who_failed_where_and_keep_the_home(stories: Path, tmp_path: Path, kept: list[Path]) -> None:
    done = run(
        *("scenario", "run", str(stories), "-j", "2", "--seed", "5", "--json", "--keep"),
        *("--junit", str(tmp_path / "out.xml")),
        home=tmp_path / "home",
        code=1,
    )
    results = {each["name"]: each for each in map(json.loads, done.stdout.splitlines())}
    kept += [Path(each["home"]) for each in results.values() if each["home"]]
    assert {name: each["passed"] for name, each in results.items()} == {"good": True, "wrong": False, "broken": False}
    assert f"{stories / 'broken.yaml'}:4: unknown operation 'topups.crate'" in results["broken"]["reason"]
    failed = results["wrong"]["steps"][-1]
    assert failed["place"] == f"{stories / 'wrong.yaml'}:4"
    assert failed["mismatches"] == [{"what": "balance of acme", "expected": "61.00", "actual": "60.00"}]
    assert failed["trace"][0].startswith("trace of evt_")
    assert (results["good"]["seed"], len(results["good"]["digest"]), results["good"]["home"]) == (5, 64, None)
    cases = {case.get("classname"): case for case in ET.parse(tmp_path / "out.xml").getroot().iter("testcase")}
    assert cases["wrong"].find("failure") is not None and cases["broken"].find("error") is not None
    assert "digest" in (cases["good"].findtext("system-out") or "")
    with server(Path(results["wrong"]["home"])) as opened:
        clock = opened.ask("clock", "show")
        assert (clock["virtual"], clock["seed"], clock["now"]) == (True, 5, "2030-01-07T09:00:00Z")
        assert opened.ask("balances", "show", "acme")["balance_cents"] == 6_000


def test_a_running_server_plays_what_makes_sense_there_again_and_again(
    shared_server: RunningServer, stories: Path
) -> None:
    (stories / "now.yaml").write_text(REAL_TIME, encoding="utf-8")
    against = ("--against", shared_server.ready["relay"])
    for _ in range(2):
        done = shared_server.run("scenario", "run", str(stories / "now.yaml"), str(stories / "good.yaml"), *against)
        assert "passed  now" in done.stdout
        assert "it lets time pass, and that server runs on the clock of the machine" in done.stdout
    (stories / "now.yaml").write_text(REAL_TIME.replace("acme: 60.00", "acme: 61.00}, within: 1"), encoding="utf-8")
    shared_server.run("scenario", "run", str(stories / "now.yaml"), *against, code=1)


def test_an_interrupted_run_says_so_and_leaves_nothing_behind(stories: Path, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    long = GOOD + "  - {do: calls.simulate, with: {company: acme, duration: 1}}\n" * 2_000
    for number in range(2):
        (stories / f"long-{number}.yaml").write_text(long, encoding="utf-8")
    process = subprocess.Popen(
        [*DEVCONSOLE, "scenario", "run", *(str(stories / f"long-{number}.yaml") for number in range(2)), "-j", "2"],
        env=environment(tmp_path / "home", {"TMPDIR": str(scratch)}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        until(lambda: len(list(scratch.glob("devconsole-long-*"))) == 2, what="the stories being played")
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=30)
    finally:
        end(process)
    assert process.returncode == 130
    assert [path.name for path in scratch.iterdir()] == []


def test_where_no_server_runs_is_told_once_and_is_the_exit_code(stories: Path, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "token").write_text("of a server that has ended")
    against = ("--against", "http://127.0.0.1:9", "--json")
    done = run("scenario", "run", str(stories / "good.yaml"), *against, home=tmp_path / "home", code=3)
    assert done.stdout == "" and done.error["code"] == "no_server"


@pytest.fixture
def stripe(tmp_path: Path) -> Iterator[str]:
    """A Stripe that is none of devconsole's: a process of its own, of which the server knows a key and an address."""
    command = [sys.executable, "-m", "fixtures.sandbox", "--path", str(tmp_path / "stripe.db"), "--port", "0"]
    with subprocess.Popen(command, env=environment(tmp_path), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[2]
        process.terminate()


def test_a_server_on_stripe_test_mode_plays_what_needs_no_sandbox(stripe: str, stories: Path, tmp_path: Path) -> None:
    """With a test key in the environment, as a developer with an account has it; events come from the Events API."""
    shop = "  - {do: topups.create, with: {company: acme, amount: 50.00, card: lost-card}, as: lost}\n"
    paid = "expect: {events: [payment_intent.succeeded, payment_intent.payment_failed], balances: {acme: 60.00}}\n"
    (stories / "shop.yaml").write_text(REAL_TIME + shop + paid, encoding="utf-8")
    page = "  - {do: topups.checkout, with: {company: acme, amount: 20.00}, as: page}\n"
    pay = "  - {do: checkout.pay, with: {topup: '${page.id}', card: visa}}\n"
    (stories / "page.yaml").write_text(REAL_TIME + page + pay, encoding="utf-8")
    key = {"STRIPE_SECRET": "sk_test_51Nseparateaccount", "DEVCONSOLE_STRIPE_API": stripe}
    with server(tmp_path / "home", "--poll", env=key) as running:
        assert running.ready["sandbox"] is None
        against = ("scenario", "run", "--against", running.ready["relay"], "--json")
        done = running.run(*against, *(str(stories / f"{name}.yaml") for name in ("shop", "page", "good")))
        payments = running.ask("ledger", "check")["stripe"]
    results = [(row["passed"], row["skipped"]) for row in map(json.loads, done.stdout.splitlines())]
    assert results == [
        (True, None),
        (False, "checkout.pay needs the sandbox, and that server runs on Stripe's test mode"),
        (False, "it lets time pass, and that server runs on the clock of the machine"),
    ]
    assert payments["agrees"], payments


def test_a_virtual_server_tells_other_languages_where_it_is_and_moves_when_told(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with server(
        home, "--virtual-clock", "--seed", "9", "--no-samples", env={"STRIPE_SECRET": "sk_live_never"}
    ) as first:
        assert first.ready["sandbox"].startswith("http://127.0.0.1:")
        before = first.ask("clock", "show")["now"]
        after = first.ask("clock", "advance", "24h")["now"]
        assert before[:10] < after[:10]
        assert first.ask("ledger", "digest")["digest"]
        first.run("clock", "advance", "soon", code=2)
    with server(home) as second:
        assert second.ask("clock", "show")["now"] == after


def test_the_secret_of_a_story_is_printed_for_the_app_that_gets_its_webhooks(tmp_path: Path) -> None:
    printed = run("scenario", "secret", "--seed", "2", home=tmp_path / "home").stdout.strip()
    assert printed == webhook_secret(2) != webhook_secret(1)
    assert printed.startswith("whsec_")
