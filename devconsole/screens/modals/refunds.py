"""Give money back: for a call to the balance, of a payment to the card."""

from __future__ import annotations

from textual import getters
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from devconsole.entry import AmountRange, read_text
from devconsole.format import duration, euros, words
from devconsole.screens.modals.form import Answer, Form, shown
from devconsole.widgets.amount_input import AmountInput
from devconsole.widgets.choice import Choice
from devconsole.widgets.field import Objection
from devconsole.widgets.text_input import OptionalTextInput
from relay.api import CallView, RefundCall, RefundCharge, TopupView

CALL_REASONS = (
    "technical_issue",
    "quality_issue",
    "wrong_number",
    "customer_complaint",
    "test_call",
    "demo_call",
    "other",
)
PAYMENT_REASONS = ("requested_by_customer", "duplicate", "fraudulent")
"""Those that Stripe takes."""


NOTES_MAX = 500


def notes_input() -> OptionalTextInput:
    """What else is to be said, for the audit trail."""
    return OptionalTextInput(
        "Notes",
        lambda text: read_text(text, most=NOTES_MAX) if text.strip() else None,
        hint="kept in the audit trail",
        id="notes",
    )


class ReasonChoice(Choice[str]):
    """One of the reasons; the first is the usual one."""

    def read(self) -> str:
        reason = self.value
        assert reason is not None, "a refund form offers reasons"
        return reason


class RefundForm(Form):
    """Amount up to what is left to refund, and a reason."""

    AUTO_FOCUS = "#amount Input"
    submit_label = "Refund"
    reasons: tuple[str, ...]

    amount = getters.query_one("#amount", AmountInput)
    reason = getters.query_one("#reason", ReasonChoice)

    def __init__(self, *, paid_cents: int, refunded_cents: int) -> None:
        super().__init__()
        self._refunded_cents = refunded_cents
        self._left_cents = paid_cents - refunded_cents

    def statement(self) -> str:
        """What is refunded, in a line or two."""
        raise NotImplementedError

    def compose_fields(self) -> ComposeResult:
        left_cents = self._left_cents
        so_far = f"{euros(self._refunded_cents)} refunded so far" if self._refunded_cents else "nothing refunded so far"
        yield Static(shown(self.statement()), classes="statement")
        yield AmountInput(
            "Amount",
            AmountRange(least_cents=1, most_cents=max(1, left_cents)),
            cents=left_cents,
            presets_cents=tuple(sorted({left_cents, max(1, left_cents // 2)}, reverse=True)),
            hint=f"EUR, up to {euros(left_cents)}; {so_far}",
            id="amount",
        )
        yield ReasonChoice("Reason", [(words(reason), reason) for reason in self.reasons], id="reason")

    def read_amount(self) -> int:
        """Raises `Objection`."""
        if self._left_cents <= 0:
            raise Objection("Everything has been refunded", at=self.amount)
        return self.amount.read()

    def kind(self, amount_cents: int) -> str:
        """Full when nothing is left to refund afterwards."""
        return "Full" if amount_cents == self._left_cents else "Partial"


class RefundCallForm(RefundForm):
    """Credits the balance at once."""

    heading = "Refund a call"
    reasons = CALL_REASONS

    notes = getters.query_one("#notes", OptionalTextInput)

    def __init__(self, call: CallView) -> None:
        super().__init__(paid_cents=call.amount_cents or 0, refunded_cents=call.refunded_cents)
        self._call = call

    def statement(self) -> str:
        price = f"{duration(self._call.duration_s)} for {euros(self._call.amount_cents)}"
        return f"Call {self._call.id} of {self._call.company_slug}: {price}"

    def compose_fields(self) -> ComposeResult:
        yield from super().compose_fields()
        yield notes_input()

    def answer(self) -> Answer:
        return RefundCall(
            call=self._call.id,
            amount_cents=self.read_amount(),
            reason=self.reason.read(),
            notes=self.notes.read(),
        )

    def outcome(self) -> Content:
        try:
            amount_cents = self.read_amount()
        except Objection:
            return Content("")
        return shown(f"{self.kind(amount_cents)} refund: {euros(amount_cents)} go back to the balance at once.")


class RefundPaymentForm(RefundForm):
    """Asks Stripe to pay back; the balance follows when the webhook says so."""

    heading = "Refund a payment"
    reasons = PAYMENT_REASONS

    def __init__(self, topup: TopupView) -> None:
        super().__init__(paid_cents=topup.amount_cents, refunded_cents=topup.refunded_cents)
        self._topup = topup

    def statement(self) -> str:
        topup = self._topup
        card = f" by {topup.payment_method_label}" if topup.payment_method_label else ""
        return f"Top-up {topup.id} of {topup.company_slug}: {euros(topup.amount_cents)} paid{card}"

    def answer(self) -> Answer:
        charge = self._topup.charge_id or str(self._topup.id)
        return RefundCharge(charge=charge, amount_cents=self.read_amount(), reason=self.reason.read())

    def outcome(self) -> Content:
        try:
            amount_cents = self.read_amount()
        except Objection:
            return Content("")
        return shown(
            f"{self.kind(amount_cents)} refund: {euros(amount_cents)} go back to the card at Stripe.\n"
            "They leave the balance at once, which may fall below zero; the webhook books nothing twice."
        )
