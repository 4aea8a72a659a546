"""Programs that some tests need: found, or the test skips with the reason - except where nothing may skip."""

from __future__ import annotations

import os
import shutil

import pytest


def program(name: str, *, install: str) -> str:
    """The path of a program. Without it the test skips; `DEVCONSOLE_TESTS_NO_SKIP=1` makes that a failure."""
    found = shutil.which(name)
    if found is not None:
        return found
    reason = f"needs {name} on PATH ({install})"
    if os.environ.get("DEVCONSOLE_TESTS_NO_SKIP") == "1":
        pytest.fail(f"{reason}, and DEVCONSOLE_TESTS_NO_SKIP=1 forbids to skip")
    pytest.skip(reason)


def stripe_cli() -> str:
    """The official Stripe CLI."""
    os.environ.setdefault("STRIPE_CLI_TELEMETRY_OPTOUT", "1")
    return program("stripe", install="npm install --global @stripe/cli")


def chromium() -> str:
    """A real browser."""
    return program("chromium", install="apt-get install chromium")


def tmux() -> str:
    """A real terminal."""
    return program("tmux", install="apt-get install tmux")
