"""Whether everything that devconsole needs is there: this machine and its settings, then the server from inside."""

from __future__ import annotations

import asyncio
from pathlib import Path

from textual import work
from textual.binding import Binding

from devconsole.format import count
from devconsole.looks import Tone
from devconsole.screens.reading import ReadingLine, ReadingScreen, Title
from devconsole.store import Update
from relay.api import Finding, RunDoctor
from relay.errors import RelayError
from relay.home import Home


class DoctorScreen(ReadingScreen):
    """What failed stands in full above the list, with its remedy."""

    title_text = "Checks"
    columns_shown = (Title("", 1), Title("Check", 24), Title("Found", 0))
    nothing = "Nothing was checked."
    mode_name = ""
    BINDINGS = [Binding("r", "again", "Check again", id="doctor.again")]

    def paint(self, update: Update) -> None:
        if update.reloaded:
            self.call_after_refresh(self.action_again)

    def action_again(self) -> None:
        self._check()

    @work(exclusive=True, group="doctor")
    async def _check(self) -> None:
        from devconsole.diagnosis import diagnose

        status = self.snapshot.status
        outside = await asyncio.to_thread(diagnose, Home(Path(status.home))) if status is not None else ()
        try:
            inside = (await self.console.source.call(RunDoctor())).rows
        except RelayError:
            return  # the notice says that the connection is lost; after it returned everything is checked again
        self._show_findings((*outside, *inside))

    def _show_findings(self, findings: tuple[Finding, ...]) -> None:
        failed = [finding for finding in findings if not finding.ok]
        head = [("✓ Everything is there.", Tone.GOOD)]
        if failed:
            head = [(f"✗ {count(len(failed), 'check')} failed.", Tone.BAD)]
            head += [line for finding in failed for line in _in_full(finding)]
        ordered = sorted(findings, key=lambda finding: finding.ok)
        lines = [ReadingLine(place, _cells(finding)) for place, finding in enumerate(ordered)]
        self.fill(head, lines, note=count(len(findings), "check"))


def _in_full(finding: Finding) -> list[tuple[str, Tone]]:
    lines = [(f"{finding.check}: {finding.detail}", Tone.STRONG)]
    return [*lines, (finding.remedy, Tone.PLAIN)] if finding.remedy else lines


def _cells(finding: Finding) -> tuple[tuple[str, Tone], ...]:
    sign, tone = ("✓", Tone.GOOD) if finding.ok else ("✗", Tone.BAD)
    return (sign, tone), (finding.check, Tone.STRONG), (finding.detail, Tone.PLAIN if finding.ok else Tone.BAD)
