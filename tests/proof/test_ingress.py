"""The relay's port under thousands of requests that nobody would write: no error of ours, no memory that grows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from tests.relay.test_crash import relay_process
from tests.relay.test_ingress import Target
from tests.support.ingress import KNOWN_ATTACKS, anything, statuses

EXAMPLES = 1_200
ROUNDS = 3
GROWTH_MAX_BYTES = 64 << 20


@pytest.fixture(scope="module")
def target(empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with relay_process(empty_database, tmp_path_factory.mktemp("ingress") / "home") as (process, webhook):
        yield Target(process, webhook)


@pytest.mark.proof
def test_thousands_of_odd_requests_leave_the_relay_as_it_was(target: Target) -> None:
    for data in KNOWN_ATTACKS.values():  # what is warmed up once is no growth
        statuses(target.webhook, data)
    before = target.memory_bytes

    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(data=anything)
    def send(data: bytes) -> None:
        found = statuses(target.webhook, data)
        assert all(400 <= status < 500 or status in (100, 503) for status in found), found

    send()
    for _ in range(ROUNDS):
        for name, data in KNOWN_ATTACKS.items():
            assert all(status < 500 for status in statuses(target.webhook, data)), name
    assert target.process.poll() is None
    assert target.memory_bytes - before < GROWTH_MAX_BYTES
    assert target.accepts("evt_after")
