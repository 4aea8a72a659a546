"""All events there ever were, narrowed by a filter."""

from __future__ import annotations

from typing import ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Static

from devconsole.event_filter import FAILED, EventFilter, FilterInvalid, read
from devconsole.screens.live import LiveScreen
from devconsole.store import Update
from devconsole.widgets.event_list import EventList
from devconsole.widgets.pane import Pane
from devconsole.widgets.row_list import RowList
from relay.api import ListEvents, ListFilters, SavedFilterView
from relay.errors import RelayError

NO_EVENTS = Content.from_markup(
    "Nothing has arrived yet.\n\n"
    "[$text-primary]t[/]  top up with a test card   "
    "[$text-primary]o[/]  open the Checkout page   "
    "[$text-primary]x[/]  trigger any Stripe event"
)
NO_MATCH = Content.from_markup("No event matches the filter.\n\n[$text-primary]esc[/]  show all events again")
FIELDS = "type: status: company: source: id: mark: note: text: amount>= received: age<  ·  space is AND, OR, -not, ( )"
EXAMPLES = (
    'failed · type:charge.* company:acme-telefon · amount>=50 age<2h · text:"insufficient funds" · -status:ignored'
)


class EventsScreen(LiveScreen):
    """The event list in full width, and a line to filter it."""

    CSS_PATH = "events.tcss"
    AUTO_FOCUS = "#events-list"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", id="events.filter", tooltip="Narrow the list by a few words"),
        Binding(
            "space", "pause", "Pause", id="events.pause", tooltip="Stand still while events arrive, or follow again"
        ),
        Binding("f", "failed_only", "Failed only", id="events.failed-only", tooltip="Only events that failed"),
        Binding("F", "saved", "Filters", id="events.saved", tooltip="Use or delete a saved filter"),
        Binding("S", "save", "Save", id="events.save", tooltip="Save the filter under a name"),
        Binding("ctrl+r", "replay_matching", "Replay these", id="events.replay-matching", tooltip="All that match"),
        Binding("escape", "clear", "All", id="events.clear", tooltip="Remove the filter"),
    ]
    mode_name = "events"

    _saved_rows: tuple[SavedFilterView, ...] = ()
    """As far as they were asked for: when the line is opened."""

    pane = getters.query_one("#events", Pane)
    events = getters.query_one("#events-list", EventList)
    entry = getters.query_one("#filter", Input)
    note = getters.query_one("#filter-note", Static)

    def compose_body(self) -> ComposeResult:
        with Horizontal(id="filter-line"):
            yield Static("Filter", id="filter-label")
            yield Input(placeholder=EXAMPLES, id="filter", compact=True)
        yield Static("", id="filter-note", markup=False)
        yield Pane("Events", EventList(self.console.source.call, id="events-list"), hint=NO_EVENTS, id="events")

    def paint(self, update: Update) -> None:
        if update.reloaded:
            self.events.reload()
        else:
            self.events.arrive(update.events)

    @on(EventList.Changed)
    def _events_changed(self) -> None:
        events = self.events
        shown = events.event_filter
        self.pane.hint(NO_MATCH if shown else NO_EVENTS)
        self.pane.empty = events.loaded and not events.row_count()
        new = f"{events.new_above:,} new ↑ home" if events.new_above else ""
        if events.paused:
            new = f"paused, {events.held_back:,} new" if events.held_back else "paused"
        self.pane.note = " · ".join(filter(None, (events.count_text, str(shown), new)))
        self.set_class(bool(shown), "-filtered")
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "clear":
            return self.is_mounted and (self.has_class("-filtering") or bool(self.events.event_filter))
        if action in ("save", "replay_matching"):
            return self.is_mounted and bool(self.events.event_filter)
        return super().check_action(action, parameters)

    def action_saved(self) -> None:
        self._choose_saved()

    @work(exclusive=True, group="events.saved")
    async def _choose_saved(self) -> None:
        from devconsole.screens.modals.filters import SavedFilters

        if not await self._load_saved():
            return
        chosen = await self.app.push_screen_wait(SavedFilters(self._saved_rows))
        if isinstance(chosen, ListEvents) and chosen.filter is not None:
            self._narrow(read(chosen.filter, now=self.console.now()))
        elif chosen is not None:
            self.console.perform(chosen)

    def action_save(self) -> None:
        from devconsole.screens.modals.filters import SaveFilterForm

        self.console.open_form(SaveFilterForm(str(self.events.event_filter)))

    def action_replay_matching(self) -> None:
        from devconsole.screens.modals.replay_matching import ReplayMatchingForm

        form = ReplayMatchingForm(str(self.events.event_filter), f"{self.events.count_text} events")
        self.console.open_form(form, self.console.open_if_rehearsed)

    async def _load_saved(self) -> bool:
        """Ask for the saved filters; whether there was an answer."""
        try:
            self._saved_rows = (await self.console.source.call(ListFilters())).rows
        except RelayError:
            return False
        return True

    @work(exclusive=True, group="events.saved")
    async def _refresh_saved(self) -> None:
        if await self._load_saved() and self.has_class("-filtering"):
            self._typed()

    def action_filter(self) -> None:
        self.add_class("-filtering")
        self.entry.value = str(self.events.event_filter)
        self.entry.focus()
        self._refresh_saved()

    def action_failed_only(self) -> None:
        only = self.events.event_filter.text == FAILED
        self._narrow(EventFilter() if only else read(FAILED, now=self.console.now()))

    def action_pause(self) -> None:
        self.events.pause(not self.events.paused)
        self._events_changed()

    def action_clear(self) -> None:
        if self.has_class("-filtering"):
            self._leave_entry()
        else:
            self._narrow(EventFilter())

    def _narrow(self, event_filter: EventFilter) -> None:
        self.pane.empty = False
        self.events.narrow(event_filter)
        self.events.focus()

    def _leave_entry(self) -> None:
        self.remove_class("-filtering")
        self.note.update("")
        self.events.focus()

    def _typed(self) -> EventFilter | None:
        """What the line says; None when it says nothing that can be understood, which is shown beside it."""
        try:
            saved = {row.name: row.filter for row in self._saved_rows}
            found = read(self.entry.value, now=self.console.now(), saved=saved)
        except FilterInvalid as invalid:
            self.note.update(f"✗ {invalid}. {invalid.remedy}")
            return None
        self.note.update(FIELDS)
        return found

    @on(Input.Changed, "#filter")
    def _filter_changed(self) -> None:
        self._typed()

    @on(Input.Submitted, "#filter")
    def _filter_submitted(self) -> None:
        if (found := self._typed()) is not None:
            self._leave_entry()
            self._narrow(found)

    @on(RowList.Opened, "#events-list")
    def _event_opened(self, message: RowList.Opened) -> None:
        self.console.open_event(message.row.event_id, self.events)
