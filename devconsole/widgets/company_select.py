"""Choice of a company, with what it has."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size

from devconsole.format import euros
from devconsole.looks import printable
from devconsole.widgets.choice import Choice
from devconsole.widgets.field import Objection
from relay.api import CompanyView

NAME_CELLS = 24


class CompanySelect(Choice[str]):
    """Drop-down list of companies by name, with the effective total and the level word."""

    def __init__(
        self, companies: Sequence[CompanyView], *, company: str | None = None, hint: str = "", id: str = "company"
    ) -> None:
        self._companies = {company.slug: company for company in companies}
        width = min(NAME_CELLS, max((cell_len(company.name) for company in companies), default=0))
        super().__init__(
            "Company",
            [(_line(company, width), company.slug) for company in companies],
            value=company if company in self._companies else None,
            hint=hint if companies else "There is no company yet. Press esc, then n to create one.",
            prompt="no company yet",
            id=id,
        )

    @property
    def company(self) -> CompanyView | None:
        """The company that is chosen; None when none exists."""
        return self._companies.get(self.value or "")

    def read(self) -> CompanyView:
        """The company that is chosen. Raises `Objection` when none exists."""
        if (company := self.company) is None:
            raise Objection("Create a company first", at=self)
        return company


def _line(company: CompanyView, width: int) -> str:
    name = printable(company.name)
    name = set_cell_size(name, width) if cell_len(name) <= width else f"{set_cell_size(name, width - 1)}…"
    return f"{name}  {euros(company.balance.effective_total_cents):>14}  {company.balance.level}"
