"""Stories and demos keep to the sandbox, whatever key the environment or a `.env` holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.processes import run

HOSTILE = {
    "STRIPE_SECRET": "sk_live_51Nneverusethisonehere",
    "STRIPE_WEBHOOK_SECRET": "not even a secret",
    "STRIPE_TEST_MODE": "false",
    "DEFAULT_BILLING_RATE": "9.99",
    "DEVCONSOLE_STRIPE_API": "http://127.0.0.1:9",
    "DEVCONSOLE_FORWARD_TO": "http://127.0.0.1:9/",
}
"""Each of these alone would keep a server that heard it from starting, or the story from coming true."""


@pytest.mark.parametrize("words", [("scenario", "run"), ("demo", "--once", "--pace", "0")], ids=["scenario", "demo"])
def test_neither_environment_nor_dotenv_reaches_a_story(words: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("STRIPE_SECRET=sk_test_51Nneverusethisonehere\n", encoding="utf-8")
    told = run(*words, "manual-topup", home=tmp_path / "home", env=HOSTILE, cwd=tmp_path)
    assert "FAILED" not in told.stdout
    assert [path.name for path in tmp_path.iterdir()] == [".env"]
