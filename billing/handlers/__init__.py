"""What billing does on each type of Stripe event: one table. A type that is not in it is kept and ignored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from billing.handlers import customers, money_back, payments
from billing.handlers.objects import (
    Charge,
    CheckoutSession,
    Customer,
    Dispute,
    PaymentIntent,
    PaymentMethod,
    Refund,
)
from billing.handlers.outcome import Outcome, OutcomeKind
from billing.handlers.rule import Event, Retry, Rule

HANDLERS: Mapping[str, Rule[Any]] = {
    "checkout.session.completed": Rule(
        "checkout.session",
        CheckoutSession,
        payments.session_completed,
        "Paid: credits the top-up once. Not paid yet (bank debit): the top-up is processing.",
    ),
    "checkout.session.async_payment_succeeded": Rule(
        "checkout.session", CheckoutSession, payments.session_completed, "The bank debit was paid: credits the top-up."
    ),
    "checkout.session.async_payment_failed": Rule(
        "checkout.session", CheckoutSession, payments.session_async_failed, "The bank debit failed: the top-up failed."
    ),
    "checkout.session.expired": Rule(
        "checkout.session", CheckoutSession, payments.session_expired, "Nobody paid in time: the top-up is cancelled."
    ),
    "payment_intent.succeeded": Rule(
        "payment_intent", PaymentIntent, payments.intent_succeeded, "The money was received: credits the top-up once."
    ),
    "payment_intent.payment_failed": Rule(
        "payment_intent",
        PaymentIntent,
        payments.intent_failed,
        "The top-up failed, with code and decline code; never overwrites a success.",
    ),
    "payment_intent.canceled": Rule(
        "payment_intent",
        PaymentIntent,
        payments.intent_canceled,
        "The top-up is cancelled, unless it has ended before.",
    ),
    "payment_intent.processing": Rule(
        "payment_intent", PaymentIntent, payments.intent_processing, "The top-up is processing."
    ),
    "payment_intent.requires_action": Rule(
        "payment_intent",
        PaymentIntent,
        payments.intent_requires_action,
        "The customer must authenticate: the top-up waits for that.",
    ),
    "charge.succeeded": Rule(
        "charge", Charge, payments.charge_noted, "Notes the charge and the card on the top-up; credits nothing."
    ),
    "charge.updated": Rule("charge", Charge, payments.charge_noted, "Notes the charge, where it was not known."),
    "charge.failed": Rule("charge", Charge, payments.charge_failed, "The top-up failed, with the bank's reason."),
    "charge.refunded": Rule(
        "charge",
        Charge,
        money_back.charge_refunded,
        "Takes the difference to what was refunded before; in full, also the bonus that is left.",
    ),
    "charge.refund.updated": Rule(
        "refund", Refund, money_back.refund_told, "The older twin of refund.updated: same effect, once."
    ),
    "refund.created": Rule("refund", Refund, money_back.refund_told, "Notes the refund and takes what is not booked."),
    "refund.updated": Rule("refund", Refund, money_back.refund_told, "Notes the refund's new state."),
    "refund.failed": Rule("refund", Refund, money_back.refund_told, "The refund failed: gives the money back."),
    "charge.dispute.created": Rule(
        "dispute", Dispute, money_back.dispute_told, "Flags the top-up; takes the money if it was withdrawn."
    ),
    "charge.dispute.updated": Rule("dispute", Dispute, money_back.dispute_told, "Notes the dispute's state."),
    "charge.dispute.closed": Rule(
        "dispute", Dispute, money_back.dispute_told, "Lost: the money is gone. Won: it is given back."
    ),
    "charge.dispute.funds_withdrawn": Rule(
        "dispute", Dispute, money_back.dispute_told, "Takes the disputed money from the balance."
    ),
    "charge.dispute.funds_reinstated": Rule(
        "dispute", Dispute, money_back.dispute_told, "Gives the disputed money back to the balance."
    ),
    "payment_method.attached": Rule(
        "payment_method",
        PaymentMethod,
        customers.method_told,
        "Names the card that automatic top-ups charge, if it is this one; charges nothing by itself.",
        Retry.AFTER_A_FAILURE,
    ),
    "payment_method.updated": Rule(
        "payment_method",
        PaymentMethod,
        customers.method_told,
        "Renames the card that automatic top-ups charge: the bank may have replaced it.",
        Retry.AFTER_A_FAILURE,
    ),
    "payment_method.detached": Rule(
        "payment_method",
        PaymentMethod,
        customers.method_detached,
        "Forgets the method that automatic top-ups would charge.",
        Retry.AFTER_A_FAILURE,
    ),
    "customer.updated": Rule(
        "customer",
        Customer,
        customers.customer_updated,
        "Says what differs from the company kept here, which stays as it is: invoices go where we say.",
        Retry.AFTER_A_FAILURE,
    ),
    "customer.deleted": Rule(
        "customer",
        Customer,
        customers.customer_deleted,
        "Forgets the customer and its payment methods.",
        Retry.AFTER_A_FAILURE,
    ),
}

__all__ = ["HANDLERS", "Event", "Outcome", "OutcomeKind", "Retry", "Rule"]
