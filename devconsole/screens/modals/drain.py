"""Drain a balance, so that a low balance and what follows from it can be seen."""

from __future__ import annotations

from collections.abc import Sequence

from textual import getters, on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Select

from devconsole.entry import BALANCE_RANGE
from devconsole.format import euros
from devconsole.preview import drain_preview
from devconsole.screens.modals.form import Answer, Form, shown
from devconsole.widgets.amount_input import AmountInput, as_typed
from devconsole.widgets.company_select import CompanySelect
from devconsole.widgets.field import Objection
from relay.api import CompanyView, DrainBalance


class DrainForm(Form):
    """Lowers the effective total by an adjustment, by default to one cent below the low-balance threshold."""

    AUTO_FOCUS = "#to Input"
    heading = "Drain a balance"
    submit_label = "Drain"

    company = getters.query_one("#company", CompanySelect)
    to = getters.query_one("#to", AmountInput)

    def __init__(self, companies: Sequence[CompanyView], *, company: str | None = None) -> None:
        super().__init__()
        self._companies = tuple(companies)
        self._preselected = company
        self._filled_for: str | None = None

    def compose_fields(self) -> ComposeResult:
        yield CompanySelect(self._companies, company=self._preselected)
        yield AmountInput("Down to", BALANCE_RANGE, id="to")

    def on_mount(self) -> None:
        self._fill()

    @on(Select.Changed)
    def _company_changed(self) -> None:
        self._fill()

    def _fill(self) -> None:
        """Suggest just below the threshold of the company, once for each that is chosen."""
        company = self.company.company
        if company is None or company.slug == self._filled_for:
            return
        self._filled_for = company.slug
        threshold_cents = company.balance.low_balance_threshold_cents
        self.to.text = as_typed(max(0, threshold_cents - 1))
        self.to.expect(BALANCE_RANGE.read, hint=f"EUR; below {euros(threshold_cents)} is low")

    def answer(self) -> Answer:
        company, to_cents = self.company.read(), self.to.read()
        if to_cents >= (there := company.balance.effective_total_cents):
            raise Objection(f"Nothing to drain: there are {euros(there)}", at=self.to)
        return DrainBalance(company=company.slug, to_cents=to_cents)

    def outcome(self) -> Content:
        try:
            return shown("\n".join(drain_preview(self.company.read(), self.to.read())))
        except Objection:
            return Content("")
