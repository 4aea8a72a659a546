"""Put money on a balance: with a test card at once, or on the hosted Checkout page."""

from __future__ import annotations

from collections.abc import Sequence

from textual import getters
from textual.app import ComposeResult
from textual.content import Content

from devconsole.entry import TOPUP_RANGE, AmountRange
from devconsole.format import euros
from devconsole.screens.modals.form import Answer, shown
from devconsole.screens.modals.topup_preview import Look, PreviewingForm, told
from devconsole.widgets.amount_input import AmountInput
from devconsole.widgets.card_gallery import CardGallery
from devconsole.widgets.company_select import CompanySelect
from devconsole.widgets.field import Objection
from devconsole.widgets.picker import Entry
from relay.api import CardView, CheckoutTopup, CompanyView, CreateTopup

USUAL_CENTS = 5_000
PRESETS_CENTS = (1_000, 5_000, 10_000, 25_000)

SAVED = "saved card"
SAVED_ENTRY = Entry(
    key=SAVED,
    line=Content.assemble(("•••• … ••••", "$text-muted"), "  ", "The saved card"),
    detail="The saved card: charges what the company keeps for automatic top-ups.",
    group="Saved",
)


def amount_input(amounts: AmountRange) -> AmountInput:
    """The amount of a top-up, with the usual ones that the range allows to choose from."""
    usual = tuple(cents for cents in PRESETS_CENTS if amounts.least_cents <= cents <= amounts.most_cents)
    hint = f"{amounts}; a bonus may come on top"
    first = min(max(USUAL_CENTS, amounts.least_cents), amounts.most_cents)
    return AmountInput("Amount", amounts, cents=first, presets_cents=usual, hint=hint, id="amount")


class TopupForm(PreviewingForm):
    """Amount and test card, charged at once; the gallery says what each card does."""

    AUTO_FOCUS = "#amount Input"
    DEFAULT_CLASSES = "-wide"
    heading = "Top up with a test card"
    submit_label = "Top up"

    gallery = getters.query_one("#card", CardGallery)

    def __init__(
        self,
        companies: Sequence[CompanyView],
        cards: Sequence[CardView],
        *,
        company: str | None = None,
        card: str | None = None,
        amounts: AmountRange = TOPUP_RANGE,
        look: Look | None = None,
    ) -> None:
        super().__init__(look)
        self._amounts = amounts
        self._companies, self._cards = tuple(companies), tuple(cards)
        self._preselected, self._card = company, card

    def compose_fields(self) -> ComposeResult:
        yield CompanySelect(self._companies, company=self._preselected)
        yield amount_input(self._amounts)
        any_saved = any(company.auto_topup.payment_method for company in self._companies)
        yield CardGallery(
            self._cards,
            highlighted=self._card or next((card.name for card in self._cards), None),
            extra=(SAVED_ENTRY,) if any_saved else (),
            id="card",
        )

    def answer(self) -> Answer:
        company, amount_cents = self.company.read(), self.amount.read()
        if (card := self.gallery.key) is None:
            raise Objection("Choose a card", at=self.gallery)
        if card == SAVED and company.auto_topup.payment_method is None:
            raise Objection(f"{company.name} has no saved card", at=self.gallery)
        return CreateTopup(company=company.slug, amount_cents=amount_cents, card=None if card == SAVED else card)

    def outcome(self) -> Content:
        objection = self.objection()
        if objection is not None and objection.at is self.gallery:
            return shown(objection.reason)
        return self.preview_text()


class CheckoutForm(PreviewingForm):
    """Amount of a Checkout Session; the page opens in the browser."""

    AUTO_FOCUS = "#amount Input"
    heading = "Open a Checkout page"
    submit_label = "Open the page"

    def __init__(
        self,
        companies: Sequence[CompanyView],
        *,
        company: str | None = None,
        amounts: AmountRange = TOPUP_RANGE,
        look: Look | None = None,
    ) -> None:
        super().__init__(look)
        self._amounts = amounts
        self._companies = tuple(companies)
        self._preselected = company

    def compose_fields(self) -> ComposeResult:
        yield CompanySelect(self._companies, company=self._preselected)
        yield amount_input(self._amounts)

    def answer(self) -> Answer:
        return CheckoutTopup(company=self.company.read().slug, amount_cents=self.amount.read())

    def outcome(self) -> Content:
        try:
            company, amount_cents = self.company.read(), self.amount.read()
        except Objection:
            return Content("")
        if (preview := self.preview) is not None:
            brings = told(preview)
            return shown(f"Opens in the browser; once paid: {brings[0].lower()}{brings[1:]}")
        after_cents = company.balance.effective_total_cents + amount_cents
        return shown(f"Opens in the browser; once paid, {company.name} has {euros(after_cents)}.")
