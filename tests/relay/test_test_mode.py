"""Test mode: the lock file rules, whoever made it; events are held while it is gone."""

from __future__ import annotations

import asyncio
import json
import stat
from pathlib import Path

import pytest

from billing.clock import ManualClock
from billing.errors import TestModeOff
from relay.api import ListLedger, ReplayEvents, ShowEvent, ShowTestMode, SimulateCall, SwitchTestMode
from relay.errors import OperationRefused
from relay.test_mode import TestMode
from tests.support.events import Story, event
from tests.support.relay import PATIENCE_S, RunningRelay, until


def lock_of(relay: RunningRelay) -> Path:
    return relay.backend.test_mode.lock_file


def test_the_lock_file_says_when_who_and_with_what(tmp_path: Path, clock: ManualClock) -> None:
    mode = TestMode(tmp_path / ".stripe-test-mode.lock", clock=clock, tool_version="1.2.3")
    assert not mode.is_on
    mode.switch(on=True)
    assert mode.is_on
    content = json.loads(mode.lock_file.read_text())
    assert content["time"] == "2026-11-02T09:00:00+00:00"
    assert content["tool_version"] == "1.2.3"
    assert stat.S_IMODE(mode.lock_file.stat().st_mode) == 0o600
    mode.check()
    mode.switch(on=False)
    with pytest.raises(TestModeOff, match="does not exist"):
        mode.check()


def test_an_empty_lock_file_counts(tmp_path: Path, clock: ManualClock) -> None:
    mode = TestMode(tmp_path / "lock", clock=clock, tool_version="1.2.3")
    mode.lock_file.touch()
    mode.check()
    assert "exists" in mode.reason


def test_without_a_test_key_no_lock_file_helps(tmp_path: Path, clock: ManualClock) -> None:
    mode = TestMode(tmp_path / "lock", clock=clock, tool_version="1", key_problem="the key is no test key")
    mode.switch(on=True)
    with pytest.raises(TestModeOff, match="no test key"):
        mode.check()


async def test_a_lock_file_that_somebody_makes_or_removes_is_noticed(tmp_path: Path, clock: ManualClock) -> None:
    mode = TestMode(tmp_path / "lock", clock=clock, tool_version="1")
    changes: asyncio.Queue[bool] = asyncio.Queue()
    mode.on_change(changes.put_nowait)
    mode.start()
    try:
        async with asyncio.timeout(PATIENCE_S):
            mode.lock_file.touch()
            assert await changes.get() is True
            mode.lock_file.unlink()
            assert await changes.get() is False
    finally:
        await mode.stop()


async def test_events_are_held_while_it_is_off_and_processed_when_it_is_on_again(relay: RunningRelay) -> None:
    company_id = await relay.company()
    story = Story(await relay.open_topup(company_id), company_id)
    off = await relay.client.call(SwitchTestMode(on=False))
    assert (off.on, off.held_events) == (False, 0)
    body = event("payment_intent.succeeded", story.intent(), event_id="evt_held")
    answer = await relay.deliver(body)
    assert (answer.status, answer.json["status"]) == (200, "held")
    assert (await relay.client.call(ShowTestMode())).held_events == 1
    assert (await relay.client.call(ShowEvent(event="evt_held"))).event.status == "held"
    on = await relay.client.call(SwitchTestMode(on=True))
    assert (on.on, on.held_events) == (True, 0)
    detail = await relay.client.call(ShowEvent(event="evt_held"))
    assert detail.event.status == "completed"
    assert [row.money_cents for row in detail.ledger] == [5_000]


async def test_a_lock_file_put_back_by_hand_releases_what_was_held(relay: RunningRelay) -> None:
    company_id = await relay.company()
    story = Story(await relay.open_topup(company_id), company_id)
    noticed: asyncio.Queue[bool] = asyncio.Queue()
    relay.backend.test_mode.on_change(noticed.put_nowait)
    async with asyncio.timeout(PATIENCE_S):
        lock_of(relay).unlink()
        assert await noticed.get() is False
        await relay.deliver(event("payment_intent.succeeded", story.intent(), event_id="evt_held"))
        await relay.processed()
        assert (await relay.client.call(ListLedger())).total == 0
        lock_of(relay).touch()
        assert await noticed.get() is True

    async def booked() -> bool:
        return (await relay.client.call(ListLedger())).total == 1

    await until(booked)
    assert (await relay.client.call(ShowEvent(event="evt_held"))).event.status == "completed"


async def test_what_would_move_money_is_refused_with_the_reason(relay: RunningRelay) -> None:
    await relay.company(balance_cents=5_000)
    lock_of(relay).unlink()
    for operation in (SimulateCall(company="acme", duration_s=60), ReplayEvents(failed=True)):
        with pytest.raises(OperationRefused) as refused:
            await relay.client.call(operation)
        assert refused.value.problem.code == "test_mode_off"
        assert "lock file" in refused.value.problem.message
        assert refused.value.http_status == 409
