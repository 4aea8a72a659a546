"""One server for all tests of a worker that do not need one of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.processes import RunningServer, server


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with server(tmp_path_factory.mktemp("acceptance") / "home") as running:
        yield running
