"""What was written down about all companies: ledger, invoices, notices, audit trail, operations."""

from __future__ import annotations

from typing import ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import TabbedContent, TabPane

from devconsole.records import OF_ALL
from devconsole.screens.live import LiveScreen
from devconsole.store import Update
from devconsole.widgets.record_pane import RecordPane
from devconsole.widgets.row_list import RowList
from relay.api import AuditView, InvoiceView, LedgerView, NoticeView


class RecordsScreen(LiveScreen):
    """One tab for each list; enter shows a row in full, and from there one goes to what it belongs to."""

    CSS_PATH = "records.tcss"
    AUTO_FOCUS = "#ledger"
    mode_name = "records"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right", "turn(1)", "Next tab", key_display="→", id="records.next-tab"),
        Binding("w", "app.why", "Why", tooltip="Cause and effect of the selected row"),
        Binding("left", "turn(-1)", "Previous tab", show=False, id="records.previous-tab"),
    ]

    tabs = getters.query_one("#records", TabbedContent)

    def compose_body(self) -> ComposeResult:
        with TabbedContent(id="records"):
            for record in OF_ALL:
                with TabPane(record.title, id=f"tab-{record.name}"):
                    yield RecordPane(record, self.console.source.call)

    @property
    def pane(self) -> RecordPane:
        """The list that is looked at."""
        return self.query_one(f"#{self.tabs.active} RecordPane", RecordPane)

    @property
    def selected(self) -> LedgerView | InvoiceView | NoticeView | AuditView | None:
        return self.pane.rows.selected

    def turn_to(self, name: str) -> None:
        """Show the list of that name."""
        self.tabs.active = f"tab-{name}"

    def action_turn(self, step: int) -> None:
        names = [record.name for record in OF_ALL]
        self.turn_to(names[(names.index(self.pane.record.name) + step) % len(names)])

    def paint(self, update: Update) -> None:
        for pane in self.query(RecordPane):
            pane.paint(update, seen=pane is self.pane)

    @on(TabbedContent.TabActivated)
    def _tab_activated(self, message: TabbedContent.TabActivated) -> None:
        message.stop()
        self.pane.rows.focus()
        if self.snapshot.loaded:
            self.pane.look()

    @on(RecordPane.Counted)
    def _counted(self, message: RecordPane.Counted) -> None:
        message.stop()
        title, total = message.pane.record.title, message.total
        self.tabs.get_tab(f"tab-{message.pane.record.name}").label = Content(f"{title} {total:,}" if total else title)

    @on(RowList.Opened)
    def _row_opened(self, message: RowList.Opened) -> None:
        message.stop()
        self.console.open_row(message.row)
