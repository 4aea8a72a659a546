"""Anything that can happen to an engine, as rules that Hypothesis puts together, beside the model of its money."""

from __future__ import annotations

import json
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from tests.support.events import Story
from tests.support.gateway import unreachable
from tests.support.proof_life import Life
from tests.support.proof_telling import refund_of

PAGES = {"success_url": "http://console.example/p", "cancel_url": "http://console.example/c"}
CENTS = st.sampled_from((1_000, 2_500, 5_000))
SECONDS = st.sampled_from((0, 1, 60, 157, 900, 3_000))
WHICH = st.integers(0, 30)


def price(seconds: int) -> int:
    """0.42 a minute, rounded half up."""
    return (seconds * 42 * 2 + 60) // 120


class Engine(Life):
    """One company. After each step all work that is due is done, and the balances are compared."""

    # Payments ---------------------------------------------------------------------------------------------------

    @initialize(armed=st.booleans())
    def begin(self, armed: bool) -> None:
        self.adjust(3_000, 300)
        if armed:
            self.arm("pm_card_visa")

    @rule(card=st.sampled_from(("pm_card_visa", "pm_card_chargeCustomerFail")))
    def arm(self, card: str) -> None:
        """Automatic top-ups, with a card that pays or one that is declined later."""
        self.attempt(
            self.billing.auto_topups.configure(
                self.company, enabled=True, threshold_cents=1_000, amount_cents=5_000, payment_method=card
            )
        )

    @rule(cents=CENTS, card=st.sampled_from(("pm_card_visa", "pm_card_visa", "pm_card_chargeDeclined")))
    def charge(self, cents: int, card: str) -> None:
        self.attempt(self.billing.topups.charge(self.company, cents, payment_method=card))

    @rule(cents=CENTS)
    def open_page(self, cents: int) -> None:
        self.attempt(self.billing.topups.checkout(self.company, cents, **PAGES))

    @precondition(lambda self: self.open_pages())
    @rule(which=WHICH, pays=st.booleans())
    def at_the_page(self, which: int, pays: bool) -> None:
        """Somebody pays, or is declined and may try again."""
        pages = self.open_pages()
        session_id = pages[which % len(pages)]
        request = self.gateway.checkout_requests[list(self.gateway.checkouts).index(session_id)]
        name = session_id.removeprefix("cs_test_")
        story = Story(request.topup_id, request.company_id, request.amount_cents, name=f"page_{name}")
        self.gateway.topup_of[session_id] = self.gateway.topup_of[story.intent_id] = request.topup_id
        if not pays:
            self.gateway.owe("payment_intent.payment_failed", story.declined())
            return
        self.gateway.pay_checkout(session_id, intent_id=story.intent_id)
        self.gateway.owe("checkout.session.completed", story.checkout(id=session_id))
        self.gateway.owe("payment_intent.succeeded", story.intent())
        self.gateway.owe("charge.succeeded", story.charge())

    @precondition(lambda self: self.model.topups)
    @rule(which=WHICH)
    def cancel(self, which: int) -> None:
        topups = list(self.model.topups)
        topup_id = topups[which % len(topups)]
        if self.attempt(self.billing.topups.cancel(topup_id)) is not None:
            self.model.told(topup_id, "cancelled")

    @rule(seconds=st.sampled_from((5, 70)))
    def wait(self, seconds: int) -> None:
        self.clock.advance(timedelta(seconds=seconds))
        self.run(self.billing.worker.idle())

    @precondition(lambda self: not self.running)
    @rule(minutes=st.sampled_from((20, 65, 1_000)))
    def wait_long(self, minutes: int) -> None:
        """While nobody talks: a call that never ends would lose what it holds."""
        self.clock.advance(timedelta(minutes=minutes))
        self.run(self.billing.worker.idle())

    # Events -----------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.outbox)
    @rule(which=WHICH)
    def deliver(self, which: int) -> None:
        """Any event that was ever owed: late, early, once more."""
        body = self.outbox[which % len(self.outbox)]
        self._told(body)
        self.run(self.receive(body))

    def _told(self, body: bytes) -> None:
        told = json.loads(body)
        type_, subject = told["type"], told["data"]["object"]
        if type_ in ("checkout.session.completed", "payment_intent.succeeded"):
            self.model.told(self.gateway.topup_of[subject["id"]], "succeeded")
        elif type_ == "payment_intent.payment_failed":
            self.model.told(self.gateway.topup_of[subject["id"]], "failed")
        elif type_.startswith(("refund.", "charge.dispute.")):
            topup_id = self.gateway.topup_of[subject["payment_intent"]]
            is_back = subject["status"] in ("failed", "won")
            self.gateway.gone(topup_id, subject["id"], 0 if is_back else subject["amount"])

    @rule()
    def replay_everything(self) -> None:
        self.run(self.replay())

    # Money back to the card ---------------------------------------------------------------------------------------

    @precondition(lambda self: self.credited())
    @rule(which=WHICH, cents=st.sampled_from((None, 500)))
    def refund(self, which: int, cents: int | None) -> None:
        """Asked for here; the answer books it. Stripe gives nothing back of what is disputed."""
        topups = self.credited()
        topup_id = topups[which % len(topups)]
        if topup_id not in self.disputed:
            self.attempt(self.billing.topups.refund(topup_id, amount_cents=cents))

    @precondition(lambda self: self.gateway.refunds)
    @rule(which=WHICH)
    def refund_fails(self, which: int) -> None:
        number = which % len(self.gateway.refunds)
        request = self.gateway.refunds[number]
        subject = refund_of(
            request.topup_id, f"re_{number + 1}", request.amount_cents, request.payment_intent_id, status="failed"
        )
        self.gateway.owe("refund.failed", subject)

    @precondition(lambda self: self.credited())
    @rule(which=WHICH, closed=st.booleans())
    def dispute(self, which: int, closed: bool) -> None:
        """The bank takes all that was not refunded. Of an even top-up it is lost, of an odd one won."""
        topups = self.credited()
        topup_id = topups[which % len(topups)]
        intents = [id_ for id_, of in self.gateway.topup_of.items() if of == topup_id and id_.startswith("pi_")]
        refunded = sum(refund.amount_cents for refund in self.gateway.refunds if refund.topup_id == topup_id)
        cents = self.disputed.setdefault(topup_id, self.model.amounts[topup_id] - refunded)
        if intents and cents > 0:
            taken = Story(topup_id, self.company, cents).dispute(
                id=f"dp_{topup_id}",
                status="needs_response" if not closed else "won" if topup_id % 2 else "lost",
                payment_intent=intents[0],
                charge=None,
                balance_transactions=[{"amount": -cents}],
            )
            self.gateway.owe("charge.dispute.updated", taken)

    # Calls ------------------------------------------------------------------------------------------------------

    @rule(seconds=SECONDS)
    def call(self, seconds: int) -> None:
        async def one() -> None:
            call = await self.billing.prepaid.simulate_call(self.company, duration_s=seconds)
            self._ended(call.id or 0, seconds)
            await self.billing.worker.idle()

        self.run(one())

    @rule()
    def start_call(self) -> None:
        left = self.model.left
        call = self.attempt(self.billing.prepaid.start_call(self.company))
        assert (call is not None) == (left >= price(60)), left
        if call is not None:
            self.model.held[call.id or 0] = min(price(300), left)
            self.running.append(call.id or 0)

    @precondition(lambda self: self.running)
    @rule(which=WHICH, seconds=SECONDS)
    def end_call(self, which: int, seconds: int) -> None:
        call_id = self.running.pop(which % len(self.running))

        async def end() -> None:
            await self.billing.prepaid.end_call(call_id, duration_s=seconds)
            self._ended(call_id, seconds)
            await self.billing.worker.idle()

        self.run(end())

    def _ended(self, call_id: int, seconds: int) -> None:
        """Told before the work that follows, since that may bring in money."""
        if seconds:
            self.calls.append(call_id)
            self.model.called(call_id, price(seconds))
        elif self.model.held.pop(call_id, 0):
            self.model.given(0)

    @precondition(lambda self: self.calls)
    @rule(which=WHICH, cents=st.sampled_from((1, 50, 300)))
    def refund_call(self, which: int, cents: int) -> None:
        call_id = self.calls[which % len(self.calls)]
        can = sum(self.model.paid.get(call_id, (0, 0))) >= cents
        asked = self.call_refunds.refund(call_id, amount_cents=cents, reason="test_call", actor="ada")
        assert (self.attempt(asked) is not None) == can
        if can:
            self.model.call_refunded(call_id, cents)

    # People and accidents ---------------------------------------------------------------------------------------

    @rule(money=st.sampled_from((-700, -50, 0, 50, 2_000)), bonus=st.sampled_from((-100, 0, 400)))
    def adjust(self, money: int, bonus: int) -> None:
        asked = self.billing.prepaid.adjust(
            self.company, money_cents=money, bonus_cents=bonus, actor="ada", reason="proof"
        )
        if self.attempt(asked) is not None:
            self.model.given(money, bonus)

    @rule(cents=st.sampled_from((0, 900)))
    def drain(self, cents: int) -> None:
        surplus = max(0, self.model.left - cents)
        from_bonus = min(surplus, self.model.bonus)
        asked = self.billing.prepaid.drain(self.company, to_cents=cents, actor="ada", reason="proof")
        if self.attempt(asked) is not None:
            self.model.given(from_bonus - surplus, -from_bonus)

    @rule()
    def ask_for_an_automatic_topup(self) -> None:
        self.attempt(self.billing.auto_topups.check(self.company, triggered_by="manual", call_id=None))

    @rule(requests=st.integers(0, 2), answers=st.integers(0, 2))
    def stripe_is_out_of_reach(self, requests: int, answers: int) -> None:
        """The next requests do not arrive, or are carried out and not answered."""
        self.gateway.before[:] = [unreachable() for _ in range(requests)]
        self.gateway.after[:] = [unreachable() for _ in range(answers)]

    @rule()
    def crash(self) -> None:
        """The process ends between two steps, and starts again."""
        self.run(self.restart())
