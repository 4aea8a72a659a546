"""The sample app tested as its authors would: through devconsole's pytest plugin."""

from __future__ import annotations

import http.client
import json
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import stripe

from devconsole.scenario.stage import webhook_secret
from tests.sample_app.app import create_app
from tests.sample_app.conftest import Serve

if TYPE_CHECKING:
    from collections.abc import Callable

    from devconsole.testing import Clock, Devconsole

STORY = Path(__file__).with_name("double-credit.yaml")


def credit_of(app: str, company: int = 1) -> int:
    connection = http.client.HTTPConnection(urlsplit(app).netloc)
    try:
        connection.request("GET", f"/credits/{company}")
        return int(json.loads(connection.getresponse().read())["cents"])
    finally:
        connection.close()


def test_a_payment_is_credited(devconsole: Devconsole, serve: Serve) -> None:
    app = serve(create_app(devconsole.webhook_secret))
    devconsole.forward_to(f"{app}/webhook")
    acme = devconsole.company("acme", balance="10.00")
    assert devconsole.pay(acme.checkout("50.00"), card="visa")["status"] == "paid"
    devconsole.wait_for_event("checkout.session.completed")
    assert (acme.balance, credit_of(app)) == ("60.00", 5_000)
    assert {each.http_status for each in devconsole.forwards()} == {200}
    devconsole.expect_ledger_adds_up()


def test_a_story_passes_with_the_app_that_remembers(devconsole_play: Callable[..., None], serve: Serve) -> None:
    devconsole_play(STORY, app=serve(create_app(webhook_secret(1))))


def test_a_story_finds_the_planted_double_credit(devconsole_play: Callable[..., None], serve: Serve) -> None:
    app = serve(create_app(webhook_secret(1), remembers=False))
    with pytest.raises(AssertionError) as caught:
        devconsole_play(STORY, app=app)
    told = str(caught.value)
    assert "result body.cents\n" in told
    assert "expected  5000" in told and "actual    10000" in told


def test_an_app_that_answers_badly_is_asked_again_on_virtual_time(
    devconsole: Devconsole, devconsole_clock: Clock, serve: Serve
) -> None:
    app = serve(create_app("whsec_not_the_right_one"))
    devconsole.forward_to(f"{app}/webhook", event_types=["payment_intent.succeeded"])
    devconsole.company("acme").top_up("50.00")
    assert [each.http_status for each in devconsole.forwards("payment_intent.succeeded")] == [400]
    before = devconsole_clock.now
    assert (devconsole_clock.advance("24h") - before).total_seconds() == 86_400


@pytest.mark.devconsole(seed=7, start="2030-01-31T22:00:00Z", settings={"auto_topup_enabled": False})
def test_a_server_starts_as_the_marker_says(devconsole: Devconsole) -> None:
    assert f"{devconsole.clock.now:%Y-%m-%d %H:%M}" == "2030-01-31 22:00"
    acme = devconsole.company("acme", balance="10.00", auto_topup={"threshold": "10", "amount": "50", "card": "visa"})
    acme.call(157)
    devconsole.expect(balances={"acme": "8.90"}, topups={"acme": []})


async def test_a_foreign_sdk_moves_money_and_its_webhooks_come(devconsole: Devconsole) -> None:
    http_client = stripe.AIOHTTPClient()
    client = stripe.StripeClient(
        devconsole.stripe_key, http_client=http_client, base_addresses={"api": devconsole.stripe_url}
    )
    card = devconsole.cards["visa"].payment_method
    params = {
        "amount": 2_000,
        "currency": "eur",
        "payment_method": card,
        "confirm": True,
        "return_url": "http://x.test",
    }
    intent = await client.v1.payment_intents.create_async(params)  # type: ignore[arg-type]
    await http_client.close_async()
    assert devconsole.wait_for_event("payment_intent.succeeded").object_id == intent.id


def test_what_is_not_so_is_told_with_the_trace(devconsole: Devconsole) -> None:
    devconsole.company("acme").top_up("50.00")
    with pytest.raises(AssertionError, match=r"balance of acme: expected 51\.00, is 50\.00") as caught:
        devconsole.expect(balances={"acme": "51.00"})
    assert "trace of evt_" in str(caught.value)
    with pytest.raises(AssertionError, match=r"no charge\.refunded came within 5min"):
        devconsole.wait_for_event("charge.refunded", within="5min")


def test_faults_last_as_long_as_their_block(devconsole: Devconsole) -> None:
    acme = devconsole.company("acme")
    with devconsole.fault("duplicate", times=9):
        acme.top_up("50.00")
    assert acme.ledger == ["topup 50.00"]
    devconsole.expect(deliveries={"rejected": 0}, never={"balances": {"acme": "100.00"}})
