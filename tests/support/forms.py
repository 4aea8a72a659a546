"""A stage for one form: it records what the form returned, and nothing else happens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.app import App
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from devconsole.themes import DARK, OURS
from devconsole.widgets.field import Field
from relay.api import CardView, DifferenceView, EventTypeView, StripeComparison
from tests.support import views

OPEN = object()
"""The form has not been answered."""


class Stage(App[None]):
    """Shows a form; `answer` is what it was dismissed with."""

    def __init__(self, make: Callable[[], ModalScreen[Any]], *, theme: str = DARK.name) -> None:
        super().__init__()
        self._make, self._first_theme = make, theme
        self.answer: Any = OPEN

    def on_mount(self) -> None:
        for theme in OURS:
            self.register_theme(theme)
        self.theme = self._first_theme
        self.push_screen(self._make(), self._answered)

    def _answered(self, answer: Any) -> None:
        self.answer = answer


def still(app: Stage) -> None:
    """No cursor blinks in a picture."""
    for entry in app.screen.query(Input):
        entry.cursor_blink = False


def note(app: App[Any], field: str) -> str:
    """What stands under a field: its hint, or the reason why the entry is not accepted."""
    return _plain(app.screen.query_one(f"#{field}", Field).query_one(".field-note", Static))


def outcome(app: App[Any]) -> str:
    """What the form says would happen."""
    return _plain(app.screen.query_one("#outcome", Static))


def can_submit(app: App[Any]) -> bool:
    return not app.screen.query_one("#submit").disabled


def card(name: str, number: str, group: str, title: str, what_happens: str) -> CardView:
    return CardView(
        name=name,
        number=number,
        payment_method=f"pm_card_{name}",
        brand="visa",
        group=group,
        title=title,
        what_happens=what_happens,
    )


CARDS = (
    card("visa", "4242424242424242", "success", "Visa", "Pays at once."),
    card("mastercard", "5555555555554444", "success", "Mastercard", "Pays at once."),
    card("generic-decline", "4000000000000002", "decline", "Declined", "The bank declines without a reason."),
    card(
        "insufficient-funds",
        "4000000000009995",
        "decline",
        "Insufficient funds",
        "The bank declines: not enough money.",
    ),
    card(
        "attaches-then-declines",
        "4000000000000341",
        "decline",
        "Attaches, then declines",
        "Can be saved to a customer; every later charge is declined.",
    ),
    card(
        "authentication-required",
        "4000002760003184",
        "authentication",
        "3-D Secure, always",
        "Asks for 3-D Secure every time; off-session always refused.",
    ),
    card(
        "dispute-fraudulent",
        "4000000000000259",
        "dispute",
        "Disputed as fraudulent",
        "Pays; then the cardholder disputes the charge as fraudulent.",
    ),
    card("refund-pending", "4000000000007726", "refund", "Refund pending first", "Pays; a refund starts pending."),
)


def event_type(type: str, effect: str, *, handled: bool = True) -> EventTypeView:
    return EventTypeView(type=type, object=type.rpartition(".")[0], effect=effect, retry="", handled=handled)


EVENT_TYPES = (
    event_type("checkout.session.completed", "settles the top-up of the session and credits it"),
    event_type("payment_intent.succeeded", "credits the top-up, once"),
    event_type("payment_intent.payment_failed", "fails the top-up, keeps code and decline code"),
    event_type("charge.refunded", "takes the refunded amount off the balance"),
    event_type("invoice.paid", "prepaid billing uses no invoices of Stripe", handled=False),
)


def _plain(static: Static) -> str:
    visual = static.visual
    return visual.plain if isinstance(visual, Content) else str(visual)


DIFFERING = StripeComparison(
    asked=True,
    agrees=False,
    since=views.at(0),
    payments=214,
    complete=True,
    differences=(
        DifferenceView(
            kind="not_credited",
            payment_intent_id="pi_3TzLost000000000000001",
            topup_id=12,
            company_slug="acme-telefon",
            amount_cents=5_000,
            detail="Stripe has received 50.00 EUR, top-up 12 is processing",
            breaks=True,
            mendable=True,
        ),
        DifferenceView(
            kind="unknown_at_stripe",
            payment_intent_id="pi_3TzMade000000000000002",
            topup_id=9,
            company_slug="bergbau",
            amount_cents=2_000,
            detail="top-up 9 was credited with 20.00 EUR, but Stripe does not know the payment",
            breaks=True,
            mendable=False,
        ),
        DifferenceView(
            kind="unknown_here",
            payment_intent_id="pi_3TzElse000000000000003",
            topup_id=None,
            company_slug=None,
            amount_cents=700,
            detail="7.00 EUR were paid, and name no top-up of this installation",
            breaks=False,
            mendable=False,
        ),
    ),
)
