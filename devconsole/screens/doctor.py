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
    """What failed comes first, with its remedy below it."""

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
        found = [cells for finding in sorted(findings, key=lambda finding: finding.ok) for cells in _lines(finding)]
        lines = [ReadingLine(place, cells) for place, cells in enumerate(found)]
        self.fill(head, lines, note=count(len(findings), "check"))


def _lines(finding: Finding) -> list[tuple[tuple[str, Tone], ...]]:
    sign, tone = ("✓", Tone.GOOD) if finding.ok else ("✗", Tone.BAD)
    lines: list[tuple[tuple[str, Tone], ...]] = [
        ((sign, tone), (finding.check, Tone.STRONG), (finding.detail, Tone.PLAIN if finding.ok else Tone.BAD))
    ]
    if finding.remedy:
        lines.append((("", tone), ("", Tone.PLAIN), (finding.remedy, Tone.MUTED)))
    return lines
