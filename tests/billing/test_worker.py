"""The worker: whatever was committed is worked off, also after a restart, a failure, or a while without test mode."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from billing import inbox, jobs
from billing.clock import ManualClock
from billing.db import Database
from billing.errors import GatewayUnavailable, TestModeOff
from billing.models import EventStatus, Job, JobStatus
from tests.support.events import Story, arrival, event
from tests.support.gateway import FakeGateway, ProcessKilled, unreachable
from tests.support.services import Billing


class Switch:
    """Test mode, with a switch."""

    is_on = True

    def check(self) -> None:
        if not self.is_on:
            raise TestModeOff("test mode is off")


@pytest.fixture
def switch() -> Switch:
    return Switch()


@pytest.fixture
async def running(
    database: Database, gateway: FakeGateway, clock: ManualClock, switch: Switch
) -> AsyncIterator[Billing]:
    billing = Billing.on(database, gateway, clock, guard=switch)
    await billing.worker.start()
    async with asyncio.timeout(20):
        yield billing
    await billing.worker.stop()


async def deliver(billing: Billing, *bodies: bytes) -> None:
    await billing.db.write(inbox.store, [arrival(body, now=billing.clock.now()) for body in bodies])


async def jobs_of(billing: Billing, kind: str) -> list[Job]:
    async with billing.db.read() as session:
        return list((await session.exec(select(Job).where(Job.kind == kind))).all())


async def test_what_is_stored_is_processed_without_being_asked(running: Billing) -> None:
    company_id = await running.company()
    stories = [Story(await running.pending_topup(company_id, key=f"key_{number}"), company_id) for number in range(150)]
    await deliver(running, *(event("payment_intent.succeeded", story.intent()) for story in stories))
    await running.worker.idle()
    assert await running.money(company_id) == 150 * 5_000
    assert {row.status for row in await running.events()} == {EventStatus.COMPLETED}


async def test_a_call_below_the_threshold_is_followed_by_an_automatic_topup(
    running: Billing, gateway: FakeGateway
) -> None:
    company_id = await running.company(balance_cents=1_100)
    await running.auto_topups.configure(
        company_id, enabled=True, threshold_cents=1_000, amount_cents=5_000, payment_method="pm_card_visa"
    )
    await running.prepaid.simulate_call(company_id, duration_s=157)
    await running.worker.idle()
    assert await running.booked(company_id) == [("adjustment", 1_100, 0), ("charge", -110, 0), ("topup", 5_000, 0)]
    (decision,) = await running.decisions(company_id)
    assert (decision.reason, decision.triggered_by) == ("due", "call")
    assert len(gateway.charges) == 1


async def test_settings_saved_at_a_low_balance_are_acted_upon(running: Billing) -> None:
    company_id = await running.company(balance_cents=500)
    await running.auto_topups.configure(company_id, enabled=True, payment_method="pm_card_visa")
    await running.worker.idle()
    (decision,) = await running.decisions(company_id)
    assert (decision.reason, decision.triggered_by, await running.money(company_id)) == ("due", "settings", 5_500)


async def test_an_unpaid_call_is_paid_after_the_next_credit(running: Billing) -> None:
    company_id = await running.company(balance_cents=100)
    await running.prepaid.simulate_call(company_id, duration_s=600)
    await running.worker.idle()
    story = Story(await running.pending_topup(company_id), company_id)
    await deliver(running, event("checkout.session.completed", story.checkout()))
    await running.worker.idle()
    assert await running.booked(company_id) == [("adjustment", 100, 0), ("topup", 5_000, 0), ("charge", -420, 0)]


async def test_a_topup_left_open_by_a_crash_is_finished_at_the_next_start(
    billing: Billing, gateway: FakeGateway
) -> None:
    company_id = await billing.company()
    await billing.topups.charge(company_id, 1_000, payment_method="pm_card_visa")
    gateway.after.append(ProcessKilled())
    with pytest.raises(ProcessKilled):
        await billing.topups.charge(company_id, 5_000, payment_method="pm_card_visa")
    restarted = billing.restarted()
    await restarted.worker.start()
    async with asyncio.timeout(20):
        await restarted.worker.idle()
    await restarted.worker.stop()
    assert await billing.money(company_id) == 6_000
    assert len(gateway.charges) == 2


async def test_events_left_pending_by_a_crash_are_processed_at_the_next_start(billing: Billing) -> None:
    company_id = await billing.company()
    story = Story(await billing.pending_topup(company_id), company_id)
    await deliver(billing, event("payment_intent.succeeded", story.intent()))
    restarted = billing.restarted()
    await restarted.worker.start()
    async with asyncio.timeout(20):
        await restarted.worker.idle()
    await restarted.worker.stop()
    assert await billing.money(company_id) == 5_000


async def test_a_lost_webhook_is_found_out_after_a_minute(running: Billing, gateway: FakeGateway) -> None:
    company_id = await running.company()
    opened = await running.topups.checkout(
        company_id, 5_000, success_url="http://console.example/p", cancel_url="http://console.example/c"
    )
    gateway.pay_checkout("cs_test_1")
    await running.worker.idle()
    assert (await running.topup(opened.id or 0)).status == "processing"
    running.clock.advance(timedelta(seconds=61))
    await running.worker.idle()
    assert (await running.topup(opened.id or 0)).status == "succeeded"
    assert [job.status for job in await jobs_of(running, "settle_topup")] == [JobStatus.DONE]


async def test_an_expired_page_is_cancelled_in_time(running: Billing) -> None:
    company_id = await running.company()
    opened = await running.topups.checkout(
        company_id, 5_000, success_url="http://console.example/p", cancel_url="http://console.example/c"
    )
    running.clock.advance(timedelta(seconds=61))
    await running.worker.idle()
    (job,) = await jobs_of(running, "settle_topup")
    assert (job.status, opened.expires_at is not None and job.run_at > opened.expires_at) == (JobStatus.PENDING, True)
    running.clock.advance(timedelta(minutes=31))
    await running.worker.idle()
    assert (await running.topup(opened.id or 0)).status == "cancelled"


async def test_an_unreachable_stripe_is_asked_again_later(running: Billing, gateway: FakeGateway) -> None:
    company_id = await running.company()
    await running.topups.charge(company_id, 1_000, payment_method="pm_card_visa")
    gateway.after.append(unreachable())
    with pytest.raises(Exception, match="could not be asked"):
        await running.topups.charge(company_id, 5_000, payment_method="pm_card_visa")
    gateway.before.append(unreachable())
    running.clock.advance(timedelta(seconds=61))
    await running.worker.idle()
    waiting = [job for job in await jobs_of(running, "settle_topup") if job.status is JobStatus.PENDING]
    assert [(job.attempts, "could not be asked" in (job.last_error or "")) for job in waiting] == [(1, True)]
    assert await running.money(company_id) == 1_000
    running.clock.advance(timedelta(seconds=10))
    await running.worker.idle()
    assert await running.money(company_id) == 6_000
    assert len(gateway.charges) == 2


async def test_a_job_that_breaks_a_rule_is_given_up_and_stops_nobody(running: Billing) -> None:
    def ask(session: Session) -> None:
        payload = {"company_id": 77, "triggered_by": "manual", "call_id": None}
        jobs.enqueue(session, kind="auto_topup_check", key="a", payload=payload, run_at=running.clock.now())
        jobs.enqueue(session, kind="no_such_kind", key="b", payload={}, run_at=running.clock.now())

    await running.db.write(ask)
    company_id = await running.company()
    story = Story(await running.pending_topup(company_id), company_id)
    await deliver(running, event("payment_intent.succeeded", story.intent()))
    await running.worker.idle()
    (refused,) = await jobs_of(running, "auto_topup_check")
    assert (refused.status, refused.last_error) == (JobStatus.FAILED, "there is no company 77")
    (unknown,) = await jobs_of(running, "no_such_kind")
    assert (unknown.status, unknown.attempts) == (JobStatus.PENDING, 1)
    assert await running.money(company_id) == 5_000


async def test_while_test_mode_is_off_nothing_is_begun_and_then_everything_is(
    running: Billing, gateway: FakeGateway, switch: Switch
) -> None:
    company_id = await running.company(balance_cents=1_100)
    await running.auto_topups.configure(
        company_id, enabled=True, threshold_cents=1_000, amount_cents=5_000, payment_method="pm_card_visa"
    )
    await running.worker.idle()
    await running.prepaid.simulate_call(company_id, duration_s=157)
    switch.is_on = False
    story = Story(await running.pending_topup(company_id), company_id)
    await deliver(running, event("payment_intent.succeeded", story.intent()))
    await running.worker.idle()
    pending = (await running.events())[0].status
    assert (pending, gateway.charges) == (EventStatus.PENDING, [])
    switch.is_on = True
    running.worker.wake()
    await running.worker.idle()
    assert (await running.events())[0].status is EventStatus.COMPLETED
    assert await running.breaches() == []


async def test_it_can_be_stopped_at_any_time_and_twice(running: Billing) -> None:
    await running.worker.stop()
    await running.worker.stop()


@pytest.mark.parametrize("lost", ["request", "answer"])
async def test_a_refund_that_nobody_answered_is_sent_once(running: Billing, gateway: FakeGateway, lost: str) -> None:
    company_id = await running.company()
    topup = await running.topups.charge(company_id, 5_000, payment_method="pm_card_visa")
    (gateway.before if lost == "request" else gateway.after).append(unreachable())
    with pytest.raises(GatewayUnavailable):
        await running.topups.refund(topup.id or 0, amount_cents=2_000)
    running.clock.advance(timedelta(seconds=61))
    await running.worker.idle()
    assert [refund.amount_cents for refund in gateway.refunds] == [2_000]
    assert [job.status for job in await jobs_of(running, "send_refund")] == [JobStatus.DONE]
    # Asking for the rest is a refund of its own.
    await running.topups.refund(topup.id or 0)
    assert [refund.amount_cents for refund in gateway.refunds] == [2_000, 3_000]


async def test_a_refund_that_nobody_answered_for_a_day_is_not_repeated(running: Billing, gateway: FakeGateway) -> None:
    company_id = await running.company()
    topup = await running.topups.charge(company_id, 5_000, payment_method="pm_card_visa")
    gateway.after.append(unreachable())
    with pytest.raises(GatewayUnavailable):
        await running.topups.refund(topup.id or 0, amount_cents=2_000)
    running.clock.advance(timedelta(hours=24))
    await running.worker.idle()
    (job,) = await jobs_of(running, "send_refund")
    assert (job.status, "too old to be repeated" in (job.last_error or "")) == (JobStatus.FAILED, True)
    assert len(gateway.refunds) == 1
