"""A customer at the hosted page: pays, is declined, passes or fails 3-D Secure, walks away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from devconsole.scenario.acts.act import Act
from devconsole.scenario.inputs import StepInvalid
from relay.api import AdvanceClock, ListCards, ShowTopup

if TYPE_CHECKING:
    from devconsole.scenario.scene import Scene
    from devconsole.scenario.stripe_door import StripeDoor
    from relay.api import TopupView

OUTCOMES = {"pass": "complete", "fail": "fail", "cancel": "cancel"}


class PayCheckout(Act, frozen=True, kw_only=True):
    """Pay the Checkout page of a top-up with a test card; the answer is its status, and why it was declined."""

    name = "checkout.pay"
    topup: int
    card: str
    """The name of a test card."""
    authenticate: Literal["pass", "fail", "cancel"] | None = None
    """What the customer answers when the bank asks for 3-D Secure; left out, the question stays open."""

    def play(self, scene: Scene) -> Any:
        stripe = scene.stripe()
        cards = {card.name: card for card in scene.call(ListCards()).rows}
        if self.card not in cards:
            raise StepInvalid(f"unknown card {self.card!r}; known: {', '.join(cards)}")
        topup = scene.call(ShowTopup(topup=self.topup))
        answer = stripe.request(
            "POST",
            f"/v1/payment_pages/{topup.checkout_session_id}/confirm",
            {"payment_method": cards[self.card].payment_method, "expected_amount": topup.amount_cents},
        )
        if "error" in answer:
            return _declined(answer["error"])
        intent = self._intent(stripe, topup)
        if intent.get("status") != "requires_action":
            return {"status": "paid", "code": None, "decline_code": None}
        return self._authenticated(stripe, topup, intent)

    def _authenticated(self, stripe: StripeDoor, topup: TopupView, intent: dict[str, Any]) -> dict[str, Any]:
        if self.authenticate is None:
            return {"status": "requires_action", "code": None, "decline_code": None}
        action = intent["next_action"]
        url = (action.get("redirect_to_url") or {}).get("url") or action["use_stripe_sdk"]["stripe_js"]
        stripe.page(
            f"/c/pay/{topup.checkout_session_id}/challenge",
            {"challenge_id": url.rpartition("/")[2], "outcome": OUTCOMES[self.authenticate]},
        )
        after = self._intent(stripe, topup)
        if after["status"] == "succeeded":
            return {"status": "paid", "code": None, "decline_code": None}
        return _declined(after.get("last_payment_error") or {})

    def _intent(self, stripe: StripeDoor, topup: TopupView) -> dict[str, Any]:
        session = stripe.request("GET", f"/v1/checkout/sessions/{topup.checkout_session_id}")
        return stripe.request("GET", f"/v1/payment_intents/{session['payment_intent']}")


class AbandonCheckout(Act, frozen=True, kw_only=True):
    """Walk away from the Checkout page of a top-up: time passes until the page has expired."""

    name = "checkout.abandon"
    needs_virtual_time = True
    topup: int

    def play(self, scene: Scene) -> Any:
        topup = scene.call(ShowTopup(topup=self.topup))
        if topup.expires_at is None:
            raise StepInvalid(f"top-up {self.topup} has no page that could expire")
        scene.call(AdvanceClock(until=topup.expires_at.isoformat()))
        return {"status": scene.call(ShowTopup(topup=self.topup)).status}


def _declined(error: dict[str, Any]) -> dict[str, Any]:
    return {"status": "declined", "code": error.get("code"), "decline_code": error.get("decline_code")}
