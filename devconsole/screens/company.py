"""One company: what it has, why, what it paid, whom it called, what it may spend, and what was written down of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Static, TabbedContent, TabPane

from devconsole.records import OF_A_COMPANY
from devconsole.screens.live import LiveScreen
from devconsole.store import Snapshot, Update
from devconsole.widgets.call_table import CallTable
from devconsole.widgets.company_header import CompanyHeader
from devconsole.widgets.decision_table import DecisionTable
from devconsole.widgets.explanation import Explanation
from devconsole.widgets.ledger_table import LedgerTable
from devconsole.widgets.limits_pane import LimitsPane
from devconsole.widgets.record_pane import RecordPane
from devconsole.widgets.row_list import RowList, TupleList
from devconsole.widgets.settings_card import SettingsCard
from devconsole.widgets.topup_table import TopupTable
from devconsole.widgets.usage_pane import UsagePane
from relay.api import (
    CallView,
    CompanyView,
    DecisionView,
    LedgerView,
    ListCalls,
    ListDecisions,
    ListLedger,
    ListTopups,
    ShowCompany,
    TopupView,
)
from relay.errors import RelayError

SHOWN = 200
"""Rows of each list that are asked for."""
RELOAD_GAP_S = 0.25
"""Between two loads at least: what changes faster is loaded together."""

EMPTY = {
    "ledger": "Nothing has been booked yet.\n\n"
    "[$text-primary]t[/]  top up with a test card\n[$text-primary]c[/]  simulate a call",
    "topups": "No top-up yet.\n\n"
    "[$text-primary]t[/]  charge a test card\n[$text-primary]o[/]  pay on the Checkout page, as a customer does",
    "calls": "No call yet.\n\n[$text-primary]c[/]  simulate one, or start one that ticks",
    "decisions": "No decision yet: every call asks whether a top-up is due, and the answer is kept here.\n\n"
    "[$text-primary]a[/]  set an automatic top-up\n[$text-primary]c[/]  simulate a call",
}


@dataclass(frozen=True, slots=True)
class CompanyPage:
    """All that is shown of a company, as of one moment."""

    company: CompanyView
    ledger: tuple[LedgerView, ...] = ()
    topups: tuple[TopupView, ...] = ()
    calls: tuple[CallView, ...] = ()
    decisions: tuple[DecisionView, ...] = ()


class CompanyScreen(LiveScreen):
    """Header and tabs. What is selected in a list is what the keys are about."""

    CSS_PATH = "company.tcss"
    AUTO_FOCUS = "#ledger"
    mode_name = "companies"
    BINDINGS = [
        Binding("escape", "back", "Back", id="company.back"),
        Binding("right", "turn(1)", "Next tab", key_display="→", id="company.next-tab"),
        Binding("w", "app.why", "Why", tooltip="Cause and effect of the selected row"),
        Binding("left", "turn(-1)", "Previous tab", show=False, id="company.previous-tab"),
    ]

    page: reactive[CompanyPage | None] = reactive(None, init=False)
    """Replaced as a whole, only by `PageLoaded`."""

    tabs = getters.query_one("#tabs", TabbedContent)
    header = getters.query_one(CompanyHeader)
    settings = getters.query_one(SettingsCard)

    @dataclass
    class PageLoaded(Message):
        page: CompanyPage

    @dataclass
    class PageFailed(Message):
        error: RelayError

    def __init__(self, company: str) -> None:
        """`company` is a slug."""
        super().__init__()
        self._slug = company
        self._seen: tuple[Any, ...] = ()
        self._loading = self._stale = False

    # 1 Structure.

    def compose_body(self) -> ComposeResult:
        yield CompanyHeader(self.console.clock.now)
        with TabbedContent(id="tabs"):
            yield from self._tab("Ledger", LedgerTable(id="ledger"))
            yield from self._tab("Top-ups", TopupTable(id="topups"))
            yield from self._tab("Calls", CallTable(self.console.clock.now, id="calls"))
            yield from self._tab("Auto top-up", DecisionTable(id="decisions"), SettingsCard())
            call = self.console.source.call
            with TabPane("Spending", id="tab-limits"):
                yield LimitsPane(call, self.console.now, UsagePane(call, company=self._slug), company=self._slug)
            for record in OF_A_COMPANY:
                with TabPane(record.title, id=f"tab-{record.name}"):
                    yield RecordPane(record, call, company=self._slug)

    def _tab(self, title: str, rows: TupleList[Any], *above: Widget) -> ComposeResult:
        with TabPane(title, id=f"tab-{rows.id}"):
            yield from above
            yield rows
            yield Explanation()
            yield Static(Content.from_markup(EMPTY[str(rows.id)]), classes="company-empty")

    @property
    def selected(self) -> CompanyView | None:
        """What the keys are about when no row is."""
        return self._company(self.snapshot)

    # 2 Keys end here.

    def action_back(self) -> None:
        self.app.pop_screen()

    def action_turn(self, step: int) -> None:
        panes = [str(pane.id) for pane in self.query(TabPane)]
        self.tabs.active = panes[(panes.index(self.tabs.active) + step) % len(panes)]

    # 3 The only code that waits for the server.

    def reload(self) -> None:
        """Load now, or once more after the load that is under way."""
        if self._loading:
            self._stale = True
            return
        self._loading, self._stale = True, False
        self._load_page()

    @work(group="company.load")
    async def _load_page(self) -> None:
        call, slug = self.console.source.call, self._slug
        try:
            company, ledger, topups, calls, decisions = await asyncio.gather(
                call(ShowCompany(company=slug)),
                call(ListLedger(company=slug, limit=SHOWN)),
                call(ListTopups(company=slug, limit=SHOWN)),
                call(ListCalls(company=slug, limit=SHOWN)),
                call(ListDecisions(company=slug, limit=SHOWN)),
            )
        except RelayError as error:
            self.post_message(self.PageFailed(error))
        else:
            page = CompanyPage(company, ledger.rows, topups.rows, calls.rows, decisions.rows)
            self.post_message(self.PageLoaded(page))
        self.set_timer(RELOAD_GAP_S, self._load_ended)

    def _load_ended(self) -> None:
        self._loading = False
        if self._stale:
            self.reload()

    # 4 Messages and updates change the state.

    def paint(self, update: Update) -> None:
        """Figures follow the snapshot at once; the lists are loaded anew when something of this company changed."""
        self._paint_figures()
        for pane in self.query(RecordPane):
            pane.paint(update, seen=f"tab-{pane.record.name}" == self.tabs.active)
        seen = _traces(update.snapshot, self._slug)
        if update.reloaded or seen != self._seen:
            self._seen = seen
            self.reload()
            self.query_one(LimitsPane).look()
            self.query_one(UsagePane).look()

    @on(PageLoaded)
    def _page_loaded(self, message: PageLoaded) -> None:
        message.stop()
        self.page = message.page

    @on(PageFailed)
    def _page_failed(self, message: PageFailed) -> None:
        message.stop()
        self.notify(str(message.error), title="Not loaded", severity="error", markup=False)

    @on(TabbedContent.TabActivated)
    def _tab_activated(self, message: TabbedContent.TabActivated) -> None:
        message.stop()
        message.pane.query("RowList, LimitsPane").first().focus()
        if self.snapshot.loaded:
            for pane in message.pane.query(RecordPane):
                pane.look()

    @on(RowList.Opened)
    def _row_opened(self, message: RowList.Opened) -> None:
        message.stop()
        self.console.open_row(message.row)

    @on(RowList.Highlighted)
    def _row_highlighted(self, message: RowList.Highlighted) -> None:
        message.stop()
        self.query_one(f"#tab-{message.row_list.id}").query_one(Explanation).explain(message.row)

    @on(RecordPane.Counted)
    def _records_counted(self, message: RecordPane.Counted) -> None:
        message.stop()
        self._count(message.pane.record.name, message.total)

    # 5 State paints the children.

    def watch_page(self, page: CompanyPage) -> None:
        self._paint_figures()
        for name, rows in (
            ("ledger", page.ledger),
            ("topups", page.topups),
            ("calls", page.calls),
            ("decisions", page.decisions),
        ):
            self.query_one(f"#{name}", TupleList).rows = rows
            self.query_one(f"#tab-{name}").set_class(not rows, "-empty")
            if name != "decisions":
                self._count(name, len(rows))

    def _count(self, name: str, rows: int) -> None:
        """Beside the title of a tab."""
        tab = self.tabs.get_tab(f"tab-{name}")
        title = tab.label_text.rstrip("0123456789,+ ")
        tab.label = Content(f"{title} {rows}{'+' if rows == SHOWN else ''}" if rows else title)

    def _paint_figures(self) -> None:
        company = self._company(self.snapshot)
        self.header.company = self.settings.company = company
        self.settings.now = self.console.clock.now()
        calls = self.page.calls if self.page is not None else ()
        self.header.running = tuple(call for call in calls if call.status == "in_progress")

    def _company(self, snapshot: Snapshot) -> CompanyView | None:
        known = next((company for company in snapshot.companies if company.slug == self._slug), None)
        return known or (self.page.company if self.page is not None else None)


def _traces(snapshot: Snapshot, slug: str) -> tuple[Any, ...]:
    """What in a snapshot belongs to the company; when this changes, its lists have changed."""
    rows: tuple[CallView | TopupView | DecisionView, ...] = (*snapshot.calls, *snapshot.topups, *snapshot.decisions)
    company = next((company for company in snapshot.companies if company.slug == slug), None)
    return (company, *(row for row in rows if row.company_slug == slug))
