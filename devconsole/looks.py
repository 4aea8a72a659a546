"""How states look: one glyph, one word and one tone each, so that no meaning hangs on colour alone.

The glyphs are those that common terminal fonts have; none of them is an emoji. Tones are named by meaning,
the theme gives them their colour.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from devconsole.format import words

if TYPE_CHECKING:
    from relay.api import BalanceView, CallView, DecisionView, DeliveryView, PerformedView, TopupView, TraceNode


class Tone(StrEnum):
    PLAIN = "plain"
    MUTED = "muted"
    """Less important than what stands beside it."""
    STRONG = "strong"
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    ACCENT = "accent"
    """Under way, or worth a look."""
    MARK = "mark"
    """The sign of what is selected, in a list without focus."""


class Look(NamedTuple):
    glyph: str
    word: str
    tone: Tone

    def __str__(self) -> str:
        return f"{self.glyph} {self.word}"


EVENT_LOOKS: dict[str, Look] = {
    "pending": Look("○", "pending", Tone.ACCENT),
    "held": Look("‖", "held", Tone.WARN),
    "completed": Look("✓", "completed", Tone.GOOD),
    "ignored": Look("·", "ignored", Tone.MUTED),
    "unmatched": Look("?", "unmatched", Tone.WARN),
    "quarantined": Look("!", "quarantined", Tone.BAD),
    "failed": Look("✗", "failed", Tone.BAD),
}

FORWARD_LOOKS: dict[str, Look] = {
    "waiting": Look("○", "waiting", Tone.ACCENT),
    "delivered": Look("✓", "delivered", Tone.GOOD),
    "refused": Look("✗", "refused", Tone.BAD),
    "failed": Look("✗", "failed", Tone.BAD),
}

LEVEL_LOOKS: dict[str, Look] = {
    "good": Look("●", "good", Tone.GOOD),
    "low": Look("◐", "low", Tone.WARN),
    "critical": Look("◔", "critical", Tone.BAD),
    "blocked": Look("✗", "blocked", Tone.BAD),
    "exhausted": Look("✗", "exhausted", Tone.BAD),
}

TOPUP_LOOKS: dict[str, Look] = {
    "pending": Look("○", "pending", Tone.ACCENT),
    "processing": Look("○", "processing", Tone.ACCENT),
    "requires_action": Look("!", "needs action", Tone.WARN),
    "succeeded": Look("✓", "paid", Tone.GOOD),
    "failed": Look("✗", "declined", Tone.BAD),
    "cancelled": Look("·", "cancelled", Tone.MUTED),
}

CHARGE_LOOKS: dict[str, Look] = {
    "charged": Look("✓", "charged", Tone.GOOD),
    "unpaid": Look("✗", "unpaid", Tone.BAD),
    "not_billable": Look("·", "free", Tone.MUTED),
    "none": Look("·", "free", Tone.MUTED),
}

ATTEMPT_LOOKS: dict[str, Look] = {
    "applied": Look("✓", "applied", Tone.GOOD),
    "duplicate": Look("=", "duplicate", Tone.MUTED),
    "retry": Look("○", "retry", Tone.WARN),
}
"""What an attempt to process an event may end in, beside the states of the event itself."""

VERDICT_LOOKS: dict[str, Look] = {
    "accepted": Look("✓", "accepted", Tone.GOOD),
    "duplicate": Look("=", "duplicate", Tone.MUTED),
    "rejected": Look("✗", "rejected", Tone.BAD),
}

DIFFERS = Look("≠", "differs", Tone.WARN)
"""The same event once more, with another body."""

NOTICE_LOOKS: dict[str, Look] = {
    "queued": Look("○", "queued", Tone.ACCENT),
    "sent": Look("✓", "sent", Tone.GOOD),
    "failed": Look("✗", "failed", Tone.BAD),
}

IN_CALL = Look("►", "in call", Tone.ACCENT)
REFUNDED = Look("↩", "refunded", Tone.WARN)
CHARGED = Look("✓", "charged", Tone.GOOD)
SKIPPED = Look("·", "skipped", Tone.MUTED)
ARMED = "↻"
"""Beside a balance that is topped up automatically."""


def event(status: str) -> Look:
    return EVENT_LOOKS.get(status, Look("?", status, Tone.WARN))


def attempt(outcome: str) -> Look:
    return ATTEMPT_LOOKS.get(outcome) or event(outcome)


def level(balance: BalanceView) -> Look:
    return LEVEL_LOOKS.get(balance.level, Look("?", balance.level, Tone.WARN))


def topup(row: TopupView) -> Look:
    if row.status == "succeeded" and row.refunded_cents:
        return REFUNDED
    return TOPUP_LOOKS.get(row.status, Look("?", row.status, Tone.WARN))


def call(row: CallView) -> Look:
    if row.status == "in_progress":
        return IN_CALL
    if row.refunded_cents:
        return REFUNDED
    return CHARGE_LOOKS.get(row.charge_status, Look("?", row.charge_status, Tone.WARN))


def decision(row: DecisionView) -> Look:
    return CHARGED if row.allowed else SKIPPED


def delivery(row: DeliveryView) -> Look:
    if row.reason_code == "duplicate_differs":
        return DIFFERS
    return VERDICT_LOOKS.get(row.verdict, Look("?", row.verdict, Tone.WARN))


def performed(row: PerformedView) -> Look:
    """Done, or the code of the refusal."""
    return Look("✓", "done", Tone.GOOD) if row.outcome == "done" else Look("✗", words(row.outcome), Tone.BAD)


def trace(row: TraceNode) -> Look:
    """The status of a step, by the words of what it is a step of."""
    status = row.status or ""
    tables: dict[str, dict[str, Look]] = {
        "topup": TOPUP_LOOKS,
        "delivery": VERDICT_LOOKS,
        "attempt": ATTEMPT_LOOKS,
        "call": CHARGE_LOOKS,
        "verification": {"proven": Look("✓", "proven", Tone.GOOD)},
        "notice": {"sent": Look("✓", "sent", Tone.GOOD)},
        "forward": {"taken": Look("✓", "taken", Tone.GOOD), "done": Look("✓", "done", Tone.GOOD)},
    }
    if row.kind == "verification" and status != "proven":
        return Look("✗", words(status), Tone.BAD)
    return tables.get(row.kind, {}).get(status) or EVENT_LOOKS.get(status) or Look("·", words(status), Tone.PLAIN)


def spent(percent: int | None) -> Tone:
    """Of a spending limit: nearly used up from 75 %, as good as used up from 90 %."""
    if percent is None:
        return Tone.MUTED
    return Tone.BAD if percent >= 90 else Tone.WARN if percent >= 75 else Tone.GOOD


def bar(balance: BalanceView, width: int) -> str:
    """The effective total as a bar; full is four times the low-balance threshold, so that "low" is a quarter."""
    full = max(1, 4 * balance.low_balance_threshold_cents)
    share = min(1.0, max(0, balance.effective_total_cents) / full)
    filled = round(share * width)
    if balance.effective_total_cents > 0:
        filled = max(1, filled)
    return "█" * filled + "░" * (width - filled)


def printable(text: str) -> str:
    """Text from outside on one line: what a terminal would act on is replaced."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else "·" for letter in text)


TONE_STYLES: dict[Tone, str] = {
    Tone.PLAIN: "$foreground",
    Tone.STRONG: "bold $foreground",
    Tone.MUTED: "$text-muted",
    Tone.GOOD: "$text-success",
    Tone.WARN: "$text-warning",
    Tone.BAD: "bold $text-error",
    Tone.ACCENT: "$text-primary",
    Tone.MARK: "$border-blurred",
}
"""Tones as styles of running text."""


def toned(text: str, tone: Tone) -> tuple[str, str]:
    """A part for `Content.assemble`."""
    return printable(text), TONE_STYLES[tone]
