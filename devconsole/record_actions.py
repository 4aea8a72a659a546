"""What the keys do about records: corrections and limits, the path of an id, reports, and files for the user."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from devconsole.destinations import traced
from devconsole.format import size
from relay.api import CallView, MakeInvoicePdf, ShowLimits

if TYPE_CHECKING:
    from devconsole.app import DevConsole

EXPORTS = "exports"
"""The directory of the home that files are written to."""


class RecordActions:
    """Every method opens something, writes a file, or says why there is nothing to do."""

    def __init__(self, console: DevConsole) -> None:
        self._console = console

    def adjust(self) -> None:
        from devconsole.screens.modals.corrections import AdjustForm

        self._console.open_form(AdjustForm(self._console.snapshot.companies, company=self._company()))

    def withdraw(self) -> None:
        from devconsole.screens.modals.corrections import WithdrawForm

        self._console.open_form(WithdrawForm(self._console.snapshot.companies, company=self._company()))

    async def limits(self) -> None:
        from devconsole.screens.modals.limits import LimitsForm

        slug = self._company()
        company = next((each for each in self._console.snapshot.companies if each.slug == slug), None)
        if company is None:
            self._console.actions.nothing("Select a company first; 3 lists them.")
            return
        limits = await self._console.source.call(ShowLimits(company=company.slug))
        self._console.open_form(LimitsForm(company, limits))

    def mark_non_billable(self) -> None:
        from devconsole.screens.modals.non_billable import NonBillableForm, call_is_billable

        call = self._console.actions.pick(CallView, self._console.snapshot.calls, call_is_billable)
        if call is None:
            self._console.actions.nothing("No call was charged or waits for money. Press c to simulate one.")
        else:
            self._console.open_form(NonBillableForm(call))

    def why(self) -> None:
        """Show the path that the selected row lies on."""
        reference = traced(self._console.actions.selected(object))
        if reference is None:
            self._console.actions.nothing("Select an event, a payment, a call or a ledger row first.")
        else:
            self._console.destinations.open_trace(reference)

    # Where to go.

    async def report(self, name: str) -> None:
        from devconsole.screens.reports import ReportsScreen

        await self._console.switch_mode("reports")
        if isinstance(screen := self._console.screen, ReportsScreen):
            screen.choose(name)

    async def record(self, name: str) -> None:
        from devconsole.screens.records import RecordsScreen

        await self._console.switch_mode("records")
        if isinstance(screen := self._console.screen, RecordsScreen):
            screen.turn_to(name)

    # Files.

    async def make_pdf(self, operation: MakeInvoicePdf) -> None:
        document = await self._console.source.call(operation)
        await self.export(document.file_name, document.content, title=f"Invoice {document.number}")

    async def export(self, name: str, content: bytes, *, title: str) -> None:
        """Write a file into the home and say where it lies; its path is copied too."""
        from devconsole.exports import Exports

        status = self._console.snapshot.status
        if status is None:
            return
        exports = Exports(Path(status.home) / EXPORTS)
        try:
            file = await asyncio.to_thread(exports.write, name, content)
        except OSError as error:
            text = f"{exports.directory / name} cannot be written: {error.strerror}."
            self._console.notify(text, title="Not written", severity="error", markup=False)
            return
        self._console.copy_to_clipboard(str(file))
        text = f"{file} ({size(len(content))}); the path is in the clipboard."
        self._console.notify(text, title=f"{title} written", markup=False)

    def _company(self) -> str | None:
        return self._console.actions.selected_company()
