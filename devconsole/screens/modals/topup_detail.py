"""One top-up in full, and what can be done about it."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from devconsole import looks
from devconsole.actions import OPEN_TOPUPS, payment_is_refundable
from devconsole.format import euros, moment, words
from devconsole.looks import TONE_STYLES, Tone, toned
from devconsole.screens.modals.confirm import CancelTopupForm
from devconsole.screens.modals.form import Form
from devconsole.screens.modals.refunds import RefundPaymentForm
from devconsole.widgets.topup_table import failure
from relay.api import TopupView

LABEL_CELLS = 16


class TopupDetail(ModalScreen[Form | None]):
    """Returns the form to go on with, about this very top-up, or None."""

    CSS_PATH = "modals.tcss"
    AUTO_FOCUS = "#close"
    BINDINGS = [
        Binding("escape", "close", "Close", id="topup.close"),
        Binding("p", "refund", "Refund", id="topup.refund"),
        Binding("k", "cancel_topup", "Cancel the top-up", id="topup.cancel"),
        Binding("o", "open_page", "Open the page", id="topup.open-page"),
        Binding("y", "copy_page", "Copy its address", id="topup.copy-page"),
    ]

    def __init__(self, topup: TopupView) -> None:
        super().__init__()
        self._topup = topup

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="dialog", can_focus=False) as dialog:
            dialog.border_title = f"Top-up {self._topup.id}"
            dialog.border_subtitle = self._keys()
            yield Static(_facts(self._topup), id="facts")
            with Horizontal(id="buttons"):
                if self.check_action("open_page", ()):
                    yield Button("Open the page", id="open-page", compact=True)
                if self.check_action("cancel_topup", ()):
                    yield Button("Cancel it", id="cancel-topup", compact=True)
                if self.check_action("refund", ()):
                    yield Button("Refund", id="refund", compact=True)
                yield Button("Close", variant="primary", id="close", compact=True)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        topup = self._topup
        if action == "refund":
            return payment_is_refundable(topup)
        if action == "cancel_topup":
            return topup.status in OPEN_TOPUPS
        if action in ("open_page", "copy_page"):
            return topup.status in OPEN_TOPUPS and topup.checkout_url is not None
        return super().check_action(action, parameters)

    def action_close(self) -> None:
        self.dismiss(None)

    def action_refund(self) -> None:
        self.dismiss(RefundPaymentForm(self._topup))

    def action_cancel_topup(self) -> None:
        self.dismiss(CancelTopupForm(self._topup))

    def action_open_page(self) -> None:
        if (url := self._topup.checkout_url) is not None:
            self.app.open_url(url)

    def action_copy_page(self) -> None:
        if (url := self._topup.checkout_url) is not None:
            self.app.copy_to_clipboard(url)
            self.notify(url, title="Copied", markup=False)

    async def on_button_pressed(self, message: Button.Pressed) -> None:
        message.stop()
        await self.run_action(str(message.button.id).replace("-", "_"))

    def _keys(self) -> str:
        keys = (
            ("p refund", self.check_action("refund", ())),
            ("k cancel it", self.check_action("cancel_topup", ())),
            ("o open the page", self.check_action("open_page", ())),
            ("y copy its address", self.check_action("copy_page", ())),
            ("esc close", True),
        )
        return " · ".join(text for text, offered in keys if offered)


def _facts(topup: TopupView) -> Content:
    look = looks.topup(topup)
    facts: list[tuple[str, str | None, Tone]] = [
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
    return Content("\n").join(
        Content.assemble((f"{label:<{LABEL_CELLS}}", TONE_STYLES[Tone.MUTED]), toned(text, tone))
        for label, text, tone in facts
        if text
    )


def _refunded(topup: TopupView) -> str | None:
    return f"{euros(topup.refunded_cents)} ({words(topup.refund_status)})" if topup.refunded_cents else None
