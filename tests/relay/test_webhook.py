"""The webhook over HTTP: what is taken, what is refused and why, and that both are kept."""

from __future__ import annotations

import asyncio
import json

import pytest

from relay.api import ListDeliveries, ListEvents, ListLedger, ShowDelivery, ShowEvent, ShowStatus
from relay.receive import BODY_MAX
from tests.support.events import Story, event
from tests.support.relay import SANDBOX_SECRET, Gate, RunningRelay, until


async def test_a_signed_event_is_acknowledged_stored_and_credited_once(relay: RunningRelay) -> None:
    company_id = await relay.company()
    story = Story(await relay.open_topup(company_id), company_id)
    body = event("payment_intent.succeeded", story.intent(), event_id="evt_paid")
    first, second = await relay.deliver(body), await relay.deliver(body)
    await relay.processed()
    assert (first.status, first.json["received"], first.json["status"]) == (200, True, "accepted")
    assert first.json["event_id"] == "evt_paid"
    assert (second.status, second.json["status"]) == (200, "duplicate")
    assert second.json["delivery"] == first.json["delivery"] + 1
    detail = await relay.client.call(ShowEvent(event="evt_paid"))
    assert detail.event.status == "completed"
    assert detail.payload.encode() == body
    assert [delivery.verdict for delivery in detail.deliveries] == ["duplicate", "accepted"]
    assert [row.money_cents for row in detail.ledger] == [5_000]
    assert detail.topup is not None
    assert detail.topup.status == "succeeded"
    assert (await relay.client.call(ListLedger())).total == 1


async def test_what_a_delivery_showed_of_itself_is_kept_with_its_secrets_masked(relay: RunningRelay) -> None:
    body = event("customer.created", {"id": "cus_1", "object": "customer"}, event_id="evt_kept")
    headers = {
        **relay.signed(body),
        "Authorization": "Bearer do-not-keep",
        "Cookie": "session=do-not-keep",
        "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
    }
    answer = await relay.deliver(body, headers)
    detail = await relay.client.call(ShowDelivery(delivery=answer.json["delivery"]))
    assert detail.delivery.source == "sandbox"
    assert detail.delivery.secret_label == "sandbox"
    assert detail.delivery.latency_us > 0
    assert detail.delivery.body_bytes == len(body)
    assert detail.body.encode() == body
    assert json.loads(detail.response_body) == answer.json
    assert "do-not-keep" not in str(detail.headers)
    assert detail.headers["Stripe-Signature"] == headers["Stripe-Signature"]


@pytest.mark.parametrize(
    ("spoil", "reason_code"),
    [
        (lambda headers, body: {}, "signature_missing"),
        (lambda headers, body: {"Stripe-Signature": "hello"}, "signature_malformed"),
        (lambda headers, body: {"Stripe-Signature": "t=1,v0=ab"}, "signature_only_v0"),
        (lambda headers, body: {"Stripe-Signature": headers["Stripe-Signature"][:-4] + "0000"}, "signature_mismatch"),
    ],
)
async def test_an_unsigned_or_wrongly_signed_delivery_is_refused_and_kept(
    relay: RunningRelay, spoil: object, reason_code: str
) -> None:
    body = event("customer.created", {"id": "cus_1", "object": "customer"}, event_id="evt_spoilt")
    assert callable(spoil)
    answer = await relay.deliver(body, spoil(relay.signed(body), body))
    assert answer.status == 400
    assert answer.json["code"] == reason_code
    assert answer.json["remedy"]
    page = await relay.client.call(ListDeliveries(verdict="rejected"))
    assert [(row.reason_code, row.event_id, row.http_status) for row in page.rows] == [(reason_code, "evt_spoilt", 400)]
    assert (await relay.client.call(ShowDelivery(delivery=page.rows[0].id))).body.encode() == body
    assert (await relay.client.call(ListEvents())).total == 0


async def test_an_old_signature_is_refused(relay: RunningRelay) -> None:
    body = event("customer.created", {"id": "cus_1", "object": "customer"})
    assert (await relay.deliver(body, relay.signed(body, age_s=301))).json["code"] == "timestamp_too_old"
    assert (await relay.deliver(body, relay.signed(body, age_s=299))).status == 200


@pytest.mark.parametrize(
    ("body", "reason_code"),
    [
        (b"", "body_not_json"),
        (b"not json", "body_not_json"),
        (b"\xff\xfe", "body_not_json"),
        (b"[]", "body_not_an_event"),
        (b'{"object":"customer","id":"cus_1"}', "body_not_an_event"),
        (b'{"object":"v2.core.event","id":"evt_1","type":"x"}', "thin_event"),
    ],
)
async def test_what_is_no_event_is_refused_and_kept(relay: RunningRelay, body: bytes, reason_code: str) -> None:
    answer = await relay.deliver(body)
    assert (answer.status, answer.json["code"]) == (400, reason_code)
    page = await relay.client.call(ListDeliveries())
    assert [row.reason_code for row in page.rows] == [reason_code]


async def test_live_mode_is_taken_and_quarantined(relay: RunningRelay) -> None:
    company_id = await relay.company()
    story = Story(await relay.open_topup(company_id), company_id)
    body = event("payment_intent.succeeded", story.intent(), event_id="evt_live", livemode=True)
    assert (await relay.deliver(body)).status == 200
    await relay.processed()
    detail = await relay.client.call(ShowEvent(event="evt_live"))
    assert detail.event.status == "quarantined"
    assert "live" in (detail.event.reason or "")
    assert detail.ledger == ()


async def test_a_body_that_says_it_is_too_large_is_refused_before_it_is_sent(relay: RunningRelay) -> None:
    url = relay.url.removeprefix("http://")
    host, port = url.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"POST /api/stripe/webhook HTTP/1.1\r\nHost: {url}\r\nContent-Length: {BODY_MAX + 1}\r\n\r\n"
    writer.write(head.encode() + b"first bytes")
    async with asyncio.timeout(5):
        status = await reader.readline()
    writer.close()
    assert b"413" in status
    page = await relay.client.call(ListDeliveries())
    assert [(row.reason_code, row.http_status) for row in page.rows] == [("body_too_large", 413)]


async def test_a_stream_without_a_length_is_cut_when_it_is_too_large(relay: RunningRelay) -> None:
    async def endless():  # type: ignore[no-untyped-def]
        while True:
            yield b"x" * 65_536

    async with relay.http.post(relay.backend.webhook_url, data=endless()) as response:
        assert response.status == 413
    page = await relay.client.call(ListDeliveries())
    detail = await relay.client.call(ShowDelivery(delivery=page.rows[0].id))
    assert detail.delivery.reason_code == "body_too_large"
    assert set(detail.body) == {"x"}


async def test_a_body_of_exactly_the_limit_is_read(relay: RunningRelay) -> None:
    answer = await relay.deliver(b" " * BODY_MAX)
    assert (answer.status, answer.json["code"]) == (400, "body_not_json")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_other_methods_are_told_to_post(relay: RunningRelay, method: str) -> None:
    async with relay.http.request(method, relay.backend.webhook_url) as response:
        assert response.status == 405
        assert response.headers["Allow"] == "POST"
        assert "POST" in (await response.json())["reason"]
    assert (await relay.client.call(ListDeliveries())).total == 0


async def test_only_our_own_secret_may_say_where_a_delivery_came_from(relay: RunningRelay) -> None:
    body = event("customer.created", {"id": "cus_1", "object": "customer"}, event_id="evt_claims")
    claim = {"X-Devconsole-Source": "replay"}
    await relay.deliver(body, {**relay.signed(body), **claim})
    await relay.deliver(body, {**relay.signed(body, secret=relay.backend.secrets.local), **claim})
    page = await relay.client.call(ListDeliveries())
    assert [row.source for row in page.rows] == ["replay", "sandbox"]


async def test_secrets_may_change_while_the_server_runs(relay: RunningRelay) -> None:
    body = event("customer.created", {"id": "cus_1", "object": "customer"})
    headers = relay.signed(body, secret="whsec_of_the_cli")
    assert (await relay.deliver(body, headers)).status == 400
    relay.backend.secrets.put("stripe_cli", "whsec_of_the_cli")
    assert (await relay.deliver(body, headers)).status == 200
    relay.backend.secrets.drop("stripe_cli")
    assert (await relay.deliver(body, headers)).status == 400
    assert (await relay.deliver(body, relay.signed(body, secret=SANDBOX_SECRET))).json["status"] == "duplicate"


async def test_a_full_queue_answers_come_back_later_and_recovers(relay: RunningRelay) -> None:
    journal = relay.backend.journal
    journal.waiting_max = 2
    bodies = [event("customer.created", {"id": "cus_1", "object": "customer"}) for _ in range(3)]
    gate = Gate(relay.backend.db)
    await gate.closed()
    taken = [asyncio.ensure_future(relay.deliver(body)) for body in bodies[:2]]

    async def full() -> bool:
        return journal.depth == 2

    await until(full)
    refused = await relay.deliver(bodies[2])
    assert (refused.status, refused.headers["Retry-After"], refused.json["code"]) == (503, "1", "busy")
    await gate.open()
    assert [answer.status for answer in await asyncio.gather(*taken)] == [200, 200]
    assert (await relay.deliver(bodies[2])).json["status"] == "accepted"


async def test_a_flood_without_end_does_not_stop_the_processing(relay: RunningRelay) -> None:
    relay.backend.worker.give_way_while(flooded=lambda: True, receiving=lambda: True)
    bodies = [event("customer.created", {"id": "cus_1", "object": "customer"}) for _ in range(200)]
    answers = await asyncio.gather(*(relay.deliver(body) for body in bodies))
    assert {answer.status for answer in answers} == {200}

    async def all_done() -> bool:
        return (await relay.client.call(ShowStatus())).events_by_status == {"ignored": 200}

    await until(all_done)


async def test_a_sender_that_hangs_up_in_the_middle_is_kept_with_what_came(relay: RunningRelay) -> None:
    url = relay.url.removeprefix("http://")
    host, port = url.split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"POST /api/stripe/webhook HTTP/1.1\r\nHost: {url}\r\nContent-Length: 100\r\n\r\nhalf".encode())
    await writer.drain()
    writer.close()

    async def kept() -> bool:
        return (await relay.client.call(ListDeliveries())).total == 1

    await until(kept)
    (row,) = (await relay.client.call(ListDeliveries())).rows
    assert (row.reason_code, row.reason) == ("body_incomplete", "the sender hung up after 4 bytes of the body")


async def test_a_body_that_cannot_be_unpacked_is_refused(relay: RunningRelay) -> None:
    headers = {"Content-Encoding": "deflate"}
    async with relay.http.post(relay.backend.webhook_url, data=b"not deflate", headers=headers) as response:
        assert (response.status, (await response.json())["code"]) == (400, "body_unreadable")


async def test_there_is_one_webhook(relay: RunningRelay) -> None:
    """Events have one way in; what looks like another one is nothing."""
    body = event("customer.updated", {"id": "cus_1", "object": "customer"})
    for path in ("/webhook", "/stripe/webhook", "/api/webhook", "/api/webhooks/stripe", "/api/stripe/webhook/x"):
        async with relay.http.post(relay.url + path, data=body, headers=relay.signed(body)) as answer:
            assert answer.status == 404, path
    assert (await relay.deliver(body)).status == 200
