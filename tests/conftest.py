"""What every test may ask for: a clock that stands still, ids that count, and a fresh database file.

And what every run tells in the end: the counts that proofs print, which pytest hides where they pass.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from billing.clock import CountedIds, ManualClock
from billing.db import Database
from billing.policy import Policy
from billing.schema import prepare


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def ids() -> CountedIds:
    return CountedIds()


@pytest.fixture
def policy() -> Policy:
    return Policy()


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared file without rows; tests work on copies of it."""
    path = tmp_path_factory.mktemp("schema") / "empty.db"
    prepare(path, now=ManualClock().now())
    return path


@pytest.fixture
def database_path(empty_database: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(empty_database, tmp_path / "billing.db"))


@pytest.fixture
async def database(database_path: Path) -> AsyncIterator[Database]:
    opened = Database(database_path)
    yield opened
    await opened.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What the proofs of this run have counted, each in the words of its own `print`."""
    told = [
        (report.nodeid.rpartition("::")[2], report.capstdout.strip())
        for report in terminalreporter.getreports("passed")
        if report.when == "call" and "proof" in report.keywords and report.capstdout.strip()
    ]
    if told:
        terminalreporter.section("what the proofs counted")
    for name, words in told:
        terminalreporter.line(f"{name}:")
        for line in words.splitlines():
            terminalreporter.line(f"    {line}")
