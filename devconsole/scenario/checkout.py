"""Somebody pays on the hosted page: the sandbox's own door for it, the one that the official CLI uses too."""

from __future__ import annotations

import base64
import http.client
import json
from typing import Any, Protocol, TypeVar
from urllib.parse import urlencode, urlsplit

from devconsole.scenario.inputs import StepInvalid
from relay.api import ListCards, Operation, ShowStatus, ShowTopup

R = TypeVar("R")

SANDBOX_KEY = "sk_test_scenario_runner"
"""Any test key opens the sandbox; it is nobody's account."""


class Server(Protocol):
    def call(self, operation: Operation[R]) -> R: ...


def pay_checkout(server: Server, fields: dict[str, Any]) -> dict[str, Any]:
    """Pay the Checkout Session of `topup` with the test card `card`. The answer is `{status, code, decline_code}`."""
    if set(fields) != {"topup", "card"}:
        raise StepInvalid("checkout.pay takes topup (an id) and card (a test card's name)")
    sandbox = server.call(ShowStatus()).sandbox_url
    if sandbox is None:
        raise StepInvalid("checkout.pay needs the sandbox; on real Stripe somebody pays in a browser")
    cards = {card.name: card for card in server.call(ListCards()).rows}
    if fields["card"] not in cards:
        raise StepInvalid(f"unknown card {fields['card']!r}; known: {', '.join(cards)}")
    topup = server.call(ShowTopup(topup=int(fields["topup"])))
    answer = _post(
        sandbox,
        f"/v1/payment_pages/{topup.checkout_session_id}/confirm",
        {"payment_method": cards[fields["card"]].payment_method, "expected_amount": str(topup.amount_cents)},
    )
    error = answer.get("error", {})
    return {
        "status": "declined" if error else "paid",
        "code": error.get("code"),
        "decline_code": error.get("decline_code"),
    }


def _post(base: str, path: str, fields: dict[str, str]) -> dict[str, Any]:
    connection = http.client.HTTPConnection(urlsplit(base).netloc, timeout=30)
    key = base64.b64encode(f"{SANDBOX_KEY}:".encode()).decode()
    headers = {"Authorization": f"Basic {key}", "Content-Type": "application/x-www-form-urlencoded"}
    try:
        connection.request("POST", path, urlencode(fields), headers)
        return dict(json.loads(connection.getresponse().read()))
    finally:
        connection.close()
