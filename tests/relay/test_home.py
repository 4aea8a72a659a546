"""The home directory: what is private stays private, what is damaged is not believed."""

from __future__ import annotations

import stat
from pathlib import Path

from relay.home import Home, ServerRecord


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def record(pid: int = 41) -> ServerRecord:
    return ServerRecord(
        pid=pid,
        relay_url="http://127.0.0.1:4242",
        webhook_url="http://127.0.0.1:4242/api/stripe/webhook",
        sandbox_url=None,
        stripe_api="https://api.stripe.com",
        mode="stripe_test",
        version="1.0",
        started_at="2026-11-02T09:00:00Z",
    )


def test_token_and_secret_are_made_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.create()
    token, secret = home.token(), home.local_secret()
    again = Home(tmp_path / "home")
    assert (again.token(), again.local_secret()) == (token, secret)
    assert len(token) >= 32
    assert secret.startswith("whsec_")
    assert mode_of(home.path) == 0o700
    assert mode_of(home.token_file) == 0o600
    assert mode_of(home.secrets_json) == 0o600


def test_a_kept_secret_joins_those_that_were_there(tmp_path: Path) -> None:
    home = Home(tmp_path)
    local = home.local_secret()
    home.keep_secret("sandbox", "whsec_b")
    assert home.read_secrets() == {"local": local, "sandbox": "whsec_b"}


def test_reading_creates_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path / "nowhere")
    assert home.read_token() is None
    assert home.read_server() is None
    assert home.read_secrets() == {}
    assert not home.path.exists()


def test_the_server_record_is_found_until_it_is_removed(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.write_server(record())
    assert home.read_server() == record()
    assert mode_of(home.server_json) == 0o600
    home.remove_server()
    assert home.read_server() is None


def test_a_torn_server_record_counts_as_none(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.server_json.write_text('{"pid": 41')
    assert home.read_server() is None


def test_writing_leaves_no_draft_behind(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.write_server(record(1))
    home.write_server(record(2))
    assert [path.name for path in tmp_path.iterdir()] == ["server.json"]
