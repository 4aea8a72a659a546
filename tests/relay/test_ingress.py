"""The relay's port under attack, in a process of its own: it answers or hangs up, and serves the next one."""

from __future__ import annotations

import http.client
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from hypothesis import HealthCheck, given, settings

from billing.clock import ManualClock
from billing.signature import sign
from tests.relay.test_crash import relay_process
from tests.support.events import event
from tests.support.ingress import KNOWN_ATTACKS, PATH, anything, request, statuses
from tests.support.relay import SANDBOX_SECRET

GROWTH_MAX_BYTES = 48 << 20
"""Less than the bomb of 64 MiB unpacked."""


@dataclass(frozen=True)
class Target:
    process: subprocess.Popen[str]
    webhook: str

    def accepts(self, event_id: str) -> bool:
        """Whether a good delivery is taken."""
        address = urlsplit(self.webhook)
        body = event("customer.created", {"id": "cus_1", "object": "customer"}, event_id=event_id)
        header = sign(body, SANDBOX_SECRET, int(ManualClock().now().timestamp()))
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)
        try:
            connection.request("POST", PATH, body=body, headers={"Stripe-Signature": header})
            return connection.getresponse().status == 200
        finally:
            connection.close()

    @property
    def memory_bytes(self) -> int:
        memory: int = psutil.Process(self.process.pid).memory_info().rss
        return memory


@pytest.fixture(scope="module")
def target(empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with relay_process(empty_database, tmp_path_factory.mktemp("ingress") / "home") as (process, webhook):
        yield Target(process, webhook)


@pytest.mark.parametrize("attack", KNOWN_ATTACKS)
def test_a_known_attack_is_answered_or_hung_up_on(target: Target, attack: str) -> None:
    before = target.memory_bytes
    found = statuses(target.webhook, KNOWN_ATTACKS[attack])
    assert all(status < 500 for status in found), found
    assert all(status >= 400 for status in found if status != 100), "nothing unsigned is accepted"
    assert target.memory_bytes - before < GROWTH_MAX_BYTES
    assert target.process.poll() is None


@pytest.mark.parametrize("name", [b"X", b"X-\xc9", b"User-Agent", b"Stripe-Signature", b"Content-Type"])
def test_bytes_that_are_no_text_in_a_header_are_answered(target: Target, name: bytes) -> None:
    for value in (b"\xc9", bytes(range(128, 256)), "ü".encode()):
        sent = request(b"{}", [(name, value), (b"Connection", b"close")])
        assert statuses(target.webhook, sent, quiet_s=5.0) == [400]


def test_after_all_of_it_a_good_delivery_is_accepted(target: Target) -> None:
    assert target.accepts("evt_after")


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=anything)
def test_whatever_comes_no_answer_is_an_error_of_ours(target: Target, data: bytes) -> None:
    found = statuses(target.webhook, data)
    assert all(400 <= status < 500 or status == 100 for status in found), found
    assert target.process.poll() is None


def test_a_body_that_dribbles_does_not_hold_up_others(target: Target) -> None:
    address = urlsplit(target.webhook)
    slow = [socket.create_connection((address.hostname or "", address.port or 0)) for _ in range(50)]
    try:
        for connection in slow:
            connection.sendall(request(b"{", [(b"Content-Length", b"1000")]))
        began = time.monotonic()
        assert target.accepts("evt_beside_slow_ones")
        assert time.monotonic() - began < 5
    finally:
        for connection in slow:
            connection.close()
