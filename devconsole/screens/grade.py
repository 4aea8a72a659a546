"""The report on a webhook handler: twelve guarantees, what was seen of each, and how to mend it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from devconsole.looks import Tone, toned
from devconsole.screens.live import LiveScreen
from devconsole.store import Update
from devconsole.widgets.pane import Pane
from devconsole.widgets.row_list import Column, RowList, TupleList
from relay.api import GradeView, GuaranteeView


class GuaranteeList(TupleList[GuaranteeView]):
    """In the order in which they were tried."""

    def key_of(self, row: GuaranteeView) -> Hashable:
        return row.name

    def columns(self, width: int) -> Sequence[Column]:
        return [
            Column("Given", 6, lambda row: ("✓ yes", Tone.GOOD) if row.held else ("✗ no", Tone.BAD)),
            Column("Guarantee", 44 if width >= 100 else 36, lambda row: (row.title, Tone.PLAIN)),
            Column("Seen", 0, lambda row: (row.seen, Tone.MUTED)),
        ]


class GradeScreen(LiveScreen):
    """The guarantees above, the selected one in full below."""

    CSS_PATH = "grade.tcss"
    AUTO_FOCUS = "#guarantees"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "back", "Back", id="grade.back")]
    mode_name = "forwards"

    guarantees = getters.query_one("#guarantees", GuaranteeList)
    shown = getters.query_one("#guarantee", Static)

    def __init__(self, grade: GradeView) -> None:
        super().__init__()
        self._grade = grade

    def compose_body(self) -> ComposeResult:
        grade = self._grade
        looked = "" if grade.observed else ", by its answers only"
        title = f"{grade.url}: {grade.passed} of {grade.of} guarantees given{looked}"
        yield Pane(title, GuaranteeList(id="guarantees"), id="grade")
        with VerticalScroll(id="guarantee-scroll", can_focus=False):
            yield Static(id="guarantee", markup=False)

    def on_mount(self) -> None:
        rows = self._grade.guarantees
        self.guarantees.rows = rows
        self.guarantees.cursor = next((place for place, row in enumerate(rows) if not row.held), 0)

    def paint(self, update: Update) -> None:
        """Nothing of it changes: it says what was seen when it was graded."""

    @on(RowList.Highlighted, "#guarantees")
    def _guarantee_highlighted(self, message: RowList.Highlighted) -> None:
        row: GuaranteeView | None = message.row
        self.shown.update(Content("") if row is None else in_full(row))

    def action_back(self) -> None:
        self.dismiss()


def in_full(row: GuaranteeView) -> Content:
    facts = [
        ("What", row.title, Tone.STRONG),
        ("Seen", row.seen, Tone.PLAIN if row.held else Tone.BAD),
        ("Mend", row.remedy or "nothing", Tone.PLAIN),
    ]
    return Content("\n").join(
        Content.assemble(toned(f"{name:<8}", Tone.MUTED), toned(text, tone)) for name, text, tone in facts
    )
