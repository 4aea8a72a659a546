"""What people book by hand: an adjustment, and money that is paid out. Both ask who and why."""

from __future__ import annotations

from collections.abc import Sequence

from textual import getters, on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Select

from devconsole.entry import AmountRange, read_text
from devconsole.format import euros
from devconsole.screens.modals.form import Answer, Form, shown
from devconsole.widgets.amount_input import AmountInput
from devconsole.widgets.choice import Choice
from devconsole.widgets.company_select import CompanySelect
from devconsole.widgets.field import Objection
from devconsole.widgets.text_input import TextInput
from relay.api import AdjustBalance, BalanceView, CompanyView, WithdrawBalance

MOST = AmountRange(least_cents=1, most_cents=10_000_000)
REASON_MAX, ACTOR_MAX = 500, 200

ADD_MONEY, TAKE_MONEY, ADD_BONUS, TAKE_BONUS = "add-money", "take-money", "add-bonus", "take-bonus"
KINDS = (
    ("Add money", ADD_MONEY),
    ("Take money away", TAKE_MONEY),
    ("Add bonus", ADD_BONUS),
    ("Take bonus away", TAKE_BONUS),
)


class CorrectionForm(Form):
    """A company, an amount, and for the audit trail a reason and a name."""

    AUTO_FOCUS = "#amount Input"
    DEFAULT_CLASSES = "-dense"

    company = getters.query_one("#company", CompanySelect)
    amount = getters.query_one("#amount", AmountInput)
    reason = getters.query_one("#reason", TextInput)
    actor = getters.query_one("#actor", TextInput)

    def __init__(self, companies: Sequence[CompanyView], *, company: str | None = None) -> None:
        super().__init__()
        self._companies, self._preselected = tuple(companies), company

    def compose_fields(self) -> ComposeResult:
        yield CompanySelect(self._companies, company=self._preselected)
        yield from self.compose_kind()
        yield AmountInput("Amount", MOST, presets_cents=(500, 1_000, 5_000), hint="EUR", id="amount")
        yield TextInput("Reason", lambda text: read_text(text, most=REASON_MAX), hint="kept for ever", id="reason")
        yield TextInput(
            "Your name",
            lambda text: read_text(text, most=ACTOR_MAX),
            value="developer",
            id="actor",
        )

    def compose_kind(self) -> ComposeResult:
        """What is done, where there is a choice."""
        return ()

    @on(Select.Changed)
    def _chosen(self) -> None:
        self.review()


class AdjustForm(CorrectionForm):
    """Money or bonus, up or down; never into debt."""

    heading = "Book an adjustment"
    submit_label = "Book"

    kind = getters.query_one("#kind", Choice)

    def compose_kind(self) -> ComposeResult:
        yield Choice("What", KINDS, id="kind")

    def answer(self) -> Answer:
        company, cents = self.company.read(), self.amount.read()
        kind = self.kind.value
        change = -cents if kind in (TAKE_MONEY, TAKE_BONUS) else cents
        in_bonus = kind in (ADD_BONUS, TAKE_BONUS)
        if change < 0 and cents > (there := _takeable(company.balance, in_bonus=in_bonus)):
            raise Objection(f"At most {euros(there)} can be taken", at=self.amount)
        return AdjustBalance(
            company=company.slug,
            money_cents=0 if in_bonus else change,
            bonus_cents=change if in_bonus else 0,
            reason=self.reason.read(),
            actor=self.actor.read(),
        )

    def outcome(self) -> Content:
        try:
            company, cents = self.company.read(), self.amount.read()
        except Objection:
            return Content("")
        kind = self.kind.value
        change = -cents if kind in (TAKE_MONEY, TAKE_BONUS) else cents
        pocket = "bonus" if kind in (ADD_BONUS, TAKE_BONUS) else "money"
        before = company.balance.bonus_cents if pocket == "bonus" else company.balance.balance_cents
        return shown(f"{company.name}: {pocket} {euros(before)} → {euros(before + change)}.")


class WithdrawForm(CorrectionForm):
    """Pays out what is neither bonus nor held for running calls."""

    heading = "Pay money out"
    submit_label = "Pay out"

    def answer(self) -> Answer:
        company, cents = self.company.read(), self.amount.read()
        if cents > (there := withdrawable_cents(company.balance)):
            raise Objection(f"At most {euros(there)} can be paid out", at=self.amount)
        return WithdrawBalance(
            company=company.slug, amount_cents=cents, reason=self.reason.read(), actor=self.actor.read()
        )

    def outcome(self) -> Content:
        try:
            company = self.company.read()
        except Objection:
            return Content("")
        there = withdrawable_cents(company.balance)
        return shown(f"{euros(there)} can be paid out: bonus and what running calls hold stay.")


def withdrawable_cents(balance: BalanceView) -> int:
    return max(0, balance.balance_cents - balance.reserved_cents)


def _takeable(balance: BalanceView, *, in_bonus: bool) -> int:
    """Neither pocket may fall below zero, nor both together below what calls hold."""
    pocket = balance.bonus_cents if in_bonus else balance.balance_cents
    return max(0, min(pocket, balance.effective_total_cents))
