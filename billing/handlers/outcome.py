"""What became of one attempt to process an event, with the reason in a sentence for people."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from billing.topup_rows import TopupRow


class OutcomeKind(StrEnum):
    APPLIED = "applied"
    """It changed something."""
    DUPLICATE = "duplicate"
    """Everything that it says was known and booked before."""
    IGNORED = "ignored"
    """There is nothing to do for it."""
    UNMATCHED = "unmatched"
    """No top-up of ours belongs to it, yet."""
    QUARANTINED = "quarantined"
    """It contradicts what we know; money untouched."""
    RETRY = "retry"
    """The handler failed; it is tried again."""
    FAILED = "failed"
    """The handler failed and all retries are used up."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """`company_id`, `topup_id` and `correlation_id` go onto the event's row; null leaves what it has."""

    kind: OutcomeKind
    reason: str
    company_id: int | None = None
    topup_id: int | None = None
    correlation_id: str | None = None


def applied(reason: str, topup: TopupRow, *, correlation_id: str | None = None) -> Outcome:
    return Outcome(OutcomeKind.APPLIED, reason, topup.company_id, topup.id, correlation_id)


def duplicate(reason: str, topup: TopupRow, *, correlation_id: str | None = None) -> Outcome:
    return Outcome(OutcomeKind.DUPLICATE, reason, topup.company_id, topup.id, correlation_id)


def ignored(reason: str, topup: TopupRow | None = None, *, correlation_id: str | None = None) -> Outcome:
    if topup is None:
        return Outcome(OutcomeKind.IGNORED, reason, correlation_id=correlation_id)
    return Outcome(OutcomeKind.IGNORED, reason, topup.company_id, topup.id, correlation_id)


def unmatched(reason: str, *, correlation_id: str | None) -> Outcome:
    return Outcome(OutcomeKind.UNMATCHED, reason, correlation_id=correlation_id)


def quarantined(reason: str, topup: TopupRow | None = None, *, correlation_id: str | None = None) -> Outcome:
    if topup is None:
        return Outcome(OutcomeKind.QUARANTINED, reason, correlation_id=correlation_id)
    return Outcome(OutcomeKind.QUARANTINED, reason, topup.company_id, topup.id, correlation_id)
