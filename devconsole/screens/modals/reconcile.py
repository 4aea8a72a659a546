"""Stripe's record of the payments beside ours, and the offer to book what was lost."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from devconsole.format import count, moment, signed, words
from devconsole.looks import Tone, toned
from devconsole.screens.modals.form import Answer, Form
from relay.api import DifferenceView, ReconcileLedger, StripeComparison

SHOWN = 8
"""So many differences fit; the command line lists all of them."""


class ReconcileForm(Form):
    """What Stripe has and we do not, and the reverse. Submitting books what can be read from Stripe again."""

    AUTO_FOCUS = "#submit"
    DEFAULT_CLASSES = "-wide"
    heading = "Our payments beside Stripe's"
    cancel_label = "Close"

    def __init__(self, found: StripeComparison) -> None:
        super().__init__()
        self._found = found
        self._lost = [difference for difference in found.differences if difference.mendable]
        self.submit_label = "Book what was lost" if self._lost else "Compare again"

    def compose_fields(self) -> ComposeResult:
        yield Static(comparison_content(self._found), classes="statement")

    def answer(self) -> Answer:
        return ReconcileLedger(mend=bool(self._lost))


def comparison_content(found: StripeComparison) -> Content:
    """How many were compared, and every difference with what can be done about it."""
    payments = f"{count(found.payments, 'payment')} since {moment(found.since)}"
    wrong = sum(difference.breaks for difference in found.differences)
    said = (
        f"✓ Stripe says the same of {payments}." if found.agrees else f"✗ Stripe contradicts {wrong:,} of {payments}."
    )
    lines = [_line(said, Tone.GOOD if found.agrees else Tone.BAD)]
    if not found.complete:
        lines.append(_line("There are more; only the newest were compared.", Tone.WARN))
    for difference in found.differences[:SHOWN]:
        lines += [Content(""), *_difference(difference)]
    if (more := len(found.differences) - SHOWN) > 0:
        lines += [Content(""), _line(f"and {more:,} more: devconsole ledger reconcile lists all of them", Tone.MUTED)]
    return Content("\n").join(lines)


def _line(text: str, tone: Tone) -> Content:
    return Content.assemble(toned(text, tone))


def _difference(difference: DifferenceView) -> list[Content]:
    remedy = "Can be booked from Stripe's record."
    if not difference.mendable:
        remedy = "Look at both; nothing is booked by itself." if difference.breaks else "Concerns nobody here."
    return [
        Content.assemble(
            toned(f"{words(difference.kind)}  ", Tone.BAD if difference.breaks else Tone.MUTED),
            toned(f"{signed(difference.amount_cents)} EUR  ", Tone.STRONG),
            toned(difference.payment_intent_id, Tone.MUTED),
        ),
        _line(difference.detail, Tone.PLAIN),
        _line(remedy, Tone.MUTED),
    ]
