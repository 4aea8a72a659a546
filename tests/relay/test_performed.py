"""The record of what developers did: complete, private, bounded, and still there after a restart."""

from __future__ import annotations

import stat
from datetime import timedelta
from pathlib import Path

import pytest

from billing.clock import ManualClock
from relay.api import CreateTopup, ListCompanies, ListOperations, ShowCompany, SimulateCall, SwitchTestMode
from relay.errors import OperationRefused
from relay.home import Home
from relay.performed import PerformedLog
from tests.support.relay import RunningRelay, running_relay

AT = ManualClock().now()


async def recorded(relay: RunningRelay) -> list[tuple[str, str]]:
    page = await relay.client.call(ListOperations())
    return [(row.name, row.outcome) for row in reversed(page.rows)]


async def test_what_was_done_and_what_was_refused_is_recorded_with_input_and_ids(relay: RunningRelay) -> None:
    await relay.company("acme", balance_cents=1_000)
    call = await relay.client.call(SimulateCall(company="acme", duration_s=60))
    with pytest.raises(OperationRefused):
        await relay.client.call(SimulateCall(company="nobody", duration_s=60))
    refused, done = (await relay.client.call(ListOperations())).rows
    assert (done.name, done.outcome) == ("calls.simulate", "done")
    assert done.input == {"company": "acme", "duration_s": 60, "from_number": None, "to_number": None}
    assert done.ids["id"] == call.id
    assert done.at == done.ended_at == relay.clock.now()
    assert (refused.outcome, refused.ids) == ("unknown_company", {})


async def test_looking_is_not_recorded(relay: RunningRelay) -> None:
    await relay.company("acme")
    await relay.client.call(ListCompanies())
    await relay.client.call(ShowCompany(company="acme"))
    assert await recorded(relay) == []


async def test_the_newest_come_first_and_a_moment_or_a_number_bounds_them(relay: RunningRelay) -> None:
    await relay.company("acme", balance_cents=10_000)
    for duration_s in (1, 2, 3):
        await relay.client.call(SimulateCall(company="acme", duration_s=duration_s))
        relay.clock.advance(timedelta(minutes=1))
    since = relay.clock.now()
    await relay.client.call(SimulateCall(company="acme", duration_s=4))
    page = await relay.client.call(ListOperations(limit=2))
    assert ([row.input["duration_s"] for row in page.rows], page.total) == ([4, 3], 4)
    page = await relay.client.call(ListOperations(since=since))
    assert [row.input["duration_s"] for row in page.rows] == [4]


async def test_a_restart_forgets_nothing(empty_database: Path, tmp_path: Path) -> None:
    async with running_relay(empty_database, tmp_path / "home") as relay:
        await relay.client.call(SwitchTestMode(on=False))
    async with running_relay(empty_database, tmp_path / "home") as relay:
        await relay.client.call(SwitchTestMode(on=True))
        assert await recorded(relay) == [("test_mode.switch", "done"), ("test_mode.switch", "done")]
        log = Home(relay.backend.home).operations_log
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_the_number_of_a_card_is_not_kept(tmp_path: Path) -> None:
    log = PerformedLog(tmp_path / "operations.ndjson")
    for typed in ("4242424242424242", "4242 4242 4242 4242", "my card is 3782-822463-10005"):
        log.append(
            CreateTopup(company="acme", amount_cents=5_000, card=typed), at=AT, ended_at=AT, outcome="unknown_card"
        )
    assert [row.input["card"] for row in log.newest_first()] == ["my card is (masked)", "(masked)", "(masked)"]


@pytest.mark.parametrize("kept", ["visa", "pm_card_visa", "pm_1QxAbCdEf0123456789012345"])
def test_names_of_cards_and_of_payment_methods_are_kept(tmp_path: Path, kept: str) -> None:
    log = PerformedLog(tmp_path / "operations.ndjson")
    log.append(CreateTopup(company="acme", amount_cents=5_000, card=kept), at=AT, ended_at=AT, outcome="done")
    assert [row.input["card"] for row in log.newest_first()] == [kept]


def test_two_files_bound_what_is_kept(tmp_path: Path) -> None:
    log = PerformedLog(tmp_path / "operations.ndjson", file_bytes_max=2_000)
    for duration_s in range(200):
        log.append(SimulateCall(company="acme", duration_s=duration_s), at=AT, ended_at=AT, outcome="done")
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 5_000
    kept = [row.input["duration_s"] for row in log.newest_first()]
    assert kept == list(range(199, 199 - len(kept), -1))
    assert len(kept) >= 10


def test_a_line_cut_short_by_a_crash_costs_that_line_alone(tmp_path: Path) -> None:
    path = tmp_path / "operations.ndjson"
    log = PerformedLog(path)
    for duration_s in (1, 2):
        log.append(SimulateCall(company="acme", duration_s=duration_s), at=AT, ended_at=AT, outcome="done")
    path.write_bytes(path.read_bytes()[:-20])
    log.append(SimulateCall(company="acme", duration_s=3), at=AT, ended_at=AT, outcome="done")
    assert [row.input["duration_s"] for row in log.newest_first()] == [3, 1]


def test_a_broken_disk_does_not_undo_what_was_done(tmp_path: Path) -> None:
    PerformedLog(tmp_path / "missing" / "operations.ndjson").append(
        SwitchTestMode(on=True), at=AT, ended_at=AT, outcome="done"
    )
    assert not (tmp_path / "missing").exists()
