"""A locked database, a full disk, a Stripe in trouble: no money is lost or doubled, and it ends well by itself."""

from __future__ import annotations

import asyncio
import resource
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from relay.api import (
    CheckAutoTopup,
    CheckoutTopup,
    CreateTopup,
    DrainBalance,
    RefundCharge,
    ShowStatus,
    SimulateCall,
    TopupView,
)
from relay.errors import OperationRefused
from tests.support.proof_crash import AUTO, CARD, PAGE, PAID, topped_up, topups_of
from tests.support.proof_rig import Rig, digest, rows, running_rig
from tests.support.proof_stripe import charges_of, ledger_is_right
from tests.support.relay import until

FIRST_LOOK_S = 75
"""An attempt whose end is unknown is looked at again after a minute."""


@pytest.fixture
async def rig(template: Path, tmp_path: Path) -> AsyncIterator[Rig]:
    async with running_rig(tmp_path / "home", template=template) as running:
        yield running
        await running.quiet()
        running.server.end()
        assert ledger_is_right(running.database)


async def pay_page(rig: Rig) -> None:
    """Somebody pays at Stripe, whatever is the matter with us."""
    (page,) = await topups_of(rig, PAGE)
    card = {"payment_method": "pm_card_visa"}
    await rig.stripe("POST", f"/v1/payment_pages/{page.checkout_session_id}/confirm", data=card)


# The database --------------------------------------------------------------------------------------------------------


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Another process holds the write lock."""
    with closing(sqlite3.connect(database, isolation_level=None, timeout=10)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


@pytest.mark.parametrize("seconds", [1.0, pytest.param(13.0, marks=pytest.mark.proof)])
async def test_a_locked_database_delays_and_loses_nothing(rig: Rig, seconds: float) -> None:
    """Thirteen seconds are more than a writer waits: it fails, says so, and what was refused is sent again."""
    await rig.client.call(CheckoutTopup(company=PAGE, amount_cents=5_000))
    with locked(rig.database):
        await pay_page(rig)
        call = asyncio.create_task(rig.client.call(SimulateCall(company=AUTO, duration_s=157)))
        await asyncio.sleep(seconds)
        assert (await rig.client.call(ShowStatus())).version, "reading goes on"
    answer = (await asyncio.gather(call, return_exceptions=True))[0]
    await topped_up(rig, PAGE)
    await rig.quiet()
    assert await charges_of(rig, PAGE) == 1
    assert [row[:2] for row in digest(rig.database, PAGE)["ledger"]] == [("topup", 5_000)]
    calls = digest(rig.database, AUTO)["calls"]
    if isinstance(answer, BaseException):
        assert seconds > 10
        assert isinstance(answer, OperationRefused)
        assert calls == []
    else:
        assert [row[0] for row in calls] == ["charged"]


@asynccontextmanager
async def full_disk(rig: Rig) -> AsyncIterator[None]:
    """No file of the server can grow, not even its write-ahead log, until the block ends."""
    process = psutil.Process(rig.server.process.pid)
    process.rlimit(psutil.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        process.rlimit(psutil.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


async def test_a_full_disk_refuses_and_goes_on_when_there_is_room(rig: Rig) -> None:
    await rig.client.call(CheckoutTopup(company=PAGE, amount_cents=5_000))
    await rig.quiet()
    acknowledged = deliveries(rig, "status < 400")
    async with full_disk(rig):
        with pytest.raises(OperationRefused) as refused:
            await rig.client.call(CreateTopup(company=CARD, amount_cents=5_000, card="visa"))
        assert refused.value.http_status >= 500, refused.value.problem
        await pay_page(rig)

        async def refused_by_us() -> bool:
            return deliveries(rig, "status = 500") > 0

        await until(refused_by_us)
        assert deliveries(rig, "status < 400") == acknowledged, "nothing is acknowledged that is not kept"
    assert await charges_of(rig, CARD) == 0
    await topped_up(rig, PAGE)
    await rig.client.call(CreateTopup(company=CARD, amount_cents=5_000, card="visa"))
    await topped_up(rig, CARD)
    assert await charges_of(rig, PAGE) == await charges_of(rig, CARD) == 1


def deliveries(rig: Rig, which: str) -> int:
    """How many deliveries Stripe has tried with such an answer."""
    found: int = rows(rig.home / "sandbox.db", f"SELECT COUNT(*) FROM attempts WHERE {which}")[0][0]
    return found


async def test_a_disk_that_fills_while_the_card_is_charged_credits_once(rig: Rig) -> None:
    await trouble(rig, action="delay", seconds=1.0)
    charging = asyncio.create_task(rig.client.call(CreateTopup(company=CARD, amount_cents=5_000, card="visa")))
    await asyncio.sleep(0.5)
    async with full_disk(rig):
        with pytest.raises(OperationRefused):
            await charging
        assert await charges_of(rig, CARD) == 1
        assert [topup.status for topup in await topups_of(rig, CARD)] == ["pending"]
    await topped_up(rig, CARD)
    await rig.quiet()
    assert await charges_of(rig, CARD) == 1
    assert [row[1] for row in digest(rig.database, CARD)["ledger"] if row[0] == "topup"] == [5_000]


# Stripe --------------------------------------------------------------------------------------------------------------


async def trouble(rig: Rig, path: str = "/v1/payment_intents", **rule: Any) -> None:
    """Let the next requests at Stripe go wrong."""
    answer = await rig.stripe(
        "POST", "/_sandbox/faults", json={"target": "api", "method": "POST", "path": path, **rule}
    )
    assert answer["hits"] == 0


TROUBLES: dict[str, dict[str, Any]] = {
    "answers 500": {"action": "status", "status": 500},
    "answers 503": {"action": "status", "status": 503},
    "answers 429": {"action": "status", "status": 429},
    "charges and breaks the connection": {"action": "lose_answer"},
    "is slow": {"action": "delay", "seconds": 1.5},
}


@pytest.mark.parametrize("what", [name for name in TROUBLES if name != "answers 429"])
async def test_a_passing_trouble_of_stripe_is_not_noticed(rig: Rig, what: str) -> None:
    """The SDK asks again, with the same key; but not at once where there were too many requests."""
    await trouble(rig, **TROUBLES[what])
    topup = await rig.client.call(CreateTopup(company=CARD, amount_cents=5_000, card="visa"))
    assert topup.status == "succeeded"
    await rig.quiet()
    assert await charges_of(rig, CARD) == 1


@pytest.mark.proof
@pytest.mark.timeout(240)
async def test_a_lasting_trouble_of_stripe_ends_well_by_itself(template: Path, tmp_path: Path) -> None:
    """Every kind at once, each in a world of its own; the one that charged has charged once."""
    kinds = {name: rule for name, rule in TROUBLES.items() if name != "is slow"}
    await asyncio.gather(
        *(outlast(template, tmp_path / str(number), rule) for number, rule in enumerate(kinds.values()))
    )


async def outlast(template: Path, home: Path, rule: dict[str, Any]) -> None:
    async with running_rig(home, template=template) as rig:
        await trouble(rig, **rule, times=6)
        with pytest.raises(OperationRefused) as refused:
            await rig.client.call(CreateTopup(company=CARD, amount_cents=5_000, card="visa"))
        assert refused.value.problem.code == "gateway_unavailable"
        # Asking again would be a second charge: the first is still under way.
        assert "before you ask again" in (refused.value.problem.remedy or "")
        await rig.client.call(DrainBalance(company=AUTO, to_cents=100))
        check = await rig.client.call(CheckAutoTopup(company=AUTO))
        assert check.decision.allowed or check.decision.reason == "in_flight"
        await rig.stripe("DELETE", "/_sandbox/faults")
        deadline = time.monotonic() + FIRST_LOOK_S
        while (states := {topup.status for topup in await both(rig)}) != {"succeeded"}:
            assert time.monotonic() < deadline, states
            await asyncio.sleep(0.5)
        await rig.quiet()
        for company in (CARD, AUTO):
            assert await charges_of(rig, company) == 1
            assert [row[1] for row in digest(rig.database, company)["ledger"] if row[0] == "topup"] == [5_000]
        assert ledger_is_right(rig.database)


async def both(rig: Rig) -> tuple[TopupView, ...]:
    return *await topups_of(rig, CARD), *await topups_of(rig, AUTO)


async def test_a_refund_whose_answer_is_lost_is_booked_once(rig: Rig) -> None:
    (paid,) = await topups_of(rig, PAID)
    await trouble(rig, "/v1/refunds", action="lose_answer", times=3)
    with pytest.raises(OperationRefused) as refused:
        await rig.client.call(RefundCharge(charge=str(paid.id), amount_cents=2_000))
    assert refused.value.problem.code == "gateway_unavailable"
    await rig.quiet()
    refunds = [refund["amount"] for refund in (await rig.stripe("GET", "/v1/refunds"))["data"]]
    assert refunds == [2_000]
    assert [row[1] for row in digest(rig.database, PAID)["ledger"] if row[0] == "refund"] == [-2_000]


async def test_a_stripe_that_is_gone_is_said_so_and_charges_when_it_is_back(rig: Rig) -> None:
    (paid,) = await topups_of(rig, PAID)
    await trouble(rig, "*", action="status", status=500, times=9)
    with pytest.raises(OperationRefused):
        await rig.client.call(RefundCharge(charge=str(paid.id), amount_cents=2_000))
    await rig.stripe("DELETE", "/_sandbox/faults")
    assert [refund["amount"] for refund in (await rig.stripe("GET", "/v1/refunds"))["data"]] == []
    await rig.client.call(RefundCharge(charge=str(paid.id), amount_cents=2_000))
    await rig.quiet()
    assert [refund["amount"] for refund in (await rig.stripe("GET", "/v1/refunds"))["data"]] == [2_000]
    assert [row[1] for row in digest(rig.database, PAID)["ledger"] if row[0] == "refund"] == [-2_000]
