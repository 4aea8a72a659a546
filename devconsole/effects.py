"""What an event brought about, as sentences: from the detail that the server gives to what a person reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from devconsole import looks
from devconsole.format import amount, clock, euros, latency, signed_euros, words
from devconsole.looks import Look, Tone
from relay.api import AttemptView, DecisionView, DeliveryView, EventDetail, ForwardView, LedgerView, TopupView

BOOKED = Look("+", "booked", Tone.GOOD)
TAKEN = Look("-", "booked", Tone.WARN)


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing that an event did. `company_slug` is where more of it can be seen."""

    id: str
    look: Look
    what: str
    detail: str
    company_slug: str


def effects(detail: EventDetail) -> tuple[Effect, ...]:
    """In the order of cause and effect: top-up, ledger rows, decisions."""
    found = [_topup(detail.topup)] if detail.topup is not None else []
    found += [_ledger(row) for row in sorted(detail.ledger, key=lambda row: row.id)]
    found += [_decision(row) for row in sorted(detail.decisions, key=lambda row: row.id)]
    return tuple(found)


def _topup(topup: TopupView) -> Effect:
    text = euros(topup.amount_cents)
    if topup.status == "failed":
        text += f": {words(topup.decline_code or topup.failure_code)}"
    if topup.payment_method_label:
        text += f" by {topup.payment_method_label}" if topup.status != "failed" else f" ({topup.payment_method_label})"
    if topup.bonus_cents:
        text += f", bonus {euros(topup.bonus_cents)}"
    if topup.refunded_cents:
        text += f", {euros(topup.refunded_cents)} refunded"
    return Effect(f"topup_{topup.id}", looks.topup(topup), f"top-up {topup.id}", text, topup.company_slug)


def _ledger(row: LedgerView) -> Effect:
    """Money before → after; the pockets beside it only where they moved."""
    parts = []
    if row.money_cents or not (row.bonus_cents or row.reserved_cents):
        before, after = amount(row.balance_before_cents), euros(row.balance_after_cents)
        parts.append(f"{signed_euros(row.money_cents)}: balance {before} → {after}")
    if row.bonus_cents:
        before = amount(row.bonus_after_cents - row.bonus_cents)
        parts.append(f"bonus {before} → {euros(row.bonus_after_cents)}")
    if row.reserved_cents:
        before = amount(row.reserved_after_cents - row.reserved_cents)
        parts.append(f"reserved {before} → {euros(row.reserved_after_cents)}")
    look = BOOKED if row.money_cents + row.bonus_cents >= 0 else TAKEN
    return Effect(f"ledger_{row.id}", look, f"ledger {row.id}", ", ".join(parts), row.company_slug)


def _decision(row: DecisionView) -> Effect:
    return Effect(f"decision_{row.id}", looks.decision(row), "auto top-up", row.explanation, row.company_slug)


@dataclass(frozen=True, slots=True)
class Trial:
    """One delivery to the webhook, one attempt to process the event, or its way on to another application."""

    id: str
    at: datetime
    what: str
    look: Look
    took: str
    detail: str


def trials(detail: EventDetail) -> tuple[Trial, ...]:
    """Deliveries, attempts, and what went on to other applications, in the order of time."""
    found = [_delivery(row) for row in detail.deliveries] + [_attempt(row) for row in detail.attempts]
    found += [_forward(row) for row in detail.forwards]
    return tuple(sorted(found, key=lambda trial: trial.at))


def _delivery(row: DeliveryView) -> Trial:
    text = " ".join(filter(None, (row.reason, row.remedy)))
    detail = f"{row.http_status} · {text}"
    return Trial(
        f"delivery_{row.id}", row.received_at, "delivery", looks.delivery(row), latency(row.latency_us), detail
    )


def _attempt(row: AttemptView) -> Trial:
    next_try = f" · next at {clock(row.next_attempt_at)}" if row.next_attempt_at is not None else ""
    detail = f"{row.reason or 'processed'}{next_try}"
    return Trial(
        f"attempt_{row.number}",
        row.started_at,
        f"attempt {row.number}",
        looks.attempt(row.outcome),
        latency(row.duration_us),
        detail,
    )


def _forward(row: ForwardView) -> Trial:
    next_try = f" · next at {clock(row.next_try_at)}" if row.next_try_at is not None else ""
    detail = f"to {row.target_name}: {row.reason or f'answered {row.http_status}'}{next_try}"
    return Trial(
        f"forward_{row.id}", row.updated_at, "forward", looks.FORWARD_LOOKS[row.state], latency(row.latency_us), detail
    )


def sentence(detail: EventDetail) -> str:
    """What came of the event, as one would say it."""
    event = detail.event
    if event.status == "completed" and detail.ledger:
        booked = ", ".join(_booked(row) for row in sorted(detail.ledger, key=lambda row: row.id))
        return booked[0].upper() + booked[1:]
    if event.reason:
        return event.reason
    return (
        "Waits to be processed"
        if event.status == "pending"
        else f"{words(event.status).capitalize()}, nothing was booked"
    )


def _booked(row: LedgerView) -> str:
    cents = row.money_cents + row.bonus_cents
    if cents >= 0:
        return f"credited {euros(cents)} to {row.company_slug}"
    return f"took {euros(-cents)} from {row.company_slug}"
