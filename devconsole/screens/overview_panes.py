"""The four lists of the overview. Loaded once the first frame is on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content

from devconsole.widgets.balance_list import BalanceList
from devconsole.widgets.call_list import CallList
from devconsole.widgets.decision_list import DecisionList
from devconsole.widgets.event_list import EventList
from devconsole.widgets.pane import Pane
from devconsole.widgets.row_list import RowList

if TYPE_CHECKING:
    from devconsole.app import DevConsole
    from devconsole.store import Snapshot, Update

NO_EVENTS = Content.from_markup(
    "Nothing has arrived yet.\n\n"
    "[$text-primary]t[/]  top up with a test card and watch the money arrive\n"
    "[$text-primary]o[/]  open the Checkout page in the browser\n"
    "[$text-primary]x[/]  trigger any Stripe event"
)
NO_COMPANIES = Content.from_markup("No company yet.\n\n[$text-primary]n[/]  create one")
NO_CALLS = Content.from_markup("No call yet.\n\n[$text-primary]c[/]  simulate one and see what it costs")
NO_DECISIONS = Content.from_markup(
    "No decision yet.\n\n[$text-primary]a[/]  set an automatic top-up, then [$text-primary]d[/] drain the balance"
)


class OverviewPanes(Container):
    """Events on top; below them balances and calls; then what the automatic top-up decided."""

    events_pane = getters.query_one("#events", Pane)
    events = getters.query_one("#events-list", EventList)
    balances = getters.query_one("#balances-list", BalanceList)
    calls = getters.query_one("#calls-list", CallList)
    decisions = getters.query_one("#decisions-list", DecisionList)

    def __init__(self, shell: DevConsole) -> None:
        super().__init__(id="overview")
        self._shell = shell

    def compose(self) -> ComposeResult:
        events = EventList(self._shell.source.call, id="events-list")
        yield Pane("Live events", events, hint=NO_EVENTS, id="events")
        yield Pane("Balances", BalanceList(id="balances-list"), hint=NO_COMPANIES, id="balances")
        yield Pane("Calls", CallList(self._shell.now, id="calls-list"), hint=NO_CALLS, id="calls")
        decisions = DecisionList(id="decisions-list")
        yield Pane("Automatic top-up decisions", decisions, hint=NO_DECISIONS, id="decisions")

    def paint(self, update: Update) -> None:
        """Show what changed."""
        snapshot = update.snapshot
        if update.reloaded:
            self.events.reload()
        else:
            self.events.arrive(update.events)
        self.balances.rows = snapshot.companies
        self.calls.rows = snapshot.calls
        self.decisions.rows = snapshot.decisions
        self._say_what_is_empty(snapshot)

    def _say_what_is_empty(self, snapshot: Snapshot) -> None:
        for name, rows in (
            ("#events", snapshot.events),
            ("#balances", snapshot.companies),
            ("#calls", snapshot.calls),
            ("#decisions", snapshot.decisions),
        ):
            self.query_one(name, Pane).empty = not rows

    @on(EventList.Changed)
    def _events_changed(self) -> None:
        new = self.events.new_above
        self.events_pane.note = f"{new:,} new ↑ home" if new else ""

    @on(RowList.Opened, "#events-list")
    def _event_opened(self, message: RowList.Opened) -> None:
        self._shell.open_event(message.row.event_id, self.events)

    @on(RowList.Opened, "#balances-list")
    def _company_opened(self, message: RowList.Opened) -> None:
        self._shell.open_company(message.row.slug)

    @on(RowList.Opened, "#decisions-list")
    @on(RowList.Opened, "#calls-list")
    def _owner_opened(self, message: RowList.Opened) -> None:
        self._shell.open_company(message.row.company_slug)
