"""What is told, kept and done about deliveries that are refused."""

from __future__ import annotations

import json

import pytest

from relay.api import (
    ExplainSignature,
    ListDeliveries,
    ListEvents,
    ListFailures,
    ResendDelivery,
    ShowDelivery,
)
from relay.errors import OperationRefused
from relay.pruning import Bounds, Pruner
from relay.rejections import EXCERPT_MAX, EXPLAINED_AT_ONCE, MANY
from tests.support.events import event
from tests.support.relay import SANDBOX_SECRET, RunningRelay, until

CUSTOMER = {"id": "cus_1", "object": "customer"}


async def rejected(relay: RunningRelay, body: bytes, headers: dict[str, str]) -> int:
    """The number of the delivery, which is refused."""
    assert (await relay.deliver(body, headers)).status == 400
    return (await relay.client.call(ListDeliveries(verdict="rejected", limit=1))).rows[0].id


async def test_the_explanation_is_kept_and_the_sender_is_told_only_the_cause(relay: RunningRelay) -> None:
    relay.backend.secrets.put("endpoint", "whsec_of_before_0123456789")
    relay.backend.secrets.put("endpoint", "whsec_of_now_0123456789")
    body = event("customer.created", CUSTOMER, event_id="evt_old")
    answer = await relay.deliver(body, relay.signed(body, secret="whsec_of_before_0123456789"))
    assert (answer.status, answer.json["code"], answer.json["cause"]) == (400, "signature_mismatch", "secret_retired")
    assert "endpoint" not in answer.json["reason"]
    (row,) = (await relay.client.call(ListDeliveries(verdict="rejected"))).rows
    assert "earlier secret of endpoint" in row.reason
    detail = await relay.client.call(ShowDelivery(delivery=row.id))
    assert detail.explanation is not None
    assert (detail.explanation.cause, detail.explanation.certain) == ("secret_retired", True)
    assert detail.explanation.evidence
    assert (await relay.client.call(ListFailures())).rows[0].remedy == detail.explanation.remedy


async def test_a_changed_body_is_told_by_the_event_that_came_before(relay: RunningRelay) -> None:
    body = event("customer.created", CUSTOMER, event_id="evt_known")
    assert (await relay.deliver(body)).status == 200
    changed = await rejected(relay, body.replace(b"cus_1", b"cus_2"), relay.signed(body))
    detail = await relay.client.call(ShowDelivery(delivery=changed))
    assert detail.explanation is not None
    assert (detail.explanation.cause, detail.explanation.certain) == ("body_tampered", True)
    assert "data.object.id" in detail.explanation.sentence
    assert not detail.resendable


async def test_what_was_not_known_when_it_arrived_is_told_later(relay: RunningRelay) -> None:
    body = event("customer.created", CUSTOMER, event_id="evt_later")
    changed = await rejected(relay, body.replace(b"cus_1", b"cus_2"), relay.signed(body))
    before = (await relay.client.call(ShowDelivery(delivery=changed))).explanation
    assert before is not None
    assert not before.certain
    assert (await relay.deliver(body)).status == 200
    after = (await relay.client.call(ShowDelivery(delivery=changed))).explanation
    assert after is not None
    assert (after.cause, after.certain) == ("body_tampered", True)


async def test_what_came_too_late_is_sent_again_under_a_fresh_signature(relay: RunningRelay) -> None:
    body = event("customer.created", CUSTOMER, event_id="evt_late")
    late = await rejected(relay, body, relay.signed(body, age_s=900))
    assert (await relay.client.call(ShowDelivery(delivery=late))).resendable
    sent = await relay.client.call(ResendDelivery(delivery=late))
    assert (sent.verdict, sent.event_id, sent.source) == ("accepted", "evt_late", "replay")
    assert (await relay.client.call(ListEvents())).rows[0].event_id == "evt_late"
    with pytest.raises(OperationRefused) as refused:
        await relay.client.call(ResendDelivery(delivery=sent.id))
    assert refused.value.problem.code == "not_resendable"


@pytest.mark.parametrize("forgery", ["wrong secret", "other body", "no signature", "API key"])
async def test_nothing_is_signed_anew_that_no_known_secret_vouches_for(relay: RunningRelay, forgery: str) -> None:
    relay.backend.secrets.put_key("STRIPE_SECRET", "sk_test_0123456789")
    body = event("customer.created", CUSTOMER, event_id="evt_forged")
    headers = {
        "wrong secret": relay.signed(body, secret="whsec_of_somebody"),
        "other body": relay.signed(body + b"x"),
        "no signature": {},
        "API key": relay.signed(body, secret="sk_test_0123456789"),
    }[forgery]
    number = await rejected(relay, body, headers)
    with pytest.raises(OperationRefused) as refused:
        await relay.client.call(ResendDelivery(delivery=number))
    assert refused.value.problem.code == "not_resendable"
    assert (await relay.client.call(ListEvents())).total == 0


async def test_a_duplicate_names_the_first(relay: RunningRelay) -> None:
    body = event("customer.created", CUSTOMER)
    first, second = await relay.deliver(body), await relay.deliver(body)
    detail = await relay.client.call(ShowDelivery(delivery=second.json["delivery"]))
    assert (detail.delivery.verdict, detail.first_delivery) == ("duplicate", first.json["delivery"])
    assert (await relay.client.call(ShowDelivery(delivery=first.json["delivery"]))).first_delivery is None


async def test_a_pasted_delivery_is_explained_with_the_secret_given(relay: RunningRelay) -> None:
    body = event("customer.created", CUSTOMER)
    header = relay.signed(body)["Stripe-Signature"]
    ok = await relay.client.call(ExplainSignature(header=header, body=body))
    assert (ok.cause, ok.secret_label) == ("ok", "sandbox")
    other = await relay.client.call(ExplainSignature(header=header, body=body, secret="whsec_mine_0123456789"))
    assert (other.cause, other.secret_label) == ("other_secret", "sandbox")
    spoilt = await relay.client.call(ExplainSignature(header=header, body=body, secret=SANDBOX_SECRET + "\n"))
    assert spoilt.cause == "secret_whitespace"
    kept = await rejected(relay, body, relay.signed(body, age_s=400))
    assert (await relay.client.call(ExplainSignature(delivery=kept))).cause == "timestamp_too_old"
    with pytest.raises(OperationRefused) as refused:
        await relay.client.call(ExplainSignature())
    assert refused.value.problem.code == "nothing_to_explain"


async def test_a_flood_of_rubbish_is_answered_without_explaining_all_of_it(relay: RunningRelay) -> None:
    body = event("customer.created", CUSTOMER)
    number = EXPLAINED_AT_ONCE + 60
    answers = [await relay.deliver(body, {"Stripe-Signature": "t=1,v1=" + "0" * 64}) for _ in range(number)]
    assert {answer.status for answer in answers} == {400}
    causes = [answer.json["cause"] for answer in answers]
    assert causes[0] is not None
    assert None in causes
    unexplained = await relay.client.call(ListDeliveries(verdict="rejected", limit=1))
    later = await relay.client.call(ExplainSignature(delivery=unexplained.rows[0].id))
    assert later.cause != "ok"


async def test_rejected_bodies_are_bounded_by_their_bytes(relay: RunningRelay) -> None:
    large = json.dumps({"id": "evt_large", "filler": "x" * (1 << 20)}).encode()[: 1 << 20]
    for _ in range(20):
        assert (await relay.deliver(large, {})).status == 400
    rows = (await relay.client.call(ListDeliveries(verdict="rejected"))).rows
    sizes = [row.body_bytes for row in rows]
    assert sizes.count(1 << 20) == 16
    assert sizes.count(EXCERPT_MAX) == 4
    pruner = Pruner(relay.backend.db, clock=relay.clock, bounds=Bounds(rejected_bytes_max=3 << 20))
    assert await pruner.prune() > 0
    left = (await relay.client.call(ListDeliveries(verdict="rejected"))).rows
    assert sum(row.body_bytes for row in left) <= 3 << 20
    assert [row.id for row in left] == [row.id for row in rows[: len(left)]], "the newest stay"


async def test_after_many_rejected_deliveries_it_is_pruned_at_once(relay: RunningRelay) -> None:
    woken = 0

    def many() -> None:
        nonlocal woken
        woken += 1

    relay.backend.rejections.on_many(many)
    for _ in range(MANY):
        relay.backend.rejections.kept(b"x")

    async def pruned() -> bool:
        return woken == 1

    await until(pruned)
