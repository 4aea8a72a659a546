"""A server on virtual time: the same twice, all that is due at its moment, and nothing by the clock of the machine."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest

from devconsole.virtual.host import Host, VirtualServer
from devconsole.virtual.time import START
from relay.api import (
    AdvanceClock,
    CheckLedger,
    CheckoutTopup,
    CreateTopup,
    DigestView,
    ListTopups,
    SetAutoTopup,
    ShowClock,
    ShowDigest,
    ShowTopup,
    SimulateCall,
    SwitchFaultOn,
    TriggerEvent,
)
from relay.errors import OperationRefused
from relay.lifecycle import pruner_of
from tests.support.worlds import balance_of, ledger_of, types_of, virtual_server

HOUR = 3_600


def tell(server: VirtualServer) -> DigestView:
    """A story with a bit of everything: Checkout, doubled and overtaken webhooks, an automatic top-up, a day."""
    server.call(SwitchFaultOn(fault="duplicate", times=2))
    server.call(SwitchFaultOn(fault="reorder", times=1))
    server.call(CreateTopup(company="acme", amount_cents=5_000, card="visa"))
    server.call(CheckoutTopup(company="acme", amount_cents=2_500))
    server.call(SetAutoTopup(company="acme", enabled=True, threshold_cents=4_000, amount_cents=5_000, card="visa"))
    server.call(SimulateCall(company="acme", duration_s=6_000))
    server.call(AdvanceClock(seconds=24 * HOUR))
    assert server.call(CheckLedger()).ok
    digest: DigestView = server.call(ShowDigest())
    return digest


def test_the_same_seed_gives_the_same_bytes_also_in_parallel(host: Host, tmp_path: Path) -> None:
    digests: dict[str, DigestView] = {}

    def play(name: str, seed: int) -> None:
        with virtual_server(host, tmp_path / name, seed=seed) as server:
            digests[name] = tell(server)

    play("first", 7)
    at_once = [threading.Thread(target=play, args=(name, seed)) for name, seed in (("second", 7), ("other", 8))]
    for thread in at_once:
        thread.start()
    for thread in at_once:
        thread.join()
    assert digests["first"] == digests["second"]
    assert digests["first"].events_digest != digests["other"].events_digest


def test_an_operation_has_settled_before_it_is_answered(host: Host, tmp_path: Path) -> None:
    with virtual_server(host, tmp_path / "home") as server:
        server.call(CreateTopup(company="acme", amount_cents=5_000, card="visa"))
        assert balance_of(server) == 6_000
        assert "payment_intent.succeeded" in types_of(server)


def test_time_stands_still_until_it_is_moved(host: Host, tmp_path: Path) -> None:
    with virtual_server(host, tmp_path / "home") as server:
        assert server.call(ShowClock()).now == START
        moved = server.call(AdvanceClock(seconds=HOUR))
        assert (moved.now, moved.virtual, moved.seed) == (START + timedelta(hours=1), True, 1)


def test_what_falls_due_on_the_way_happens_at_its_moment(host: Host, tmp_path: Path) -> None:
    with virtual_server(host, tmp_path / "home") as server:
        topup = server.call(CheckoutTopup(company="acme", amount_cents=2_500))
        server.call(AdvanceClock(seconds=2 * HOUR))
        assert server.call(ShowTopup(topup=topup.id)).status == "cancelled"
        assert types_of(server)[-1] == "checkout.session.expired"


def test_a_delivery_that_fails_is_tried_again_when_its_time_comes(host: Host, tmp_path: Path) -> None:
    with virtual_server(host, tmp_path / "home") as server:
        server.call(SwitchFaultOn(fault="lost-acknowledgement", only="payment_intent.succeeded", times=2))
        server.call(CreateTopup(company="acme", amount_cents=5_000, card="visa"))
        due = server.call(ShowClock()).next_due_at
        assert due == START + timedelta(seconds=1)
        assert server.call(AdvanceClock(until="next due")).now == due
        assert ledger_of(server) == [("adjustment", 1_000), ("topup", 5_000)]


def test_a_slow_answer_lets_time_pass(host: Host, tmp_path: Path) -> None:
    with virtual_server(host, tmp_path / "home") as server:
        server.call(SwitchFaultOn(fault="stripe-slow", only="/v1/payment_intents", seconds=20, times=1))
        server.call(CreateTopup(company="acme", amount_cents=5_000, card="visa"))
        assert server.call(ShowClock()).now == START + timedelta(seconds=20)
        assert balance_of(server) == 6_000


def test_after_a_crash_what_was_owed_is_credited_once(host: Host, tmp_path: Path) -> None:
    with virtual_server(host, tmp_path / "home") as server:
        server.call(SwitchFaultOn(fault="charge-lost-answer", times=9))
        server.call(SwitchFaultOn(fault="drop", times=9))
        with pytest.raises(OperationRefused):
            server.call(CreateTopup(company="acme", amount_cents=5_000, card="visa"))
        server.crash()
        server.call(AdvanceClock(seconds=HOUR))
        assert [row.status for row in server.call(ListTopups()).rows] == ["succeeded"]
        assert ledger_of(server) == [("adjustment", 1_000), ("topup", 5_000)]
        assert server.call(CheckLedger()).ok


def test_after_a_restart_ids_go_on(host: Host, tmp_path: Path) -> None:
    with virtual_server(host, tmp_path / "home") as server:
        first = server.call(SimulateCall(company="acme", duration_s=60))
        server.restart()
        second = server.call(SimulateCall(company="acme", duration_s=60))
        assert first.call_id != second.call_id


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (AdvanceClock(until="tomorrow"), "unknown_moment"),
        (AdvanceClock(until="next auto top-up allowed"), "unknown_moment"),
        (AdvanceClock(until="2099-01-01"), "unknown_moment"),
    ],
)
def test_a_moment_that_cannot_be_meant_is_refused(
    host: Host, tmp_path: Path, request_: AdvanceClock, code: str
) -> None:
    with virtual_server(host, tmp_path / "home") as server, pytest.raises(OperationRefused) as refused:
        server.call(request_)
    assert refused.value.problem.code == code


async def test_a_host_ends_where_another_event_loop_is_running() -> None:
    """As in the console, which plays stories on servers of its own and then quits."""
    Host().close()


def test_two_months_in_a_moment_make_nothing_too_old(host: Host, tmp_path: Path) -> None:
    """Pruning comes by the clock of the machine: two runs of a story must not differ by who was slower."""
    with virtual_server(host, tmp_path / "home") as server:
        server.call(TriggerEvent(type="customer.updated"))
        server.call(AdvanceClock(seconds=60 * 24 * HOUR))
        before = server.call(ShowDigest())
        assert host.run(pruner_of(server.running.backend).prune()) == 0
        assert "customer.updated" in types_of(server)
        assert server.call(ShowDigest()) == before
