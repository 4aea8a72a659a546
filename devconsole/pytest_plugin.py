"""The pytest plugin, installed with the package. Fixtures:

    devconsole           a server of the test's own: companies, clock, cards, faults, wait_for_event, expectations
    devconsole_clock     its clock
    devconsole_cards     the test cards by name
    devconsole_play      plays a scenario file: devconsole_play("story.yaml", app="http://127.0.0.1:5000")

    @pytest.mark.devconsole(seed=3, start="2030-01-31T22:00:00Z", settings={"auto_topup_enabled": False})

Nothing of devconsole is loaded until a test asks for one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from devconsole.testing import Clock, Devconsole
    from devconsole.virtual.host import Host
    from relay.api import CardView

MARKER = "devconsole(seed=1, start=None, settings={}): how the server of the fixture `devconsole` starts"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)


@pytest.fixture(scope="session")
def devconsole_host() -> Iterator[Host]:
    """One event loop for all servers of this process; each starts in milliseconds."""
    from devconsole.virtual.host import hosting

    with hosting() as host:
        yield host


@pytest.fixture
def devconsole(request: pytest.FixtureRequest, devconsole_host: Host, tmp_path: Path) -> Iterator[Devconsole]:
    """A server of the test's own, on free ports, on the sandbox, on virtual time that starts now."""
    from datetime import UTC, datetime

    from devconsole.testing import Devconsole
    from devconsole.virtual.host import VirtualServer
    from devconsole.virtual.time import VirtualTime
    from devconsole.virtual.world import SEED, World
    from relay.home import Home

    wanted = _wanted(request)
    start = wanted.get("start") or datetime.now(UTC).replace(microsecond=0)
    moment = datetime.fromisoformat(start) if isinstance(start, str) else start
    world = World(time=VirtualTime(moment), seed=wanted.get("seed", SEED))
    server = VirtualServer(devconsole_host, Home(tmp_path / "devconsole"), world, wanted.get("settings"))
    try:
        yield Devconsole(server)
    finally:
        server.close()


@pytest.fixture
def devconsole_clock(devconsole: Devconsole) -> Clock:
    """The clock of the test's server."""
    return devconsole.clock


@pytest.fixture
def devconsole_cards(devconsole: Devconsole) -> Mapping[str, CardView]:
    """The test cards by name."""
    return devconsole.cards


@pytest.fixture
def devconsole_play(devconsole_host: Host) -> Callable[..., None]:
    """Plays a scenario file on a server of its own; keyword arguments stand for `${row.name}`."""
    from devconsole.testing import play_scenario

    def play(path: Path | str, **values: str) -> None:
        play_scenario(path, devconsole_host, **values)

    return play


def _wanted(request: pytest.FixtureRequest) -> dict[str, Any]:
    marker = request.node.get_closest_marker("devconsole")
    return {} if marker is None else dict(marker.kwargs)
