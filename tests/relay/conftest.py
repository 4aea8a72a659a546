"""A relay that answers, for each test its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.relay import RunningRelay, running_relay


@pytest.fixture
async def relay(empty_database: Path, tmp_path: Path) -> AsyncIterator[RunningRelay]:
    async with running_relay(empty_database, tmp_path / "home") as running:
        yield running
