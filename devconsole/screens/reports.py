"""Reports: the questions that people ask of the tables again and again, as a table, a chart and a file."""

from __future__ import annotations

from typing import ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from devconsole.exports import as_csv
from devconsole.format import count, day
from devconsole.looks import Tone, toned
from devconsole.refresher import Refresher
from devconsole.reports.catalogue import CHOICES, EMPTY, TRY, WITHOUT_PERIOD, ReportChoice
from devconsole.reports.chart import chart_of
from devconsole.screens.live import LiveScreen
from devconsole.store import Update
from devconsole.widgets.chart import ChartView
from devconsole.widgets.pane import Pane
from devconsole.widgets.report_list import ReportList
from devconsole.widgets.report_table import ReportTable
from devconsole.widgets.row_list import RowList
from relay.api import FeedKind, Report, RunReport
from relay.errors import OperationRefused, RelayError

PERIODS = (1, 7, 30, 60, 90, 366)
"""Days back that the arrow keys step through; between them lies what is usual for the report."""
TELLING = frozenset({FeedKind.LEDGER, FeedKind.BALANCE, FeedKind.TOPUP, FeedKind.CALL, FeedKind.EVENT})


class ReportsScreen(LiveScreen):
    """The reports to the left; the chosen one to the right: what it answers, its chart, its rows."""

    CSS_PATH = "reports.tcss"
    AUTO_FOCUS = "#reports-list"
    mode_name = "reports"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "period(-1)", "Shorter", key_display="←", id="reports.shorter", tooltip="Look less far back"),
        Binding("right", "period(1)", "Longer", key_display="→", id="reports.longer", tooltip="Look further back"),
        Binding("v", "view", "Chart", id="reports.view", tooltip="Show the chart, or only the table"),
        Binding("E", "export", "CSV", id="reports.export", tooltip="Write the report to a file"),
    ]

    report: reactive[Report | None] = reactive(None, init=False)
    """What is shown; replaced as a whole with each answer."""

    chooser = getters.query_one("#reports-list", ReportList)
    pane = getters.query_one("#report", Pane)
    chart = getters.query_one(ChartView)
    table = getters.query_one(ReportTable)
    row_in_full = getters.query_one("#report-row", Static)

    def __init__(self) -> None:
        super().__init__()
        self._refresher = Refresher(self._run_report)
        self._days: dict[str, int] = {}
        self._wanted: str | None = None

    # 1 Structure.

    def compose_body(self) -> ComposeResult:
        with Horizontal(id="reports-body"):
            yield Pane("Reports", ReportList(id="reports-list"), id="reports")
            body = Vertical(
                Static(id="report-question"), ChartView(), ReportTable(), Static(id="report-row", markup=False)
            )
            yield Pane("Report", body, id="report")

    def on_mount(self) -> None:
        self.chooser.rows = CHOICES
        self.run_worker(self._refresher.run(), group="report")

    @property
    def selected(self) -> object | None:
        """What the keys are about: nothing but the company of the selected row."""
        return _Owner(str(slug)) if (slug := self.table.fact("company")) else None

    @property
    def choice(self) -> ReportChoice:
        return self.chooser.selected or CHOICES[0]

    @property
    def days(self) -> int | None:
        """How far back was asked; None for what is usual."""
        return self._days.get(self.choice.name)

    # 2 Keys end here.

    def choose(self, name: str) -> None:
        """Show the report of that name."""
        self._wanted = name
        if self.is_mounted and self.chooser.rows:
            self._choose_wanted()

    def _choose_wanted(self) -> None:
        if self._wanted is not None:
            self.chooser.cursor = [choice.name for choice in CHOICES].index(self._wanted)
            self._wanted = None

    def action_period(self, step: int) -> None:
        if self.choice.name in WITHOUT_PERIOD:
            return
        now = self.days or self.choice.days
        further = [days for days in (PERIODS if step > 0 else PERIODS[::-1]) if (days - now) * step > 0]
        if further:
            self._days[self.choice.name] = further[0]
            self._refresher.outdated()

    def action_view(self) -> None:
        self.toggle_class("-table-only")

    def action_export(self) -> None:
        if self.report is None:
            return
        name = f"{self.report.name}-{day(self.console.now())}.csv"
        self.console.export(name, (as_csv(self.report) + "\n").encode(), title=self.report.title)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "period":
            return self.is_mounted and self.choice.name not in WITHOUT_PERIOD
        if action == "view":
            return self.is_mounted and self.chart.chart is not None
        return super().check_action(action, parameters)

    # 3 The only code that waits for the server.

    def paint(self, update: Update) -> None:
        if update.reloaded or update.kinds & TELLING:
            self._refresher.outdated()

    async def _run_report(self) -> None:
        choice, days = self.choice, self.days
        try:
            report = await self.console.source.call(RunReport(report=choice.name, days=days))
        except OperationRefused as error:
            self.notify(str(error), title="Not loaded", severity="error", markup=False)
        except RelayError:
            return  # the notice says that the connection is lost; after it returned everything is loaded again
        else:
            self.report = report

    # 4 Messages change the state.

    @on(RowList.Highlighted, "#reports-list")
    def _report_chosen(self, message: RowList.Highlighted) -> None:
        message.stop()
        self._choose_wanted()
        self._refresher.outdated()

    @on(RowList.Opened, "#reports-list")
    def _report_opened(self, message: RowList.Opened) -> None:
        message.stop()
        self.table.focus()

    @on(RowList.Highlighted, "ReportTable")
    def _row_highlighted(self, message: RowList.Highlighted) -> None:
        message.stop()
        self.row_in_full.update(self.table.in_full())

    @on(RowList.Opened, "ReportTable")
    def _row_opened(self, message: RowList.Opened) -> None:
        message.stop()
        if (topup := self.table.fact("topup_id")) is not None:
            self.console.open_reference(f"topup_{topup}")
        elif (company := self.table.fact("company")) is not None:
            self.console.open_company(str(company))

    # 5 State paints the children.

    def watch_report(self, report: Report) -> None:
        self.pane.rename(report.title)
        self.pane.hint(_hint(report.name))
        self.pane.empty = not report.rows
        self.chart.chart = chart_of(report)
        self.table.report = report
        self.row_in_full.update(self.table.in_full())
        self.call_after_refresh(self._note_size)
        self.refresh_bindings()

    def on_resize(self) -> None:
        if self.report is not None:
            self._note_size()

    def _note_size(self) -> None:
        report = self.report
        if report is None:
            return
        self.pane.note = count(len(report.rows), "row") if report.rows else ""
        self.query_one("#report-question", Static).update(Content.assemble(toned(self.choice.question, Tone.MUTED)))
        hidden = self.table.hidden
        self.row_in_full.border_title = f"with {count(hidden, 'column')} more" if report.rows and hidden else None


class _Owner:
    """Lends its company to the forms."""

    def __init__(self, slug: str) -> None:
        self.company_slug = slug


def _hint(name: str) -> Content:
    """What an empty report means, and how to fill it."""
    lines = [Content(EMPTY.get(name, "Nothing to report."))]
    if (remedy := TRY.get(name)) is not None:
        key, _, what = remedy.partition("|")
        lines += [Content(""), Content.assemble((key, "$text-primary"), f"  {what}")]
    if name not in WITHOUT_PERIOD:
        lines.append(Content.assemble(("→", "$text-primary"), "  look further back"))
    return Content("\n").join(lines)
