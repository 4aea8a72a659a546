"""What is kept of a delivery: its own bytes, whatever they are, also where its event was known with others."""

from __future__ import annotations

import base64
import json

import pytest

from billing.inbox_bodies import BEGINNING, OTHERS_MAX
from relay.api import DeliveryDetail, DiffEvents, ListDeliveries, ShowDelivery, ShowEvent
from tests.support.events import event
from tests.support.relay import RunningRelay

CUSTOMER = {"id": "cus_1", "object": "customer", "name": "Anna"}


async def shown(relay: RunningRelay, delivery: int) -> DeliveryDetail:
    return await relay.client.call(ShowDelivery(delivery=delivery))


async def test_a_duplicate_with_another_body_keeps_its_own_bytes_and_can_be_compared(relay: RunningRelay) -> None:
    first = event("customer.created", CUSTOMER, event_id="evt_twice")
    second = event("customer.created", {**CUSTOMER, "name": "Bert"}, event_id="evt_twice")
    for body in (first, first, second):
        assert (await relay.deliver(body)).status == 200
    same, other = await shown(relay, 2), await shown(relay, 3)
    assert (same.delivery.reason_code, same.raw, same.first_delivery) == ("duplicate", first, 1)
    assert (other.delivery.verdict, other.delivery.reason_code) == ("duplicate", "duplicate_differs")
    assert (other.raw, other.first_delivery) == (second, 1)
    assert "same id, different body" in other.delivery.reason
    assert (await relay.client.call(ShowEvent(event="evt_twice"))).payload.encode() == first, "the event stands"
    found = await relay.client.call(DiffEvents(left="delivery_1", right="delivery_3"))
    places = {one.path: (one.left, one.right) for one in found.differences}
    assert places["body.data.object.name"] == ('"Anna"', '"Bert"')


async def test_bytes_that_differ_in_spelling_alone_are_kept_and_told_apart(relay: RunningRelay) -> None:
    body = event("customer.created", CUSTOMER, event_id="evt_spelt")
    spelt = json.dumps(json.loads(body), separators=(",", ":")).encode()
    await relay.deliver(body)
    await relay.deliver(spelt)
    assert (await shown(relay, 2)).raw == spelt
    found = await relay.client.call(DiffEvents(left="delivery_1", right="delivery_2"))
    places = {one.path for one in found.differences}
    assert "body_sha256" in places
    assert not any(path.startswith("body.") for path in places)


async def test_of_very_many_other_bodies_of_one_event_the_last_are_kept_with_their_beginning(
    relay: RunningRelay,
) -> None:
    for number in range(OTHERS_MAX + 2):
        body = event("customer.created", {**CUSTOMER, "name": f"{number:04}" * BEGINNING}, event_id="evt_many")
        await relay.deliver(body)
    whole, cut = await shown(relay, OTHERS_MAX + 1), await shown(relay, OTHERS_MAX + 2)
    assert len(whole.raw) == whole.delivery.body_bytes > BEGINNING
    assert (len(cut.raw), cut.delivery.body_bytes) == (BEGINNING, whole.delivery.body_bytes)
    assert "only the beginning of this one was kept" in cut.delivery.reason


@pytest.mark.parametrize("raw", [b"\xff\xfe\x00{}", bytes(range(256)), '{"name": "Jürgen"}'.encode("latin-1")])
async def test_bytes_that_are_no_text_are_given_back_exactly(relay: RunningRelay, raw: bytes) -> None:
    await relay.deliver(raw)
    (row,) = (await relay.client.call(ListDeliveries())).rows
    detail = await shown(relay, row.id)
    assert detail.raw == raw
    assert detail.delivery.body_bytes == len(raw)
    headers = {"Authorization": f"Bearer {relay.backend.token}"}
    async with relay.http.post(
        f"{relay.url}/api/control/deliveries.show", json={"delivery": row.id}, headers=headers
    ) as answer:
        assert base64.b64decode((await answer.json())["raw"]) == raw, "in JSON as base64"
