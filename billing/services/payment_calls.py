"""From a committed top-up to Stripe and back: the call between the two transactions, and looking it up later.

Whoever opened the top-up (a person, an automatic check, or the worker after a crash) comes through here, so a repeat
is always the same call with the same key.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from billing import topup_answers
from billing.clock import Clock
from billing.db import Database
from billing.errors import CardDeclined, Refused, UnknownAtStripe
from billing.gateway import PaymentGateway
from billing.models import Topup
from billing.policy import Policy
from billing.topup_requests import CHECKOUT_SLACK, KEY_LIFETIME, OPEN, Plan, charge_request, checkout_request, plan_of

ACTION_PATIENCE = timedelta(minutes=60)
"""So long a customer may take to authenticate; then the payment is cancelled, so that the next one can be made."""


class PaymentCalls:
    """Carries out and follows up what `topup_requests` wrote. No transaction is open while Stripe is asked."""

    def __init__(self, *, db: Database, gateway: PaymentGateway, clock: Clock, policy: Policy) -> None:
        self._db = db
        self._gateway = gateway
        self._clock = clock
        self._policy = policy

    async def carry_out(self, topup: Topup) -> Topup:
        """Ask Stripe for what the row says, and settle the answer. A decline is an outcome and raises nothing.

        Raises `GatewayUnavailable` (the top-up stays open, the worker tries again) and `Refused` (it has failed).
        """
        plan = plan_of(topup)
        assert topup.id is not None and plan is not None, "a top-up begun at Stripe is not carried out here"
        try:
            return await self._ask(topup, topup.id, plan)
        except CardDeclined as declined:
            return await self._db.write(
                topup_answers.record_decline, topup.id, declined, policy=self._policy, now=self._clock.now()
            )
        except Refused as refused:
            await self._db.write(
                topup_answers.record_refusal, topup.id, refused.message, policy=self._policy, now=self._clock.now()
            )
            raise

    async def look_up(self, topup: Topup) -> Topup:
        """Find out what became of an open top-up, and bring it there. Nothing happens to one that has ended."""
        if topup.status not in OPEN:
            return topup
        try:
            if topup.stripe_checkout_session_id is not None:
                return await self._look_at_checkout(topup, topup.stripe_checkout_session_id)
            if topup.stripe_payment_intent_id is not None:
                return await self._look_at_payment(topup, topup.stripe_payment_intent_id)
        except UnknownAtStripe:
            return await self._cancel(topup, why="Stripe does not know this payment")
        plan = plan_of(topup)
        if plan is None:
            return topup
        # A page that is asked for later would be too short-lived for Stripe, and nobody waits for it any more.
        repeatable_for = CHECKOUT_SLACK if plan.is_checkout else KEY_LIFETIME
        if self._clock.now() - topup.created_at < repeatable_for:
            return await self.carry_out(topup)
        return await self._search(topup, plan, otherwise="the request never reached Stripe")

    async def give_up(self, topup: Topup, *, why: str) -> Topup:
        """Cancel at Stripe what can be cancelled, then here. What was paid a moment earlier is credited instead."""
        plan = plan_of(topup)
        if topup.stripe_checkout_session_id is None and topup.stripe_payment_intent_id is None and plan is not None:
            # Its request may have reached Stripe and only the answer be lost: then a card has been charged.
            topup = await self._search(topup, plan, otherwise=why)
            if topup.status not in OPEN:
                return topup
        try:
            if topup.stripe_checkout_session_id is not None:
                await self._gateway.expire_checkout(topup.stripe_checkout_session_id)
            elif topup.stripe_payment_intent_id is not None:
                await self._gateway.cancel_payment(topup.stripe_payment_intent_id)
        except Refused:
            return await self.look_up(topup)
        return await self._cancel(topup, why=why)

    async def _ask(self, topup: Topup, topup_id: int, plan: Plan) -> Topup:
        if plan.is_checkout:
            checkout = await self._gateway.open_checkout(checkout_request(topup, plan))
            return await self._db.write(
                topup_answers.record_checkout, topup_id, checkout, policy=self._policy, now=self._clock.now()
            )
        payment = await self._gateway.charge(charge_request(topup, plan))
        return await self._db.write(
            topup_answers.record_payment, topup_id, payment, policy=self._policy, now=self._clock.now()
        )

    async def _look_at_checkout(self, topup: Topup, session_id: str) -> Topup:
        assert topup.id is not None
        checkout = await self._gateway.checkout(session_id)
        if checkout.status == "open" and topup.expires_at is not None and topup.expires_at < self._clock.now():
            return await self.give_up(topup, why="the Checkout page expired")
        return await self._db.write(
            topup_answers.record_checkout, topup.id, checkout, policy=self._policy, now=self._clock.now()
        )

    async def _look_at_payment(self, topup: Topup, intent_id: str) -> Topup:
        assert topup.id is not None
        payment = await self._gateway.payment(intent_id)
        if payment.status == "requires_action" and self._clock.now() - topup.created_at > ACTION_PATIENCE:
            return await self.give_up(topup, why="the customer did not authenticate in time")
        return await self._db.write(
            topup_answers.record_payment, topup.id, payment, policy=self._policy, now=self._clock.now()
        )

    async def _search(self, topup: Topup, plan: Plan, *, otherwise: str) -> Topup:
        assert topup.id is not None
        if plan.is_checkout:
            checkout = await self._gateway.find_checkout(customer_id=plan.customer_id, topup_id=topup.id)
            if checkout is not None:
                return await self._db.write(
                    topup_answers.record_checkout, topup.id, checkout, policy=self._policy, now=self._clock.now()
                )
        payment = await self._gateway.find_payment(customer_id=plan.customer_id, topup_id=topup.id)
        if payment is not None:
            return await self._db.write(
                topup_answers.record_payment, topup.id, payment, policy=self._policy, now=self._clock.now()
            )
        return await self._cancel(topup, why=otherwise)

    async def _cancel(self, topup: Topup, *, why: str) -> Topup:
        assert topup.id is not None
        return await self._db.write(
            topup_answers.record_cancellation, topup.id, why, policy=self._policy, now=self._clock.now()
        )


def next_look(topup: Topup, *, now: datetime) -> datetime | None:
    """When an open top-up is looked at again: when its page has expired, else ever more seldom. None: it has ended."""
    if topup.status not in OPEN:
        return None
    if topup.expires_at is not None and topup.expires_at > now:
        return topup.expires_at + timedelta(seconds=5)
    age = now - topup.created_at
    return now + min(max(age, timedelta(minutes=1)), timedelta(hours=6))
