"""Automatic top-up: its settings, and asking now whether one is due."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from textual import getters, on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Checkbox, Select

from devconsole.entry import AUTO_AMOUNT_RANGE, AUTO_MONTH_RANGE, AUTO_THRESHOLD_RANGE
from devconsole.format import euros
from devconsole.preview import AutoTopupDraft, as_saved, auto_topup_outlook
from devconsole.screens.modals.form import Answer, Form, shown
from devconsole.widgets.amount_input import AmountInput, as_typed
from devconsole.widgets.card_gallery import CardChoice
from devconsole.widgets.company_select import CompanySelect
from devconsole.widgets.count_input import CountInput
from devconsole.widgets.field import Field, Objection
from devconsole.widgets.tick import Tick
from relay.api import CardView, CheckAutoTopup, CompanyView, SetAutoTopup

SUGGESTED_THRESHOLD_CENTS = 1_000
SUGGESTED_AMOUNT_CENTS = 5_000
"""Where a company has no settings yet."""


class AutoTopupForm(Form):
    """All settings of one company, and what they would do with the figures of now."""

    AUTO_FOCUS = "#enabled"
    DEFAULT_CLASSES = "-dense"
    heading = "Automatic top-up"
    submit_label = "Save"

    company = getters.query_one("#company", CompanySelect)
    enabled = getters.query_one("#enabled", Tick)
    threshold = getters.query_one("#threshold", AmountInput)
    amount = getters.query_one("#amount", AmountInput)
    daily = getters.query_one("#daily", CountInput)
    monthly = getters.query_one("#monthly", AmountInput)
    card = getters.query_one("#card", CardChoice)

    def __init__(
        self,
        companies: Sequence[CompanyView],
        cards: Sequence[CardView],
        *,
        now: datetime,
        company: str | None = None,
    ) -> None:
        super().__init__()
        self._companies, self._cards, self._now = tuple(companies), tuple(cards), now
        self._preselected = company
        self._filled_for: str | None = None

    def compose_fields(self) -> ComposeResult:
        yield CompanySelect(self._companies, company=self._preselected)
        yield Tick("Top up automatically", id="enabled")
        yield AmountInput("Threshold", AUTO_THRESHOLD_RANGE, id="threshold")
        yield AmountInput("Amount", AUTO_AMOUNT_RANGE, id="amount")
        yield CountInput("Times a day", least=1, most=5, value=2, id="daily")
        yield AmountInput("Month limit", AUTO_MONTH_RANGE, id="monthly")
        yield CardChoice(self._cards)

    def on_mount(self) -> None:
        self._fill()

    @on(Select.Changed, "#company Select")
    def _company_changed(self) -> None:
        self._fill()

    def _fill(self) -> None:
        """Show the settings of the company, once for each that is chosen."""
        company = self.company.company
        if company is None or company.slug == self._filled_for:
            return
        self._filled_for = company.slug
        saved = company.auto_topup
        self.enabled.value = saved.enabled
        self.threshold.text = as_typed(saved.threshold_cents or SUGGESTED_THRESHOLD_CENTS)
        self.amount.text = as_typed(saved.amount_cents or SUGGESTED_AMOUNT_CENTS)
        self.daily.text = str(saved.daily_limit)
        self.monthly.text = as_typed(saved.monthly_limit_cents)
        self.card.keep(saved.payment_method_label or saved.payment_method)

    def answer(self) -> Answer:
        company = self.company.read()
        threshold_cents, amount_cents = self.threshold.read(), self.amount.read()
        daily_limit, monthly_limit_cents = self.daily.read(), self.monthly.read()
        if amount_cents <= threshold_cents:
            raise Objection(f"More than the threshold of {euros(threshold_cents)}", at=self.amount)
        if monthly_limit_cents < amount_cents:
            raise Objection(f"At least one top-up of {euros(amount_cents)}", at=self.monthly)
        if self.enabled.value and not self._has_card(company):
            raise Objection("Choose a card: none is saved", at=self.card)
        return SetAutoTopup(
            company=company.slug,
            enabled=self.enabled.value,
            threshold_cents=threshold_cents,
            amount_cents=amount_cents,
            daily_limit=daily_limit,
            monthly_limit_cents=monthly_limit_cents,
            card=self.card.new,
        )

    def outcome(self) -> Content:
        if (company := self.company.company) is None:
            return Content("")
        draft = AutoTopupDraft(
            enabled=self.enabled.value,
            threshold_cents=_or_none(self.threshold),
            amount_cents=_or_none(self.amount),
            daily_limit=_or_none(self.daily) or company.auto_topup.daily_limit,
            monthly_limit_cents=_or_none(self.monthly),
            has_card=self._has_card(company),
        )
        return shown(auto_topup_outlook(company, draft, now=self._now))

    def _has_card(self, company: CompanyView) -> bool:
        return company.auto_topup.payment_method is not None or self.card.new is not None

    @on(Checkbox.Changed)
    def _enabled_changed(self) -> None:
        self.review()


class CheckAutoTopupForm(Form):
    """Asks the server to decide now; the answer is recorded, also when it is no."""

    AUTO_FOCUS = "#submit"
    heading = "Check automatic top-up now"
    submit_label = "Check"

    company = getters.query_one("#company", CompanySelect)

    def __init__(self, companies: Sequence[CompanyView], *, now: datetime, company: str | None = None) -> None:
        super().__init__()
        self._companies, self._now = tuple(companies), now
        self._preselected = company

    def compose_fields(self) -> ComposeResult:
        yield CompanySelect(self._companies, company=self._preselected)

    def answer(self) -> Answer:
        return CheckAutoTopup(company=self.company.read().slug)

    def outcome(self) -> Content:
        if (company := self.company.company) is None:
            return Content("")
        return shown(auto_topup_outlook(company, as_saved(company.auto_topup), now=self._now))


def _or_none(field: Field[int]) -> int | None:
    try:
        return field.read()
    except Objection:
        return None
