"""Why: from any id to its first cause, and everything that followed from it."""

from __future__ import annotations

from typing import ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import ScrollableContainer
from textual.widgets import Static

from devconsole.format import count
from devconsole.refresher import Refresher
from devconsole.screens.live import LiveScreen
from devconsole.sequence import sequence
from devconsole.store import Update
from devconsole.widgets.pane import Pane
from devconsole.widgets.row_list import RowList
from devconsole.widgets.trace_list import TraceList
from relay.api import FeedKind, ShowTrace, Trace, TraceNode
from relay.errors import OperationRefused, RelayError

TELLING = frozenset(
    {
        *(FeedKind.EVENT, FeedKind.DELIVERY, FeedKind.LEDGER, FeedKind.TOPUP, FeedKind.CALL),
        *(FeedKind.DECISION, FeedKind.NOTICE),
    }
)


class TraceScreen(LiveScreen):
    """The tree above, the selected step in full below; enter opens it."""

    CSS_PATH = "trace.tcss"
    AUTO_FOCUS = "#trace-list"
    mode_name = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="trace.back"),
        Binding("v", "view", "View", id="trace.view", tooltip="A tree of causes, or who spoke to whom"),
    ]

    pane = getters.query_one("#trace", Pane)
    steps = getters.query_one("#trace-list", TraceList)
    step_in_full = getters.query_one("#trace-step", Static)
    drawing = getters.query_one("#trace-drawing", Static)

    def __init__(self, reference: str) -> None:
        super().__init__()
        self.reference = reference
        self._refresher = Refresher(self._load_trace)

    def compose_body(self) -> ComposeResult:
        yield Pane(f"Why {self.reference}", TraceList(id="trace-list"), hint="Loading ...", id="trace")
        yield Static(id="trace-step", markup=False)
        with ScrollableContainer(id="trace-drawing-scroll"):
            yield Static(id="trace-drawing", markup=False)

    def on_mount(self) -> None:
        self.run_worker(self._refresher.run(), group="trace")

    @property
    def selected(self) -> TraceNode | None:
        return self.steps.selected

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        self.drawing.update("\n".join(sequence(self.steps.rows, width=self.size.width - 4)))

    def action_view(self) -> None:
        self.toggle_class("-drawn")
        (self.query_one("#trace-drawing-scroll") if self.has_class("-drawn") else self.steps).focus()

    def action_back(self) -> None:
        self.app.pop_screen()

    def paint(self, update: Update) -> None:
        if update.reloaded or update.kinds & TELLING:
            self._refresher.outdated()

    async def _load_trace(self) -> None:
        try:
            trace = await self.console.source.call(ShowTrace(id=self.reference))
        except OperationRefused as error:
            self.pane.empty = True
            self.pane.hint(str(error))
        except RelayError:
            return  # the notice says that the connection is lost; after it returned everything is loaded again
        else:
            self._show_trace(trace)

    def _show_trace(self, trace: Trace) -> None:
        first = not self.steps.rows
        self.steps.rows = trace.nodes
        self.pane.empty = False
        self.pane.note = count(len(trace.nodes), "step")
        self._draw()
        if first:
            asked = [place for place, node in enumerate(trace.nodes) if node.reference == self.reference]
            self.steps.cursor = asked[0] if asked else 0

    @on(RowList.Highlighted, "#trace-list")
    def _step_highlighted(self, message: RowList.Highlighted) -> None:
        message.stop()
        node: TraceNode | None = message.row
        self.step_in_full.update("" if node is None else f"{node.reference} · {node.title}\n{node.detail}")

    @on(RowList.Opened, "#trace-list")
    def _step_opened(self, message: RowList.Opened) -> None:
        message.stop()
        self.console.open_row(message.row)
