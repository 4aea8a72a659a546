"""Looking into events from the command line: filters, marks, differences, edited bodies and dry runs."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes import DEVCONSOLE, PATIENCE_S, RunningServer, end, environment


@pytest.fixture
def ask(shared_server: RunningServer) -> Any:
    return shared_server.ask


@pytest.fixture
def event(ask: Any) -> str:
    """An event that is about nobody's money."""
    found: str = ask("events", "trigger", "customer.created")["event_id"]
    return found


def with_editor(running: RunningServer, edit: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command whose `$EDITOR` runs `edit`, Python over `text`, on the file that it is given."""
    editor = running.home / "editor.py"
    lines = ("import sys, pathlib", "path = pathlib.Path(sys.argv[1])", "text = path.read_text()", edit)
    editor.write_text("\n".join((*lines, "path.write_text(text)")))
    env = environment(running.home, {"EDITOR": f"{sys.executable} {editor}"})
    return subprocess.run([*DEVCONSOLE, *arguments], env=env, capture_output=True, text=True, timeout=60)


def test_events_are_listed_by_a_filter_and_a_mistake_in_it_is_told(
    shared_server: RunningServer, ask: Any, event: str
) -> None:
    listed = ask("events", "list", "--filter", f"id:{event} type:customer.* age<1h")
    assert [row["event_id"] for row in listed["rows"]] == [event]
    refused = shared_server.run("events", "list", "--filter", "status:faild", "--json", code=1)
    assert refused.error["code"] == "filter_invalid"
    assert "at character 8" in (refused.error["message"] or "")


def test_a_mark_a_note_and_a_saved_filter_find_it_again(shared_server: RunningServer, ask: Any, event: str) -> None:
    assert ask("events", "mark", event, "look", "--note", "seen twice")["mark"] == "look"
    assert ask("filters", "save", "seen", f"mark:look note:twice id:{event}")["name"] == "seen"
    assert [row["event_id"] for row in ask("events", "list", "--filter", "@seen")["rows"]] == [event]
    assert "seen twice" in shared_server.run("events", "show", event).stdout
    assert "@seen" in shared_server.run("filters", "list").stdout
    ask("events", "mark", event, "--clear")
    assert ask("events", "list", "--filter", "@seen")["total"] == 0
    assert ask("filters", "delete", "seen")["name"] == "seen"


def test_an_event_is_edited_signed_and_sent_under_an_id_of_its_own(
    shared_server: RunningServer, ask: Any, event: str
) -> None:
    edit = "text = text.replace('customer.created', 'customer.edited')"
    dry = with_editor(shared_server, edit, "events", "edit", event, "--dry-run", "--json")
    assert dry.returncode == 0, dry
    (tried,) = json.loads(dry.stdout)["events"]
    assert (tried["verdict"], tried["status_after"]) == ("same", "ignored")
    sent = json.loads(with_editor(shared_server, edit, "events", "edit", event, "--json").stdout)
    assert (sent["original"], sent["status"]) == (event, "ignored")
    assert sent["event_id"] != event
    assert ask("events", "list", "--filter", f"id:{tried['event_id']}")["total"] == 0
    assert ask("events", "show", sent["event_id"])["event"]["type"] == "customer.edited"
    differences = ask("events", "diff", event, sent["event_id"])["differences"]
    assert {
        "path": "body.type",
        "change": "changed",
        "left": '"customer.created"',
        "right": '"customer.edited"',
    } in differences
    text = shared_server.run("events", "diff", event, sent["event_id"]).stdout
    assert "~  body.type" in text
    untouched = with_editor(shared_server, "pass", "events", "edit", event)
    assert (untouched.returncode, untouched.stdout) == (0, "")
    assert "nothing is sent" in untouched.stderr


def test_a_body_of_ones_own_is_sent_from_a_file(
    shared_server: RunningServer, ask: Any, event: str, tmp_path: Path
) -> None:
    body = json.loads(ask("events", "show", event)["payload"]) | {"id": "evt_written_by_hand"}
    path = tmp_path / "body.json"
    path.write_text(json.dumps(body))
    assert ask("events", "send", str(path))["event_id"] == "evt_written_by_hand"
    path.write_text("{")
    assert shared_server.run("events", "send", str(path), "--json", code=1).error["code"] == "body_not_json"
    missing = shared_server.run("events", "send", str(tmp_path / "none"), code=1)
    assert "No such file" in missing.stderr


def test_a_dry_run_of_a_replay_reads_like_a_verdict(shared_server: RunningServer, ask: Any) -> None:
    stray = ask("events", "trigger", "payment_intent.succeeded")["event_id"]
    text = shared_server.run("events", "replay", stray, "--dry-run").stdout
    assert "same" in text
    assert "nothing was sent or written; the ledger would add up" in text
    assert ask("events", "rehearse", "--filter", f"id:{stray}")["total"] == 1
    assert len(ask("events", "show", stray)["attempts"]) == 1


def test_bytes_that_are_no_text_are_written_exactly_as_they_came(shared_server: RunningServer, ask: Any) -> None:
    raw = b'{"name": "J\xfcrgen"}\r\n\x00\xff'
    request = urllib.request.Request(shared_server.ready["webhook"], data=raw)
    with pytest.raises(urllib.error.HTTPError, match="400"):
        urllib.request.urlopen(request, timeout=PATIENCE_S)
    delivery = ask("deliveries", "list", "--verdict", "rejected", "--limit", "1")["rows"][0]["id"]
    command = [*DEVCONSOLE, "deliveries", "show", str(delivery), "--raw"]
    written = subprocess.run(command, env=environment(shared_server.home), capture_output=True, timeout=60)
    assert (written.returncode, written.stdout) == (0, raw)
    assert base64.b64decode(ask("deliveries", "show", str(delivery))["raw"]) == raw
    assert "7b 22 6e 61 6d 65" in shared_server.run("deliveries", "show", str(delivery)).stdout, "as hex for a reader"


def test_following_with_a_filter_shows_what_it_lets_through_and_nothing_else(
    shared_server: RunningServer, ask: Any, event: str, tmp_path: Path
) -> None:
    command = [*DEVCONSOLE, "events", "follow", "--filter", "type:customer.* text:followed", "--json"]
    process = subprocess.Popen(
        command, env=environment(shared_server.home), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stderr.readline().startswith("Following ")
        written = json.loads(ask("events", "show", event)["payload"])
        for number, (name, type_) in enumerate(
            (("other", "customer.updated"), ("followed", "invoice.created"), ("followed", "customer.updated"))
        ):
            body = written | {
                "id": f"evt_follow_{number}",
                "type": type_,
                "data": {"object": {"id": "cus_x", "object": "customer", "name": name}},
            }
            path = tmp_path / "body.json"
            path.write_text(json.dumps(body))
            ask("events", "send", str(path))
        line = json.loads(process.stdout.readline())
        assert (line["kind"], line["row"]["event_id"]) == ("event", "evt_follow_2")
    finally:
        end(process)
    refused = shared_server.run("events", "follow", "--filter", "status:faild", code=1)
    assert "at character 8" in refused.stderr
