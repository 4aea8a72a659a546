"""The reports in the order in which they are offered, each with a short title and the question that it answers."""

from __future__ import annotations

from typing import NamedTuple


class ReportChoice(NamedTuple):
    """One line of the list of reports."""

    name: str
    """As the server knows it."""
    title: str
    question: str
    days: int
    """What the server takes when it is not told how far back."""


CHOICES = (
    ReportChoice("daily-revenue", "Daily revenue", "What came in, and what went back to cards?", 30),
    ReportChoice("failed-payments", "Failed payments", "Whose payment failed, and why?", 1),
    ReportChoice("failure-rate", "Failure rate", "Do more payments fail than usual?", 1),
    ReportChoice("failure-reasons", "Failure reasons", "Which reason is behind most failures?", 30),
    ReportChoice("auto-topup-success", "Auto top-ups", "Do automatic top-ups go through?", 28),
    ReportChoice("low-balance", "Low balances", "Who runs out of money?", 1),
    ReportChoice("monthly-summary", "Monthly summary", "What did each company pay and use?", 1),
    ReportChoice("refund-rate", "Refund rate", "How many calls were refunded, and why?", 30),
    ReportChoice("large-topups", "Large top-ups", "Which payments are unusually large?", 30),
    ReportChoice("rapid-topups", "Rapid top-ups", "Who tops up suspiciously often?", 30),
    ReportChoice("churn-risk", "Churn risk", "Who has gone quiet with little left?", 60),
    ReportChoice("webhook-times", "Webhook times", "Which event type is slow to process?", 1),
    ReportChoice("usage", "Usage", "What does each company use, and what should it top up?", 30),
    ReportChoice("usage-by-day", "Usage by day", "When do companies call?", 30),
    ReportChoice("top-numbers", "Top numbers", "Which numbers cost most?", 30),
)

NAMES = tuple(choice.name for choice in CHOICES)

WITHOUT_PERIOD = frozenset({"low-balance"})
"""As of now, however far one looks back."""

EMPTY = {
    "daily-revenue": "No payment came in within this time.",
    "failed-payments": "No payment failed within this time.",
    "failure-rate": "No payment ended within this time.",
    "failure-reasons": "No payment failed within this time.",
    "auto-topup-success": "No automatic top-up ended within this time.",
    "low-balance": "Every company has more than its threshold.",
    "monthly-summary": "Nothing moved within this time.",
    "refund-rate": "No call was charged within this time.",
    "large-topups": "No top-up above 1,000 EUR within this time.",
    "rapid-topups": "Nobody topped up more than five times within a day.",
    "churn-risk": "No company with little money has been silent for so long.",
    "webhook-times": "No event was processed within this time.",
    "usage": "There is no company yet.",
    "usage-by-day": "No call was charged within this time.",
    "top-numbers": "No call to a known number was charged within this time.",
}

TRY = {
    "daily-revenue": "t|top up with a test card",
    "failed-payments": "t|top up with a card that declines, such as 4000 0000 0000 9995",
    "failure-rate": "t|top up with a test card, or with one that declines",
    "failure-reasons": "t|top up with a card that declines, such as 4000 0000 0000 9995",
    "auto-topup-success": "a|set an automatic top-up, then d drain the balance",
    "low-balance": "d|drain a balance below its threshold",
    "monthly-summary": "c|simulate a call",
    "refund-rate": "c|simulate a call, then u refund it",
    "large-topups": "t|top up with more than 1,000 EUR",
    "rapid-topups": "t|top up six times",
    "webhook-times": "x|trigger an event",
    "usage": "n|create a company",
    "usage-by-day": "c|simulate a call",
    "top-numbers": "c|simulate a call",
}
"""The key that brings the first row, and what it does; some reports only time can fill."""
