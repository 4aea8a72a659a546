"""What a top-up would bring, said below the fields while somebody types: bonus, balance after it, tax in it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from textual import getters, work
from textual.content import Content

from devconsole.format import amount, euros
from devconsole.screens.modals.form import Form, shown
from devconsole.widgets.amount_input import AmountInput
from devconsole.widgets.company_select import CompanySelect
from devconsole.widgets.field import Objection
from relay.api import PreviewTopup, TopupPreview
from relay.errors import RelayError

Look = Callable[[PreviewTopup], Awaitable[TopupPreview]]
TYPING_S = 0.15
"""Somebody who types is not asked about after each digit."""


class PreviewingForm(Form):
    """`look` asks the server; without it, or without an answer, nothing is said."""

    company = getters.query_one("#company", CompanySelect)
    amount = getters.query_one("#amount", AmountInput)

    def __init__(self, look: Look | None) -> None:
        super().__init__()
        self._look = look
        self._preview: TopupPreview | None = None

    def review(self) -> None:
        super().review()
        asked = self._described()
        if self._look is not None and asked is not None and self.preview is None:
            self._load_preview(self._look, asked)

    @property
    def preview(self) -> TopupPreview | None:
        """Of what the fields say now."""
        known, asked = self._preview, self._described()
        if known is None or asked is None or (known.company_slug, known.amount_cents) != _key(asked):
            return None
        return known

    def preview_text(self) -> Content:
        return shown(told(self.preview)) if self.preview is not None else Content("")

    def _described(self) -> PreviewTopup | None:
        try:
            return PreviewTopup(company=self.company.read().slug, amount_cents=self.amount.read())
        except Objection:
            return None

    @work(exclusive=True, group="preview")
    async def _load_preview(self, look: Look, asked: PreviewTopup) -> None:
        await asyncio.sleep(TYPING_S)
        try:
            self._preview = await look(asked)
        except RelayError:
            return  # sending it will say why
        super().review()


def told(preview: TopupPreview) -> str:
    """`Bonus 5.00 EUR (Welcome), then 65.00 EUR to use. Invoice: 42.02 net + 7.98 VAT.`"""
    bonus = "No bonus"
    if preview.bonus_cents:
        bonus = f"Bonus {euros(preview.bonus_cents)} ({preview.bonus_rule}{', capped' if preview.is_capped else ''})"
    after = f"then {euros(preview.effective_total_after_cents)} to use"
    return f"{bonus}, {after}. Invoice: {amount(preview.net_cents)} net + {amount(preview.tax_cents)} VAT."


def _key(asked: PreviewTopup) -> tuple[str, int]:
    return asked.company, asked.amount_cents
