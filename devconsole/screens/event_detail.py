"""One event in full: what came of it and why, what it caused, how it was delivered, and what it says."""

from __future__ import annotations

from typing import ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.content import Content
from textual.widgets import Static

from devconsole import looks
from devconsole.effects import Trial, effects, sentence, trials
from devconsole.format import ABSENT, clock, count, latency, moment, money, relative
from devconsole.looks import Tone, toned
from devconsole.screens.live import LiveScreen
from devconsole.store import Update
from devconsole.wanted import Wanted
from devconsole.widgets.document import Document, headers_text
from devconsole.widgets.effect_list import EffectList, TrialList
from devconsole.widgets.event_list import EventList
from devconsole.widgets.pane import Pane
from devconsole.widgets.row_list import RowList
from relay.api import EventDetail, EventView, ShowEvent
from relay.errors import OperationRefused, RelayError

NOTHING_CAUSED = "This event changed nothing. The line at the top says why."


class EventDetailScreen(LiveScreen):
    """Opened from a list; left and right go to its neighbours there."""

    CSS_PATH = "event_detail.tcss"
    AUTO_FOCUS = "#effects-list"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "app.replay", "Replay", id="event.replay", tooltip="Deliver this event again, freshly signed"),
        Binding("escape", "back", "Back", id="event.back"),
        Binding("left", "step(1)", "Older", id="event.older", tooltip="The event before this one"),
        Binding("right", "step(-1)", "Newer", id="event.newer", tooltip="The event after this one"),
        Binding("w", "app.why", "Why", id="event.why", tooltip="Everything that it caused and that caused it"),
        Binding("D", "app.rehearse", "Dry run", id="event.rehearse", tooltip="Try a replay on a copy of the database"),
        Binding("E", "app.edit_event", "Edit", id="event.edit", tooltip="Edit the body, sign it anew, send it"),
        Binding("M", "app.mark_event", "Mark", id="event.mark", tooltip="A word and a note"),
        Binding("v", "view", "View", id="event.view", tooltip="Switch between payload and headers"),
        Binding("y", "copy_id", "Copy id", id="event.copy-id", tooltip="Copy the event's id"),
        Binding("s", "as_scenario", "As scenario", id="event.as-scenario", tooltip="A file that tells what led to it"),
    ]
    mode_name = "events"

    head = getters.query_one("#event-head", Static)
    effects_pane = getters.query_one("#effects", Pane)
    effects_list = getters.query_one("#effects-list", EffectList)
    trials_list = getters.query_one("#trials-list", TrialList)
    document_pane = getters.query_one("#document", Pane)
    document = getters.query_one(Document)

    def __init__(self, event: str, *, among: EventList | None = None) -> None:
        super().__init__()
        self._reference = event
        self._among = among
        self._detail: EventDetail | None = None

    @property
    def selected(self) -> EventView | None:
        """What replay and the forms are about."""
        return self._detail.event if self._detail is not None else None

    def compose_body(self) -> ComposeResult:
        yield Static("Loading ...", id="event-head", markup=False)
        with Container(id="event-body"):
            yield Pane("What it caused", EffectList(id="effects-list"), hint=NOTHING_CAUSED, id="effects")
            yield Pane("Payload", Document(id="document-body"), id="document")
            yield Pane("Deliveries and attempts", TrialList(id="trials-list"), id="trials")

    def paint(self, update: Update) -> None:
        shown = self.selected
        if update.reloaded or shown is None or any(event.id == shown.id for event in update.events):
            # After the first layout: an answer that overtakes it would be painted, but not given its room.
            self.call_after_refresh(self._load_event, self._reference)

    @work(exclusive=True, group="event.load")
    async def _load_event(self, reference: str) -> None:
        try:
            detail = await self.console.source.call(ShowEvent(event=reference))
        except OperationRefused as error:
            self.notify(error.problem.message, title="No such event", severity="warning", markup=False)
        except RelayError:
            return  # the notice says that the connection is lost; after it returned everything is loaded again
        else:
            self._show_event(detail)

    def _show_event(self, detail: EventDetail) -> None:
        self._detail, self._reference = detail, detail.event.event_id
        self.head.update(self._heading(detail))
        caused = effects(detail)
        self.effects_list.rows = caused
        self.effects_pane.empty = not caused
        self.trials_list.rows = trials(detail)
        self.document.fill({"Payload": detail.payload, "Headers": headers_text(detail.headers)})
        self.refresh_bindings()

    def _heading(self, detail: EventDetail) -> Content:
        event = detail.event
        look = looks.event(event.status)
        first = Content.assemble(toned(f"{look}  ", look.tone), toned(sentence(detail), Tone.STRONG))
        facts = (event.type, event.company_slug or "no company", money(event.amount_cents, event.currency))
        second = Content.assemble(toned(" · ".join(fact for fact in facts if fact != ABSENT), Tone.PLAIN))
        came = f"{event.event_id} · received {moment(event.received_at)} from {event.source}"
        lines = [first, second, Content.assemble(toned(came, Tone.MUTED))]
        if noted := " ".join(filter(None, (event.mark, event.note))):
            lines.append(Content.assemble(toned(f"★ {noted}", Tone.ACCENT)))
        return Content("\n").join([*lines, Content.assemble(toned(self._way(detail), Tone.MUTED))])

    def _way(self, detail: EventDetail) -> str:
        """How the door and the worker took it, in one line."""
        event, parts = detail.event, []
        if detail.deliveries:
            newest = max(detail.deliveries, key=lambda delivery: delivery.id)
            parts.append(f"signature ✓ {newest.secret_label}" if newest.secret_label else newest.reason)
            parts.append(f"answered {newest.http_status} in {latency(newest.latency_us)}")
            parts.append(count(len(detail.deliveries), "delivery", "deliveries"))
        if detail.attempts:
            parts.append(count(len(detail.attempts), "attempt"))
        if event.next_attempt_at is not None:
            away = relative(event.next_attempt_at, now=self.console.clock.now())
            parts.append(f"next try {away}, at {clock(event.next_attempt_at)}")
        return " · ".join(parts)

    def action_back(self) -> None:
        self.dismiss()

    def action_step(self, step: int) -> None:
        shown = self.selected
        if shown is None:
            return
        neighbour = self._among.neighbour(shown.id, step) if self._among is not None else None
        if neighbour is not None and self._among is not None:
            self._among.select(neighbour.id)
            self._load_event(neighbour.event_id)
        elif self._among is None or not self._among.event_filter:
            self._load_event(str(shown.id - step))

    def action_view(self) -> None:
        """Wide: payload or headers. Narrow: the story, then the payload, then the headers."""
        if self.has_class("-narrow") and not self.has_class("-document"):
            self.add_class("-document")
        elif self.has_class("-narrow") and self.document.is_at_last:
            self.document.turn()
            self.remove_class("-document")
            self.effects_list.focus()
            return
        else:
            self.document.turn()
        self.document_pane.rename(self.document.title)
        self.document.view.focus()

    def action_as_scenario(self) -> None:
        if (shown := self.selected) is not None:
            self.console.keep_story(Wanted(event=shown.event_id))

    def action_copy_id(self) -> None:
        if (shown := self.selected) is not None:
            self.app.copy_to_clipboard(shown.event_id)
            self.notify(shown.event_id, title="Copied", markup=False)

    @on(RowList.Opened, "#effects-list")
    def _effect_opened(self, message: RowList.Opened) -> None:
        self.console.open_company(message.row.company_slug)

    @on(RowList.Opened, "#trials-list")
    def _trial_opened(self, message: RowList.Opened) -> None:
        trial: Trial = message.row
        kind, _, number = trial.id.partition("_")
        if kind == "delivery":
            self.console.open_delivery(int(number))
        elif kind == "forward":
            self.console.open_forward(int(number))
        else:
            self._open_attempt(trial)

    def _open_attempt(self, attempt: Trial) -> None:
        """All that it said; its line in the list may be cut."""
        from devconsole.screens.modals.detail import Detail

        facts = (
            ("Outcome", str(attempt.look), attempt.look.tone),
            ("When", moment(attempt.at), Tone.PLAIN),
            ("Took", attempt.took, Tone.PLAIN),
            ("Why", attempt.detail, Tone.STRONG),
        )
        self.app.push_screen(Detail(attempt.what.capitalize(), facts))
