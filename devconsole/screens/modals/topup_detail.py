"""One top-up in full, and what can be done about it."""

from __future__ import annotations

from devconsole import looks
from devconsole.actions import OPEN_TOPUPS, payment_is_refundable
from devconsole.destinations import Why
from devconsole.format import euros, moment, words
from devconsole.looks import Tone
from devconsole.screens.modals.confirm import CancelTopupForm
from devconsole.screens.modals.detail import Detail, Fact, Lead
from devconsole.screens.modals.refunds import RefundPaymentForm
from devconsole.widgets.topup_table import failure
from relay.api import TopupView


class TopupDetail(Detail):
    """Leads to the form that refunds or cancels it, and to its page while that is open."""

    def __init__(self, topup: TopupView) -> None:
        self._topup = topup
        super().__init__(f"Top-up {topup.id}", _facts(topup), self._ways(topup))

    def _ways(self, topup: TopupView) -> list[Lead]:
        ways = []
        if topup.status in OPEN_TOPUPS and topup.checkout_url is not None:
            ways.append(Lead("o", "Open the page", self._open_page))
            ways.append(Lead("y", "Copy its address", self._copy_page))
        if topup.status in OPEN_TOPUPS:
            ways.append(Lead("k", "Cancel it", CancelTopupForm(topup)))
        if payment_is_refundable(topup):
            ways.append(Lead("p", "Refund", RefundPaymentForm(topup)))
        ways.append(Lead("w", "Why", Why(f"topup_{topup.id}")))
        return ways

    def _open_page(self) -> None:
        if (url := self._topup.checkout_url) is not None:
            self.app.open_url(url)

    def _copy_page(self) -> None:
        if (url := self._topup.checkout_url) is not None:
            self.app.copy_to_clipboard(url)
            self.notify(url, title="Copied", markup=False)


def _facts(topup: TopupView) -> list[Fact]:
    look = looks.topup(topup)
    return [
        ("Company", topup.company_slug, Tone.PLAIN),
        ("Amount", euros(topup.amount_cents), Tone.STRONG),
        ("Bonus", euros(topup.bonus_cents) if topup.bonus_cents else None, Tone.PLAIN),
        ("Status", str(look), look.tone),
        ("Why", failure(topup) if topup.status == "failed" else None, Tone.BAD),
        ("The bank says", topup.failure_message, Tone.PLAIN),
        ("Card", topup.payment_method_label, Tone.PLAIN),
        ("Started by", topup.origin, Tone.PLAIN),
        ("Refunded", _refunded(topup), Tone.WARN),
        ("Dispute", words(topup.dispute_status) if topup.dispute_status else None, Tone.WARN),
        ("Created", moment(topup.created_at), Tone.MUTED),
        ("Paid", moment(topup.paid_at) if topup.paid_at else None, Tone.MUTED),
        (
            "Page open until",
            moment(topup.expires_at) if topup.status in OPEN_TOPUPS and topup.expires_at else None,
            Tone.MUTED,
        ),
        ("Page", topup.checkout_url if topup.status in OPEN_TOPUPS else None, Tone.ACCENT),
        ("Payment intent", topup.payment_intent_id, Tone.MUTED),
        ("Session", topup.checkout_session_id, Tone.MUTED),
        ("Charge", topup.charge_id, Tone.MUTED),
    ]


def _refunded(topup: TopupView) -> str | None:
    return f"{euros(topup.refunded_cents)} ({words(topup.refund_status)})" if topup.refunded_cents else None
