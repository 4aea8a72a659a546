"""The server as a process: starting, refusing, ending, coming back; and the child that never outlives its parent."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import termios
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from devconsole.virtual.host import Host
from relay.api import (
    CreateTopup,
    ListBalances,
    ListCompanies,
    ShowBalance,
    ShowEvent,
    ShowStatus,
    TriggerEvent,
)
from relay.errors import OperationRefused
from relay.sync_client import SyncControlClient
from tests.support.processes import (
    DEVCONSOLE,
    PATIENCE_S,
    RunningServer,
    end,
    environment,
    is_gone,
    run,
    server,
    until,
)
from tests.support.worlds import local_server


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=2) as response:
            return bool(json.load(response)["ready"])
    except OSError:
        return False


# Starting -------------------------------------------------------------------------------------------------------------


def test_the_first_line_tells_the_addresses_once_they_answer(home: Path) -> None:
    with server(home) as running:
        assert set(running.ready) == {"ready", "relay", "webhook", "sandbox", "pid", "home"}
        assert running.ready["ready"] is True
        assert running.ready["pid"] == running.process.pid
        assert running.ready["home"] == str(home)
        assert running.ready["webhook"] == f"{running.ready['relay']}/api/stripe/webhook"
        assert answers(running.ready["relay"])
        assert (home / "token").stat().st_mode & 0o777 == 0o600
        assert (home / ".stripe-test-mode.lock").exists()
        status = running.ask("status")
        assert status["events_total"] == 0, "what prepared the sample companies is no event of theirs"
        assert status["ledger_ok"] is not False


def test_a_second_server_on_one_home_names_the_first(shared_server: RunningServer) -> None:
    refused = run("server", "--port", "0", "--sandbox-port", "0", "--json", home=shared_server.home, code=1)
    assert refused.stdout == ""
    assert refused.error["code"] == "already_running"
    message = refused.error["message"] or ""
    assert str(shared_server.ready["pid"]) in message
    assert shared_server.ready["relay"] in message
    assert answers(shared_server.ready["relay"])


@pytest.mark.parametrize("option", ["--port", "--sandbox-port"])
def test_a_port_that_is_taken_names_the_option_to_choose_another(host: Host, home: Path, option: str) -> None:
    other = "--sandbox-port" if option == "--port" else "--port"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = run("server", option, port, other, "0", home=home, code=1)
    assert refused.stderr.splitlines()[0] == f"devconsole: port {port} is in use"
    assert option in refused.stderr.splitlines()[1]
    with local_server(host, home):
        pass  # nothing of the refused start is in the way


@pytest.mark.parametrize("variable", ["STRIPE_SECRET", "STRIPE_KEY"])
def test_a_live_key_is_refused_at_the_start(home: Path, variable: str) -> None:
    kind = "sk" if variable == "STRIPE_SECRET" else "pk"
    key = f"{kind}_live_51NotToBeShown7890"
    refused = run("server", "--port", "0", home=home, env={variable: key}, code=1)
    assert refused.stderr.startswith(f"devconsole: {variable} is a live key")
    assert key not in refused.stdout + refused.stderr
    assert not home.exists()


def test_a_newer_database_is_refused_and_left_alone(new_home: Path, home: Path) -> None:
    shutil.copytree(new_home, home)
    with contextlib.closing(sqlite3.connect(home / "billing.db")) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    refused = run("server", "--port", "0", "--sandbox-port", "0", "--json", home=home, code=1)
    assert refused.error["code"] == "database_too_new"


@contextlib.contextmanager
def locked(database: Path) -> Iterator[sqlite3.Connection]:
    """Another program holds the file, until it rolls back or the block ends."""
    with contextlib.closing(sqlite3.connect(database, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield other


@pytest.mark.proof
@pytest.mark.parametrize("file", ["billing.db", "sandbox.db"])
def test_a_locked_database_is_waited_for_at_the_start_and_then_named(home: Path, file: str) -> None:
    with server(home):
        pass
    with locked(home / file) as other:
        soon = threading.Timer(1.0, other.rollback)
        soon.start()
        with server(home) as running:
            soon.join()
            assert answers(running.ready["relay"])
    with locked(home / file):
        refused = run("server", "--port", "0", "--sandbox-port", "0", "--json", home=home, code=1)
    assert refused.error["code"] == "database_locked"
    assert f"another process keeps the database {home / file} locked" in str(refused.error["message"])
    assert "unfinished transaction" in str(refused.error["remedy"])


def test_with_a_test_key_the_sandbox_stays_off_and_no_sample_companies_appear(home: Path) -> None:
    with server(home, env={"STRIPE_SECRET": "sk_test_51Nabcdefghijklmn"}) as running:
        assert running.ready["sandbox"] is None
        status = running.ask("status")
        assert (status["mode"], status["stripe_api"]) == ("stripe_test", "https://api.stripe.com")
        assert any("STRIPE_WEBHOOK_SECRET" in upstream["detail"] for upstream in status["upstreams"])
        assert running.ask("companies", "list")["total"] == 0
        assert (
            running.ask("companies", "create", "--name", "Mine", "--balance", "10")["balance"]["balance_cents"] == 1000
        )


def test_without_sandbox_and_key_the_status_says_what_is_missing(host: Host, home: Path) -> None:
    with local_server(host, home, no_sandbox=True):
        status = run("status", "--json", home=home).json
    assert status["sandbox_url"] is None
    (upstream,) = status["upstreams"]
    assert upstream["state"] == "off"
    assert "STRIPE_SECRET" in upstream["detail"]
    assert "STRIPE_WEBHOOK_SECRET" in upstream["detail"]


def test_samples_whose_cards_could_not_be_saved_get_them_when_test_mode_returns(host: Host, home: Path) -> None:
    with local_server(host, home, env={"stripe_test_mode": False}) as locked:
        assert armed(locked) == set()
        assert len(locked.call(ListCompanies()).rows) == 5
    run("test-mode", "on", home=home)
    with local_server(host, home) as client:
        assert armed(client) == {"bergblick-praxis", "hafen-logistik"}


def armed(client: SyncControlClient) -> set[str]:
    return {row.company_slug for row in client.call(ListBalances()).rows if row.auto_topup_armed}


def test_a_first_start_without_samples_is_empty(host: Host, home: Path) -> None:
    with local_server(host, home, no_samples=True) as client:
        assert client.call(ListCompanies()).total == 0


def test_another_sandbox_is_one_option_away(shared_server: RunningServer, home: Path) -> None:
    with server(home, "--stripe-api", shared_server.ready["sandbox"]) as running:
        assert running.ready["sandbox"] is None
        running.ask("companies", "create", "--name", "Mine", "--slug", "mine")
        topup = running.ask("topups", "create", "mine", "--amount", "50", "--card", "visa")
        assert topup["status"] == "succeeded"


# Ending ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_ends_it_in_order(home: Path, number: signal.Signals, code: int) -> None:
    with server(home) as running:
        running.process.send_signal(number)
        assert running.process.wait(PATIENCE_S) == code
        assert not (home / "server.json").exists()
    assert run("status", home=home, code=3).stderr.startswith("devconsole: no server runs on ")


def test_after_a_kill_everything_is_there_again(home: Path) -> None:
    with server(home) as running:
        running.ask("topups", "create", "acme-telefon", "--amount", "50", "--card", "visa")
        before = running.ask("balances", "show", "acme-telefon")["balance_cents"]
        events = running.ask("status")["events_total"]
        running.process.kill()
        running.process.wait(PATIENCE_S)
    assert run("balances", "list", "--json", home=home, code=3).error["code"] == "no_server"
    with server(home) as again:
        assert again.ask("balances", "show", "acme-telefon")["balance_cents"] == before == 150_00
        assert again.ask("status")["events_total"] >= events
        assert again.ask("ledger", "check")["ok"]
        topup = again.ask("topups", "create", "acme-telefon", "--amount", "10", "--card", "visa")
        until(
            lambda: any(row["source"] == "sandbox" for row in _events_of(again, topup["payment_intent_id"])),
            what="an event at the new address",
        )


def _events_of(running: RunningServer, payment_intent_id: str) -> list[dict[str, object]]:
    rows = running.ask("events", "list")["rows"]
    return [row for row in rows if row["object_id"] == payment_intent_id]


def test_a_child_ends_when_its_stdin_closes(home: Path) -> None:
    process = subprocess.Popen(
        [*DEVCONSOLE, "server", "--json", "--until-stdin-closes", "--port", "0", "--sandbox-port", "0"],
        env=environment(home),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert json.loads(process.stdout.readline())["ready"]
        process.stdin.close()
        assert process.wait(PATIENCE_S) == 0
    finally:
        process.stdout.close()
        if process.poll() is None:
            process.kill()
            process.wait()


ATTACH = """
import json, sys, time
from devconsole.attach import Attachment
from relay.home import Home
attached = Attachment(Home(sys.argv[1]), {"port": 0, "sandbox_port": 0}).wait()
print(json.dumps({"url": attached.url, "is_ours": attached.is_ours}), flush=True)
time.sleep(600)
"""


@contextlib.contextmanager
def attached(home: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, object]]]:
    """A process that attaches to the server of `home`, and would stay for ever."""
    process = subprocess.Popen(
        [sys.executable, "-c", ATTACH, str(home)], env=environment(home), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield process, json.loads(process.stdout.readline())
    finally:
        end(process)


def test_a_child_does_not_outlive_a_parent_that_was_killed(home: Path) -> None:
    with attached(home) as (parent, found):
        assert found["is_ours"]
        child = run("status", "--json", home=home).json["pid"]
        assert psutil.Process(child).ppid() == parent.pid
        parent.kill()
        until(lambda: is_gone(child), what="the end of the child")
    assert run("status", home=home, code=3)


def test_attaching_takes_the_server_that_runs(shared_server: RunningServer) -> None:
    with attached(shared_server.home) as (_, found):
        assert found == {"url": shared_server.ready["relay"], "is_ours": False}
    assert answers(shared_server.ready["relay"])


def test_two_that_attach_at_once_share_one_server(home: Path) -> None:
    with attached(home) as (_, first), attached(home) as (_, second):
        assert first["url"] == second["url"]
        assert sorted([first["is_ours"], second["is_ours"]]) == [False, True]


def test_why_a_child_did_not_start_is_told(home: Path) -> None:
    script = (
        "import sys; from devconsole.attach import Attachment; from devconsole.output import Failure;"
        "from relay.home import Home\n"
        "try: Attachment(Home(sys.argv[1]), {'port': 0}).wait()\n"
        "except Failure as failure: print(failure.code, failure.message)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(home)],
        env=environment(home, {"STRIPE_SECRET": "sk_live_51NotToBeShown7890"}),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.stdout.startswith("live_key STRIPE_SECRET is a live key")


# Without a screen -----------------------------------------------------------------------------------------------------


def test_without_a_terminal_the_headless_server_runs_and_tells_each_event(home: Path) -> None:
    process = subprocess.Popen(
        [*DEVCONSOLE, "--port", "0", "--sandbox-port", "0"],
        env=environment(home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        assert "is ready" in process.stdout.readline()
        assert "without a screen" in process.stderr.readline()
        run("topups", "create", "acme-telefon", "--amount", "50", "--card", "visa", home=home)
        line = next(line for line in process.stdout if "payment_intent.succeeded" in line)
        for part in ("acme-telefon", "50.00 EUR", "completed", "balance 150.00 EUR (good)"):
            assert part in line
    finally:
        end(process)
    assert process.returncode == 0


def test_following_events_gives_lines_and_with_json_every_change(host: Host, new_home: Path, home: Path) -> None:
    shutil.copytree(new_home, home)
    with local_server(host, home) as client:
        for options, wanted in (((), "balance 150.00 EUR (good)"), (("--json",), '"kind":"balance"')):
            process = subprocess.Popen(
                [*DEVCONSOLE, "events", "follow", *options],
                env=environment(home),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            assert process.stdout is not None
            assert process.stderr is not None
            try:
                assert process.stderr.readline().startswith("Following ")
                if options:
                    assert json.loads(process.stdout.readline())["kind"] == "hello"
                client.call(CreateTopup(company="acme-telefon", amount_cents=5_000, card="visa"))
                assert any(wanted in line for line in process.stdout)
                process.send_signal(signal.SIGINT)
                process.stdout.read()
                assert process.wait(PATIENCE_S) == 130
            finally:
                end(process)


def test_no_server_is_exit_code_3(home: Path) -> None:
    for verb in (("status",), ("balances", "list"), ("events", "follow"), ("ledger", "check")):
        refused = run(*verb, "--json", home=home, code=3)
        assert refused.stdout == ""
        assert refused.error["code"] == "no_server"
    assert not home.exists(), "asking creates nothing"


def test_a_stale_record_is_no_server(home: Path) -> None:
    with server(home) as running:
        running.process.kill()
        running.process.wait(PATIENCE_S)
    assert (home / "server.json").exists()
    assert run("status", home=home, code=3)


# Home directory -------------------------------------------------------------------------------------------------------


def test_test_mode_is_switched_with_and_without_a_server(host: Host, home: Path) -> None:
    lock = home / ".stripe-test-mode.lock"
    assert not run("test-mode", "status", "--json", home=home).json["on"]
    assert not home.exists(), "asking creates nothing"
    assert run("test-mode", "on", "--json", home=home).json["on"]
    assert lock.exists()
    assert not run("test-mode", "off", "--json", home=home).json["on"]
    assert not lock.exists()
    with local_server(host, home) as client:
        assert run("test-mode", "status", "--json", home=home).json["on"], "the first start switches it on"
        assert not run("test-mode", "off", "--json", home=home).json["on"]
        with pytest.raises(OperationRefused) as refused:
            client.call(CreateTopup(company="acme-telefon", amount_cents=5_000, card="visa"))
        assert refused.value.problem.code == "test_mode_off"
        held = client.call(TriggerEvent(type="charge.succeeded")).event_id
        assert client.call(ShowEvent(event=held)).event.status == "held"
    waiting = run("test-mode", "status", "--json", home=home).json
    assert (waiting["on"], waiting["held_events"]) == (False, 1)
    not_on = run("test-mode", "on", "--json", home=home, env={"STRIPE_TEST_MODE": "false"}, code=1)
    assert "STRIPE_TEST_MODE" in not_on.json["reason"]
    run("test-mode", "on", home=home)
    with local_server(host, home) as client:
        until(lambda: client.call(ShowEvent(event=held)).event.status != "held", what="the processing")
        assert client.call(ShowStatus()).test_mode.on


def test_a_home_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    refused = run("server", "--port", "0", "--json", home=tmp_path / "home", code=1)
    assert refused.error["code"] == "home_unusable"
    assert str(tmp_path / "home") in (refused.error["message"] or "")


def test_reset_asks_refuses_and_keeps_the_token(host: Host, home: Path) -> None:
    with server(home) as running:
        token = (home / "token").read_text()
        refused = running.run("reset", "--yes", "--json", code=1)
        assert str(running.ready["pid"]) in (refused.error["message"] or "")
    assert run("reset", home=home, code=2)
    removed = run("reset", "--yes", "--json", home=home).json["removed"]
    assert {"billing.db", "sandbox.db", "secrets.json"} <= set(removed)
    assert (home / "token").read_text() == token
    assert not (home / "billing.db").exists()
    assert run("reset", "--yes", "--json", home=home).json["removed"] == []
    with local_server(host, home) as again:
        assert again.call(ShowBalance(company="acme-telefon")).balance_cents == 100_00


def test_doctor_works_without_a_server_and_finds_a_wrong_setting(home: Path) -> None:
    findings = run("doctor", "--json", home=home, env={"DEVCONSOLE_PORT": "0", "DEVCONSOLE_SANDBOX_PORT": "0"}).json
    assert all(row["ok"] for row in findings["rows"])
    wrong = run("doctor", "--json", home=home, env={"DEFAULT_BILLING_RATE": "free"}, code=1).json
    assert [row["check"] for row in wrong["rows"] if not row["ok"]] == ["settings"]


def test_the_home_may_be_named_in_an_env_file(tmp_path: Path, home: Path) -> None:
    (tmp_path / ".env").write_text(f"DEVCONSOLE_HOME={home}\n")
    ours = {name: value for name, value in environment(home).items() if name != "DEVCONSOLE_HOME"}
    done = subprocess.run(
        [*DEVCONSOLE, "status"], env=ours, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE_S
    )
    assert (done.returncode, str(home) in done.stderr) == (3, True)


def test_a_reader_that_goes_away_is_no_traceback(shared_server: RunningServer) -> None:
    command = f"{sys.executable} -m devconsole ledger list --json | head -c 1"
    done = subprocess.run(
        ["sh", "-c", command], env=environment(shared_server.home), capture_output=True, text=True, timeout=PATIENCE_S
    )
    assert "Traceback" not in done.stderr
    assert os.WIFEXITED(done.returncode)


# With a screen --------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def console(home: Path) -> Iterator[tuple[subprocess.Popen[bytes], Callable[[bytes], object]]]:
    """`devconsole` alone on a terminal of 120x40, and a function that presses keys."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    process = subprocess.Popen(
        [*DEVCONSOLE, "--home", str(home), "--port", "0", "--sandbox-port", "0"],
        env=environment(home, {"TERM": "xterm-256color"}),
        stdin=follower,
        stdout=follower,
        stderr=follower,
        start_new_session=True,
    )
    os.close(follower)
    reader = threading.Thread(target=_read_all, args=(leader,), daemon=True)
    reader.start()
    try:
        yield process, lambda keys: os.write(leader, keys)
    finally:
        end(process)
        reader.join(PATIENCE_S)
        os.close(leader)


def _read_all(leader: int) -> None:
    """What a terminal does: read, or the program could not go on writing."""
    with contextlib.suppress(OSError):
        while os.read(leader, 65536):
            pass


def test_the_console_starts_its_server_and_ends_it(home: Path) -> None:
    with console(home) as (process, press):
        child = until(lambda: _child_of(process, home), what="the child")
        press(b"q")
        assert process.wait(PATIENCE_S) == 0
        assert is_gone(child)


def test_the_server_of_a_console_that_was_killed_ends(home: Path) -> None:
    with console(home) as (process, _):
        child = until(lambda: _child_of(process, home), what="the child")
        process.kill()
        until(lambda: is_gone(child), what="the end of the child")


def _child_of(process: subprocess.Popen[bytes], home: Path) -> int | None:
    """The server of the console, once it is ready."""
    assert process.poll() is None, "the console has ended"
    status = run("status", "--json", home=home, code=None)
    return status.json["pid"] if status.code == 0 else None
