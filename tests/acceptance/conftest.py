"""What all tests of a worker share: a server process, an event loop for servers inside this one, a new home."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from devconsole.virtual.host import Host, hosting
from tests.support.processes import RunningServer, server
from tests.support.worlds import local_server


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with server(tmp_path_factory.mktemp("acceptance") / "home") as running:
        yield running


@pytest.fixture(scope="session")
def host() -> Iterator[Host]:
    """For tests that are about what is done on a server, not about its process: `local_server(host, home)`."""
    with hosting() as running:
        yield running


@pytest.fixture(scope="session")
def new_home(host: Host, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home after its first start, to be copied: the sample companies are there, and nothing was done."""
    home = tmp_path_factory.mktemp("new") / "home"
    with local_server(host, home):
        return home
