"""All companies, those that need something first."""

from __future__ import annotations

from textual import getters, on
from textual.app import ComposeResult
from textual.content import Content

from devconsole.format import LEVELS, count
from devconsole.screens.live import LiveScreen
from devconsole.store import Update
from devconsole.widgets.balance_list import BalanceList
from devconsole.widgets.pane import Pane
from devconsole.widgets.row_list import RowList
from relay.api import CompanyView

NO_COMPANIES = Content.from_markup(
    "No company yet.\n\n[$text-primary]n[/]  create one; a name and an opening balance are enough"
)


class CompaniesScreen(LiveScreen):
    """The list of companies; enter opens one."""

    CSS_PATH = "companies.tcss"
    AUTO_FOCUS = "#companies-list"
    mode_name = "companies"

    pane = getters.query_one("#companies", Pane)
    companies = getters.query_one("#companies-list", BalanceList)

    def compose_body(self) -> ComposeResult:
        yield Pane("Companies", BalanceList(id="companies-list"), hint=NO_COMPANIES, id="companies")

    def paint(self, update: Update) -> None:
        companies = update.snapshot.companies
        self.companies.rows = by_urgency(companies)
        self.pane.note = _summary(companies)
        if update.snapshot.loaded:
            self.pane.empty = not companies

    @on(RowList.Opened)
    def _company_opened(self, message: RowList.Opened) -> None:
        message.stop()
        self.console.open_company(message.row.slug)


def by_urgency(companies: tuple[CompanyView, ...]) -> tuple[CompanyView, ...]:
    """Worst level first, then what has least left; where prepaid billing is off nothing is urgent."""
    return tuple(sorted(companies, key=_urgency))


def _urgency(company: CompanyView) -> tuple[bool, int, int, str]:
    balance = company.balance
    severity = LEVELS.index(balance.level) if balance.level in LEVELS else len(LEVELS)
    return (
        not company.prepaid_billing_enabled,
        -severity,
        balance.effective_total_cents,
        company.name.casefold(),
    )


def _summary(companies: tuple[CompanyView, ...]) -> str:
    urgent = sum(company.prepaid_billing_enabled and company.balance.level != "good" for company in companies)
    return f"{count(len(companies), 'company', 'companies')}, {urgent} below the threshold" if companies else ""
