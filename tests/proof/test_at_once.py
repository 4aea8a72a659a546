"""Many at once on a real server: one event is one effect, one need one charge, money for a hundred pays a hundred."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from pathlib import Path

import pytest

from relay.api import CheckAutoTopup, CheckoutTopup, CreateCompany, CreateTopup, DrainBalance, SimulateCall
from relay.wire import WEBHOOK_PATH
from tests.support.events import Story, event
from tests.support.proof_crash import AUTO, PAGE
from tests.support.proof_rig import Rig, digest, rows, running_rig
from tests.support.proof_senders import send_copies
from tests.support.proof_stripe import charges_of, ledger_is_right


@pytest.mark.parametrize(("processes", "each"), [(2, 50), pytest.param(4, 250, marks=pytest.mark.proof)])
async def test_copies_of_one_event_have_one_effect(template: Path, tmp_path: Path, processes: int, each: int) -> None:
    async with running_rig(tmp_path / "home", template=template) as rig:
        topup = await rig.client.call(CheckoutTopup(company=PAGE, amount_cents=5_000))
        story = Story(topup.id, topup.company_id)
        body = event("payment_intent.succeeded", story.intent(), event_id="evt_copied", created=int(time.time()))
        answered = await asyncio.to_thread(
            send_copies,
            f"http://127.0.0.1:{rig.plan.port}{WEBHOOK_PATH}",
            rig.plan.webhook_secret,
            body,
            processes=processes,
            each=each,
        )
        await rig.quiet()
        rig.server.end()
        assert answered == {"accepted": 1, "duplicate": processes * each - 1}
        first = rows(rig.database, "SELECT id FROM webhook_events WHERE event_id = 'evt_copied'")
        assert len(first) == 1
        kept = rows(
            rig.database,
            "SELECT verdict, webhook_event_id FROM webhook_deliveries WHERE event_id = 'evt_copied' ORDER BY id",
        )
        assert Counter(kept) == {
            ("accepted", first[0][0]): 1,
            ("duplicate", first[0][0]): processes * each - 1,
        }
        assert kept[0][0] == "accepted"
        assert [(row[0], row[1]) for row in digest(rig.database, PAGE)["ledger"]] == [("topup", 5_000)]
        assert ledger_is_right(rig.database)
    print(f"{processes * each} copies from {processes} processes: 1 effect, {processes * each - 1} duplicates")


async def test_fifty_checks_at_once_charge_the_card_once(template: Path, tmp_path: Path) -> None:
    async with running_rig(tmp_path / "home", template=template) as rig:
        # The answer takes its time, so that all of them ask while the charge is under way.
        slow = {"target": "api", "action": "delay", "path": "/v1/payment_intents", "method": "POST", "seconds": 0.5}
        await rig.stripe("POST", "/_sandbox/faults", json=slow)
        await rig.client.call(DrainBalance(company=AUTO, to_cents=100))
        checks = await asyncio.gather(*(rig.client.call(CheckAutoTopup(company=AUTO)) for _ in range(50)))
        await rig.quiet()
        allowed = [check.decision for check in checks if check.decision.allowed]
        assert len(allowed) <= 1
        assert {check.decision.reason for check in checks if not check.decision.allowed} <= {"in_flight", "cooldown"}
        assert await charges_of(rig, AUTO) == 1
        ledger = digest(rig.database, AUTO)["ledger"]
        assert [row[1] for row in ledger if row[0] == "topup"] == [5_000]
        assert ledger_is_right(rig.database)


async def test_two_hundred_calls_on_money_for_a_hundred(template: Path, tmp_path: Path) -> None:
    async with running_rig(tmp_path / "home", template=template) as rig:
        await rig.client.call(CreateCompany(company_name="Busy", slug="busy", opening_balance_cents=4_200))
        calls = await asyncio.gather(
            *(rig.client.call(SimulateCall(company="busy", duration_s=60)) for _ in range(200))
        )
        assert Counter(call.charge_status for call in calls) == {"charged": 100, "unpaid": 100}
        assert digest(rig.database, "busy")["balance"] == [(0, 0, 0)]
        await rig.client.call(CreateTopup(company="busy", amount_cents=5_000, card="visa"))
        await rig.quiet()
        assert Counter(row[0] for row in digest(rig.database, "busy")["calls"]) == {"charged": 200}
        (balance,) = digest(rig.database, "busy")["balance"]
        assert balance[0] + balance[1] == 800 + bonus_of(rig, "busy")
        assert ledger_is_right(rig.database)


def bonus_of(rig: Rig, company: str) -> int:
    """Bonus that was granted with top-ups."""
    return sum(row[3] for row in digest(rig.database, company)["top-ups"])
