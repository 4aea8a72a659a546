"""`devconsole webhook explain`: somebody pastes what did not verify, and reads why; with and without a server."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from billing.signature import sign
from tests.support.processes import RunningServer, run

SECRET = "whsec_0123456789abcdef0123456789"
BODY = b'{\n  "id": "evt_1",\n  "object": "event"\n}'


@pytest.fixture
def body(tmp_path: Path) -> Path:
    file = tmp_path / "body.json"
    file.write_bytes(BODY)
    return file


def header(secret: str = SECRET, *, age_s: int = 0) -> str:
    return sign(BODY, secret, int(time.time()) - age_s)


def test_without_a_server_the_given_secret_is_judged(tmp_path: Path, body: Path) -> None:
    home = tmp_path / "home"
    asked = ("webhook", "explain", "--header", header(), "--body", str(body), "--secret-env", "HOOK", "--json")
    assert run(*asked, home=home, env={"HOOK": SECRET}).json["cause"] == "ok"
    spoilt = run(*asked, home=home, env={"HOOK": SECRET + "\n"}, code=1)
    assert spoilt.json["cause"] == "secret_whitespace"
    assert SECRET not in spoilt.stdout + spoilt.stderr
    assert not home.exists(), "asking creates nothing"


def test_a_secret_in_a_file_keeps_its_line_end(tmp_path: Path, body: Path) -> None:
    (tmp_path / "secret").write_text(SECRET + "\n")
    asked = ("webhook", "explain", "--header", header(), "--body", str(body), "--secret-file", str(tmp_path / "secret"))
    told = run(*asked, home=tmp_path / "home", code=1)
    for part in ("secret_whitespace (certain)", "evidence", "Remove blanks and line ends"):
        assert part in told.stdout


def test_with_a_server_its_secrets_are_tried(shared_server: RunningServer, body: Path) -> None:
    asked = ("webhook", "explain", "--header", header(age_s=1_000), "--body", str(body))
    told = shared_server.ask(*asked, code=1)
    assert told["cause"] == "secret_unknown"
    assert run("webhook", "explain", "--header", header(), home=shared_server.home, code=2)
    assert run("webhook", "explain", "--delivery", "999999", home=shared_server.home, code=1)
