"""The inbox: what is kept of a delivery, which events are processed, and how often."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, select

from billing import inbox
from billing.inbox import Arrival, EventHead, NotAnEvent, Processed, read_head
from billing.models import EventStatus, Verdict, WebhookDelivery
from tests.support.events import Story, arrival, event, receive
from tests.support.services import Billing


async def deliveries(billing: Billing) -> list[WebhookDelivery]:
    async with billing.db.read() as session:
        return list((await session.exec(select(WebhookDelivery).order_by(WebhookDelivery.id))).all())  # type: ignore[arg-type]


def fail_ledger(session: Session, *, fails: bool) -> None:
    """Make every booking fail, as a broken disk would, or mend it."""
    session.connection().exec_driver_sql("DROP TRIGGER IF EXISTS broken")
    if fails:
        session.connection().exec_driver_sql(
            "CREATE TRIGGER broken BEFORE INSERT ON balance_transactions "
            "BEGIN SELECT RAISE(ABORT, 'disk I/O error'); END"
        )


def process(session: Session, billing: Billing, limit: int = 100) -> Processed:
    return inbox.process(session, now=billing.clock.now(), limit=limit)


# Reading the head ---------------------------------------------------------------------------------------------------


def test_the_head_is_what_the_list_shows() -> None:
    body = event("checkout.session.completed", Story(1, 1, amount_cents=4_200).checkout(), event_id="evt_1")
    head = read_head(body)
    assert isinstance(head, EventHead)
    assert (head.event_id, head.type, head.livemode, head.api_version) == (
        "evt_1",
        "checkout.session.completed",
        False,
        "2026-10-28.endive",
    )
    assert (head.object_type, head.amount_cents, head.currency) == ("checkout.session", 4_200, "eur")


@pytest.mark.parametrize(
    ("body", "reason_code"),
    [
        (b"", "body_not_json"),
        (b"hello", "body_not_json"),
        (b'{"id": "evt_1"', "body_not_json"),
        (b"\xff\xfe", "body_not_json"),
        pytest.param(b'{"id": "evt_1", "deep": ' + b"[" * 100_000, "body_not_json", id="nested too deeply"),
        (b"[]", "body_not_an_event"),
        (b'"evt_1"', "body_not_an_event"),
        (b"{}", "body_not_an_event"),
        (b'{"id": 7, "type": "x", "object": "event", "data": {"object": {}}}', "body_not_an_event"),
        (b'{"id": "pi_1", "type": "x", "object": "event", "data": {"object": {}}}', "body_not_an_event"),
        (b'{"id": "evt_1", "type": "", "object": "event", "data": {"object": {}}}', "body_not_an_event"),
        (b'{"id": "evt_1", "type": "x", "object": "charge", "data": {"object": {}}}', "body_not_an_event"),
        (b'{"id": "evt_1", "type": "x", "object": "event", "data": {}}', "body_not_an_event"),
        (b'{"id": "evt_1", "type": "x", "livemode": "no", "data": {"object": {}}}', "body_not_an_event"),
        (b'{"id": "evt_1", "object": "v2.core.event", "type": "v1.charge.succeeded"}', "thin_event"),
    ],
)
def test_what_is_no_event_says_why(body: bytes, reason_code: str) -> None:
    found = read_head(body)
    assert isinstance(found, NotAnEvent)
    assert found.reason_code == reason_code
    assert found.reason
    assert found.remedy


@pytest.mark.parametrize(
    "subject", [{"amount": "12"}, {"amount": 1.5}, {"amount": True}, {"amount": 10**30}, {"currency": 5}, {"id": {}}]
)
def test_odd_values_in_the_object_do_not_stop_an_event(subject: dict[str, object]) -> None:
    head = read_head(event("charge.succeeded", {"object": "charge", **subject}))
    assert isinstance(head, EventHead)
    assert (head.amount_cents, head.currency, head.object_id) == (None, None, None)


@given(body=st.one_of(st.binary(max_size=80), st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["id", "type", "data", "object"]), inner),
).map(lambda value: json.dumps(value).encode())))  # fmt: skip
def test_reading_a_head_never_raises(body: bytes) -> None:
    assert isinstance(read_head(body), EventHead | NotAnEvent)


# Storing ------------------------------------------------------------------------------------------------------------


async def test_an_event_is_kept_once_and_every_delivery_is(billing: Billing) -> None:
    body = event("charge.succeeded", Story(1, 1).charge(), event_id="evt_1")
    other = event("charge.succeeded", Story(1, 1).charge(), event_id="evt_2")
    now = billing.clock.now()
    batch = [arrival(body, now=now), arrival(other, now=now), arrival(body, now=now)]
    first, second, third = await billing.db.write(inbox.store, batch)
    (fourth,) = await billing.db.write(inbox.store, [arrival(body, now=now)])
    assert [stored.status for stored in (first, second, third, fourth)] == [
        "accepted",
        "accepted",
        "duplicate",
        "duplicate",
    ]
    assert first.event_row_id == third.event_row_id == fourth.event_row_id
    assert json.loads(fourth.response_body) == {
        "received": True,
        "status": "duplicate",
        "event_id": "evt_1",
        "delivery": fourth.delivery_id,
    }
    kept = await deliveries(billing)
    assert [(row.id, row.verdict, row.reason_code, row.body) for row in kept] == [
        (first.delivery_id, Verdict.ACCEPTED, "ok", None),
        (second.delivery_id, Verdict.ACCEPTED, "ok", None),
        (third.delivery_id, Verdict.DUPLICATE, "duplicate", None),
        (fourth.delivery_id, Verdict.DUPLICATE, "duplicate", None),
    ]
    events = await billing.events()
    assert [(row.id, row.event_id, row.payload) for row in events] == [(1, "evt_1", body), (2, "evt_2", other)]


async def test_a_rejected_delivery_is_kept_with_its_body_and_makes_no_event(billing: Billing) -> None:
    rejected = Arrival(
        body=b"not json",
        headers={"Host": "127.0.0.1"},
        source="endpoint",
        received_at=billing.clock.now(),
        head=None,
        reason_code="body_not_json",
        reason="the body is not JSON",
        remedy="Send the raw body.",
        http_status=400,
        response_body='{"received":false}',
    )
    (stored,) = await billing.db.write(inbox.store, [rejected])
    assert (stored.status, stored.http_status, stored.event_row_id) == ("rejected", 400, None)
    (kept,) = await deliveries(billing)
    assert (kept.verdict, kept.body, kept.reason_code, kept.remedy) == (
        Verdict.REJECTED,
        b"not json",
        "body_not_json",
        "Send the raw body.",
    )
    assert await billing.events() == []


async def test_a_live_event_is_quarantined_and_stays_so_when_replayed(billing: Billing) -> None:
    company_id = await billing.company()
    topup_id = await billing.pending_topup(company_id)
    body = event("payment_intent.succeeded", Story(topup_id, company_id).intent(), livemode=True)
    await billing.db.write(receive, [body], now=billing.clock.now())
    (kept,) = await billing.events()
    assert (kept.status, kept.livemode) == (EventStatus.QUARANTINED, True)
    assert kept.reason is not None and "live mode" in kept.reason
    assert await billing.db.write(inbox.requeue, [1], now=billing.clock.now()) == []
    assert await billing.money(company_id) == 0


async def test_held_events_wait_until_they_are_released(billing: Billing) -> None:
    company_id = await billing.company()
    topup_id = await billing.pending_topup(company_id)
    body = event("payment_intent.succeeded", Story(topup_id, company_id).intent())
    (stored,) = await billing.db.write(inbox.store, [arrival(body, now=billing.clock.now(), held=True)])
    assert stored.status == "held"
    assert (await billing.db.write(process, billing)).count == 0
    assert (await billing.events())[0].status is EventStatus.HELD
    assert await billing.db.write(inbox.release_held, now=billing.clock.now()) == 1
    assert (await billing.db.write(process, billing)).count == 1
    assert await billing.money(company_id) == 5_000


# Processing ---------------------------------------------------------------------------------------------------------


async def test_a_failing_handler_leaves_nothing_and_is_tried_after_1_5_and_15_minutes(billing: Billing) -> None:
    company_id = await billing.company()
    topup_id = await billing.pending_topup(company_id)
    good = event("charge.succeeded", Story(topup_id, company_id, name="x").charge())
    bad = event("payment_intent.succeeded", Story(topup_id, company_id, name="x").intent())
    await billing.db.write(fail_ledger, fails=True)
    await billing.db.write(receive, [bad, good], now=billing.clock.now())
    for wait_s in (60, 300, 900):
        failing, noted = await billing.events()
        assert (failing.status, noted.status) == (EventStatus.PENDING, EventStatus.COMPLETED)
        assert failing.next_attempt_at == billing.clock.now() + timedelta(seconds=wait_s)
        assert "disk I/O error" in (failing.error_message or "")
        billing.clock.advance(timedelta(seconds=wait_s - 1))
        assert (await billing.db.write(process, billing)).count == 0
        billing.clock.advance(timedelta(seconds=1))
        assert (await billing.db.write(process, billing)).count == 1
    failed = (await billing.events())[0]
    assert (failed.status, failed.next_attempt_at) == (EventStatus.FAILED, None)
    assert (await billing.topup(topup_id)).status == "processing"
    mine = [attempt for attempt in await billing.attempts() if attempt.webhook_event_id == failed.id]
    assert [(row.number, row.outcome) for row in mine] == [(1, "retry"), (2, "retry"), (3, "retry"), (4, "failed")]
    assert await billing.booked(company_id) == []


async def test_a_failed_event_is_booked_when_it_is_replayed_or_sent_again(billing: Billing) -> None:
    company_id = await billing.company()
    story = Story(await billing.pending_topup(company_id), company_id)
    body = event("payment_intent.succeeded", story.intent())
    await billing.db.write(fail_ledger, fails=True)
    await billing.db.write(receive, [body], now=billing.clock.now())
    for _ in range(3):
        billing.clock.advance(timedelta(minutes=15))
        await billing.db.write(process, billing)
    assert (await billing.events())[0].status is EventStatus.FAILED
    await billing.db.write(fail_ledger, fails=False)
    (stored,) = await billing.db.write(receive, [body], now=billing.clock.now())
    assert stored.status == "duplicate"
    (done,) = await billing.events()
    assert (done.status, done.error_message) == (EventStatus.COMPLETED, None)
    assert await billing.booked(company_id) == [("topup", 5_000, 0)]
    assert await billing.breaches() == []


async def test_replaying_a_completed_event_books_nothing_and_says_so(billing: Billing) -> None:
    company_id = await billing.company()
    story = Story(await billing.pending_topup(company_id), company_id)
    await billing.db.write(receive, [event("payment_intent.succeeded", story.intent())], now=billing.clock.now())
    assert await billing.db.write(inbox.requeue, [1], now=billing.clock.now()) == [1]
    await billing.db.write(process, billing)
    (replayed,) = await billing.events()
    assert replayed.status is EventStatus.COMPLETED
    assert "had been credited before" in (replayed.reason or "")
    assert await billing.booked(company_id) == [("topup", 5_000, 0)]
    assert [attempt.outcome for attempt in await billing.attempts()] == ["applied", "duplicate"]


async def test_an_unknown_payment_waits_for_its_topup(billing: Billing) -> None:
    company_id = await billing.company()
    story = Story(None, company_id, metadata={})
    told = [
        event("charge.succeeded", story.charge()),
        event("payment_intent.succeeded", story.intent()),
        event("charge.refunded", story.charge(amount_refunded=1_000)),
    ]
    await billing.db.write(receive, told, now=billing.clock.now())
    assert {row.status for row in await billing.events()} == {EventStatus.UNMATCHED}
    assert {row.correlation_id for row in await billing.events()} == {story.intent_id}
    topup_id = await billing.pending_topup(company_id, session_id=story.session_id)
    named = event("checkout.session.completed", story.checkout(payment_status="unpaid"))
    await billing.db.write(receive, [named], now=billing.clock.now())
    assert {row.status for row in await billing.events()} == {EventStatus.COMPLETED}
    assert await billing.money(company_id) == 4_000
    assert (await billing.topup(topup_id)).status == "succeeded"
    assert await billing.breaches() == []


async def test_an_unknown_type_is_kept_and_explained(billing: Billing) -> None:
    await billing.db.write(
        receive, [event("invoice.paid", {"id": "in_1", "object": "invoice"})], now=billing.clock.now()
    )
    (kept,) = await billing.events()
    assert (kept.status, kept.reason) == (EventStatus.IGNORED, "billing does nothing on invoice.paid")


async def test_at_most_the_limit_is_processed_oldest_first(billing: Billing) -> None:
    now = billing.clock.now()
    bodies = [event("invoice.paid", {"id": "in_1", "object": "invoice"}) for _ in range(5)]
    late = arrival(bodies[0], now=now)
    await billing.db.write(inbox.store, [late, *(arrival(body, now=now) for body in bodies[1:])])
    first = await billing.db.write(process, billing, 2)
    assert (first.count, first.may_be_more) == (2, True)
    assert [row.status for row in await billing.events()] == ["ignored", "ignored", "pending", "pending", "pending"]
    rest = await billing.db.write(process, billing, 10)
    assert (rest.count, rest.may_be_more) == (3, False)


async def test_a_batch_that_has_had_enough_leaves_the_rest_for_the_next(billing: Billing) -> None:
    now = billing.clock.now()
    bodies = [event("invoice.paid", {"id": "in_1", "object": "invoice"}) for _ in range(4)]
    await billing.db.write(inbox.store, [arrival(body, now=now) for body in bodies])
    asked = iter([False, True])

    def process_some(session: Session) -> Processed:
        return inbox.process(session, now=now, limit=4, is_enough=lambda: next(asked))

    first = await billing.db.write(process_some)
    assert (first.count, first.may_be_more) == (2, True)
    assert [row.status for row in await billing.events()] == ["ignored", "ignored", "pending", "pending"]
