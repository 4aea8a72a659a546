"""Two events, deliveries or attempts side by side: every value that is not the same."""

from __future__ import annotations

from textual import work

from devconsole.format import count
from devconsole.looks import Tone
from devconsole.screens.reading import ReadingLine, ReadingScreen, Title
from devconsole.store import Update
from relay.api import Comparison, Difference, DiffEvents
from relay.errors import OperationRefused, RelayError

SIGNS = {"added": ("+", Tone.GOOD), "removed": ("-", Tone.BAD), "changed": ("~", Tone.WARN)}


class ComparisonScreen(ReadingScreen):
    """`right` None compares the last two attempts at one event."""

    title_text = "Differences"
    columns_shown = (Title("", 1), Title("Where", 0.38), Title("Left", 0.28), Title("Right", 0))
    nothing = "They say the same."

    def __init__(self, left: str, right: str | None = None) -> None:
        super().__init__()
        self._asked = DiffEvents(left=left, right=right)

    def paint(self, update: Update) -> None:
        if update.reloaded:
            self.call_after_refresh(self._load_comparison)

    @work(exclusive=True, group="comparison.load")
    async def _load_comparison(self) -> None:
        try:
            comparison = await self.console.source.call(self._asked)
        except OperationRefused as error:
            self.pane.hint("")
            self.fill([(error.problem.message, Tone.WARN), (error.problem.remedy or "", Tone.MUTED)], ())
        except RelayError:
            return  # the notice says that the connection is lost; after it returned everything is loaded again
        else:
            self._show_comparison(comparison)

    def _show_comparison(self, comparison: Comparison) -> None:
        head = [(f"{comparison.left}  →  {comparison.right}", Tone.STRONG)]
        head.append((f"{count(comparison.same, 'value')} the same", Tone.MUTED))
        lines = [_line(place, difference) for place, difference in enumerate(comparison.differences)]
        self.fill(head, lines, note=f"{len(lines):,}" if lines else "")


def _line(place: int, difference: Difference) -> ReadingLine:
    sign, tone = SIGNS[difference.change]
    return ReadingLine(
        place,
        (
            (sign, tone),
            (difference.path, Tone.STRONG),
            (difference.left or "", Tone.PLAIN),
            (difference.right or "", tone),
        ),
    )
