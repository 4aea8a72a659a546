"""The payment stories: what is said of one payment in Stripe's usual order, and how it has to end in every order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from billing.models import TopupOrigin
from tests.support.events import Story
from tests.support.proof_steps import (
    Said,
    Step,
    charge_declined,
    charge_told,
    decline_answered,
    declined,
    dispute_told,
    intent_told,
    method_told,
    page_opened,
    payment_answered,
    refund_answered,
    refund_told,
    session_told,
)

T0 = 1_793_610_000
"""When the stories begin, by Stripe's clock."""
AMOUNT_CENTS, BONUS_CENTS = 5_000, 500


@dataclass(frozen=True)
class PaymentStory:
    """`steps` in Stripe's usual order, one second apart; `ends` is what must stand on the top-up and the balance."""

    name: str
    steps: Sequence[Step]
    ends: Mapping[str, Any]
    origin: TopupOrigin = TopupOrigin.MANUAL

    def told(self, story: Story) -> list[Said]:
        return [step(story, T0 + second) for second, step in enumerate(self.steps)]


def story_for(company_id: int, topup_id: int, *, name: str) -> Story:
    """The objects of one instance; `name` tells them apart from all others."""
    return replace(Story(topup_id, company_id, AMOUNT_CENTS), name=name)


UNTOUCHED: Mapping[str, Any] = {"money": 0, "bonus": 0, "refunded": 0, "refund_status": "none", "failures": 0}
PAID: Mapping[str, Any] = {**UNTOUCHED, "status": "succeeded", "money": AMOUNT_CENTS, "bonus": BONUS_CENTS}
SAVED: Mapping[str, Any] = {**PAID, "saved_method": "pm_*"}
DECLINED: Mapping[str, Any] = {
    **UNTOUCHED,
    "status": "failed",
    "failure_code": "card_declined",
    "decline_code": "insufficient_funds",
}
NOT_PAID_YET = {"payment_status": "unpaid"}
PENDING = {"status": "processing", "amount_received": 0, "latest_charge": None}
TAKEN = {"balance_transactions": [{"amount": -AMOUNT_CENTS}]}
GIVEN_BACK = {"balance_transactions": [{"amount": -AMOUNT_CENTS}, {"amount": AMOUNT_CENTS}]}

_created = intent_told("created", status="requires_payment_method", amount_received=0, latest_charge=None)
_succeeded = intent_told("succeeded")
_completed = session_told("completed")
_charged = charge_told("succeeded")
_updated = charge_told("updated")

_processing = intent_told("processing", **PENDING)
_charge_pending = charge_told("pending", status="pending")
_bank_page = session_told("completed", **NOT_PAID_YET)
_bank_failed = intent_told(
    "payment_failed",
    status="requires_payment_method",
    amount_received=0,
    last_payment_error={"code": "payment_intent_payment_attempt_failed", "message": "The bank did not pay."},
)
_bank_charge_failed = charge_told("failed", status="failed", failure_code="debit_not_authorized")
_bank_ends = session_told("async_payment_failed", **NOT_PAID_YET)


def _in_full(what: str, **changes: Any) -> Step:
    return refund_told(what, 1, AMOUNT_CENTS, **changes)


SHORT: tuple[PaymentStory, ...] = (
    PaymentStory(
        "manual Checkout", (page_opened, _created, _charged, _succeeded, _completed, _updated), SAVED
    ),
    PaymentStory(
        "declined, then paid on the same page",
        (page_opened, charge_declined, declined, _charged, _succeeded, _completed),
        SAVED,
    ),
    PaymentStory(
        "expired Checkout",
        (page_opened, session_told("expired", payment_status="unpaid", status="expired"),
         intent_told("canceled", status="canceled", amount_received=0, latest_charge=None)),
        {**UNTOUCHED, "status": "cancelled"},
    ),
    PaymentStory(
        "automatic",
        (_created, _charged, _succeeded, payment_answered, _updated),
        {**PAID, "automatic_today": 1},
        TopupOrigin.AUTO,
    ),
    PaymentStory(
        "automatic, declined",
        (_created, charge_declined, declined, decline_answered),
        {**DECLINED, "failures": 1},
        TopupOrigin.AUTO,
    ),
    PaymentStory(
        "authenticated at the bank",
        (_created, intent_told("requires_action", status="requires_action", amount_received=0, latest_charge=None),
         _charged, _succeeded, payment_answered),
        PAID,
    ),
    PaymentStory(
        "SEPA success",
        (_bank_page, _processing, _charge_pending, _charged, _succeeded,
         session_told("async_payment_succeeded")),
        SAVED,
    ),
    PaymentStory(
        "SEPA failure",
        (_bank_page, _processing, _charge_pending, _bank_charge_failed,
         _bank_failed, _bank_ends),
        {**UNTOUCHED, "status": "failed", "failure_code": "payment_failed"},
    ),
    PaymentStory(
        "partial refund",
        (_succeeded, refund_told("refund.created", 1, 2_000), charge_told("refunded", amount_refunded=2_000),
         refund_told("refund.updated", 1, 2_000), refund_told("charge.refund.updated", 1, 2_000), _completed),
        {**SAVED, "money": 3_000, "refunded": 2_000, "refund_status": "partial"},
    ),
    PaymentStory(
        "full refund",
        (_succeeded, _in_full("refund.created"), charge_told("refunded", amount_refunded=AMOUNT_CENTS, refunded=True),
         _in_full("refund.updated"), _in_full("charge.refund.updated"), _completed),
        {**SAVED, "money": 0, "bonus": 0, "refunded": AMOUNT_CENTS, "refund_status": "full"},
    ),
    PaymentStory(
        "refund failure",
        (_succeeded, _in_full("refund.created"), charge_told("refunded", amount_refunded=AMOUNT_CENTS, refunded=True),
         _in_full("refund.failed", status="failed"), _in_full("refund.updated", status="failed"),
         _in_full("charge.refund.updated", status="failed")),
        PAID,
    ),
    PaymentStory(
        "refund answered to ourselves",
        (_succeeded, refund_answered(1, 2_000), refund_told("refund.created", 1, 2_000, status="pending"),
         charge_told("refunded", amount_refunded=2_000), refund_told("refund.updated", 1, 2_000)),
        {**PAID, "money": 3_000, "refunded": 2_000, "refund_status": "partial"},
    ),
    PaymentStory(
        "refund answered to ourselves that fails",
        (_succeeded, refund_answered(1, AMOUNT_CENTS), _in_full("refund.created", status="pending"),
         charge_told("refunded", amount_refunded=AMOUNT_CENTS, refunded=True),
         _in_full("refund.failed", status="failed")),
        PAID,
    ),
    PaymentStory(
        "refund pending, then paid out",
        (_succeeded, _in_full("refund.created", status="pending"),
         charge_told("refunded", amount_refunded=AMOUNT_CENTS, refunded=True), _in_full("refund.updated"),
         _in_full("charge.refund.updated")),
        {**PAID, "money": 0, "bonus": 0, "refunded": AMOUNT_CENTS, "refund_status": "full"},
    ),
    PaymentStory(
        "dispute opened and answered",
        (_succeeded, dispute_told("created", "needs_response", **TAKEN),
         dispute_told("funds_withdrawn", "needs_response", **TAKEN), dispute_told("updated", "under_review", **TAKEN)),
        {**PAID, "money": 0, "dispute_status": "under_review"},
    ),
    PaymentStory(
        "dispute won",
        (_succeeded, dispute_told("created", "needs_response"),
         dispute_told("funds_withdrawn", "needs_response", **TAKEN), dispute_told("updated", "under_review", **TAKEN),
         dispute_told("closed", "won", **GIVEN_BACK),
         dispute_told("funds_reinstated", "won", **GIVEN_BACK)),
        {**PAID, "dispute_status": "won"},
    ),
    PaymentStory(
        "dispute lost",
        (_succeeded, _charged, dispute_told("created", "needs_response"),
         dispute_told("funds_withdrawn", "needs_response", **TAKEN), dispute_told("updated", "under_review", **TAKEN),
         dispute_told("closed", "lost", **TAKEN)),
        {**PAID, "money": 0, "dispute_status": "lost"},
    ),
    PaymentStory(
        "inquiry",
        (_succeeded, dispute_told("created", "warning_needs_response"), dispute_told("updated", "warning_under_review"),
         dispute_told("closed", "warning_closed")),
        {**PAID, "dispute_status": "warning_closed"},
    ),
    PaymentStory(
        "detached card",
        (page_opened, _charged, _succeeded, _completed, method_told("attached"), method_told("detached")),
        {**PAID, "saved_method": None},
    ),
)  # fmt: skip
"""Six things said at most: each has at most 720 orders."""

LONG: tuple[PaymentStory, ...] = (
    PaymentStory(
        "Checkout, declined twice, paid, refunded in two steps of which one fails",
        (page_opened, _created, charge_declined, declined, _charged, _succeeded, _completed, _updated,
         refund_told("refund.created", 1, 2_000), charge_told("refunded", amount_refunded=2_000),
         refund_told("refund.failed", 1, 2_000, status="failed"), refund_told("refund.created", 2, 1_000),
         charge_told("refunded", amount_refunded=1_000), refund_told("refund.updated", 2, 1_000)),
        {**SAVED, "money": 4_000, "refunded": 1_000, "refund_status": "partial"},
    ),
    PaymentStory(
        "SEPA success with everything that is said",
        (page_opened, _created, _processing, _charge_pending, _bank_page,
         _charged, _succeeded, session_told("async_payment_succeeded"), _updated),
        SAVED,
    ),
    PaymentStory(
        "SEPA failure with everything that is said",
        (page_opened, _created, _processing, _charge_pending, _bank_page,
         _bank_charge_failed, _bank_failed, _bank_ends),
        {**UNTOUCHED, "status": "failed", "failure_code": "payment_failed"},
    ),
    PaymentStory(
        "automatic, refunded in full",
        (_created, _charged, _succeeded, payment_answered, _updated, _in_full("refund.created", status="pending"),
         charge_told("refunded", amount_refunded=AMOUNT_CENTS, refunded=True), _in_full("refund.updated"),
         _in_full("charge.refund.updated")),
        {**PAID, "money": 0, "bonus": 0, "refunded": AMOUNT_CENTS, "refund_status": "full", "automatic_today": 1},
        TopupOrigin.AUTO,
    ),
    PaymentStory(
        "full refund that fails in the end",
        (page_opened, _charged, _succeeded, _completed, _in_full("refund.created", status="pending"),
         charge_told("refunded", amount_refunded=AMOUNT_CENTS, refunded=True), _in_full("refund.updated"),
         _in_full("refund.failed", status="failed"), _in_full("charge.refund.updated", status="failed")),
        SAVED,
    ),
    PaymentStory(
        "partial refund, then a dispute that is lost for the rest",
        (page_opened, _charged, _succeeded, _completed, refund_told("refund.created", 1, 2_000),
         charge_told("refunded", amount_refunded=2_000), dispute_told("created", "needs_response", amount=3_000),
         dispute_told("funds_withdrawn", "needs_response", amount=3_000),
         dispute_told("updated", "under_review", amount=3_000), dispute_told("closed", "lost", amount=3_000)),
        {**SAVED, "money": 0, "refunded": 2_000, "refund_status": "partial", "dispute_status": "lost"},
    ),
    PaymentStory(
        "dispute won on a card that was taken off",
        (page_opened, _created, _charged, _succeeded, _completed, method_told("detached"),
         dispute_told("created", "needs_response"), dispute_told("funds_withdrawn", "needs_response", **TAKEN),
         dispute_told("updated", "under_review", **TAKEN), dispute_told("closed", "won", **TAKEN),
         dispute_told("funds_reinstated", "won", **GIVEN_BACK)),
        {**PAID, "saved_method": None, "dispute_status": "won"},
    ),
)  # fmt: skip
"""More than six: random orders of them."""
