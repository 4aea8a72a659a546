"""Forwarding: the applications that get a copy of each delivery, how they are doing, and what each was sent."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from devconsole.format import moment, span
from devconsole.looks import Tone, toned
from devconsole.screens.live import LiveScreen
from devconsole.store import Update
from devconsole.widgets.forward_lists import ForwardList, TargetList, health
from devconsole.widgets.pane import Pane
from devconsole.widgets.row_list import RowList
from relay.api import (
    FeedKind,
    ForwardTargetView,
    GradeForwardTarget,
    GradeView,
    ListForwardTargets,
    NewForwardTarget,
    PauseForwardTarget,
    ResumeForwardTarget,
    RetryForwards,
    ShowForwardTarget,
)
from relay.errors import RelayError

NOTHING = Content.from_markup(
    "Nothing is passed on yet.\n\n"
    "[$text-primary]+[/]  add an application of yours: it gets each delivery in order,\n"
    "   signed with a secret of its own, and again until it takes it;\n"
    "   every answer is kept here\n"
    "[$text-primary]x[/]  then trigger an event and watch it arrive"
)
NOTHING_SENT = Content.from_markup("Nothing was sent to it yet. [$text-primary]x[/] triggers an event.")
TELLING = frozenset({FeedKind.DELIVERY, FeedKind.STATUS})
"""Changes after which forwards may look otherwise."""
RELOAD_EVERY_S = 0.3


class ForwardsScreen(LiveScreen):
    """Targets above, what the selected one was sent below."""

    CSS_PATH = "forwards.tcss"
    AUTO_FOCUS = "#targets-list"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("plus", "add", "Add", id="forwards.add", tooltip="Pass deliveries on to an application of yours"),
        Binding("r", "retry", "Retry", id="forwards.retry", tooltip="Send the selected one, or all that failed, again"),
        Binding("p", "pause", "Pause/resume", id="forwards.pause", tooltip="What arrives meanwhile waits"),
        Binding("v", "grade", "Grade", id="forwards.grade", tooltip="Which of twelve guarantees its handler gives"),
        Binding("delete", "remove", "Remove", id="forwards.remove", tooltip="Forget the target and its secret"),
    ]
    mode_name = "forwards"

    targets_pane = getters.query_one("#targets", Pane)
    targets = getters.query_one("#targets-list", TargetList)
    sent_pane = getters.query_one("#sent", Pane)
    sent = getters.query_one("#sent-list", ForwardList)
    about = getters.query_one("#about", Static)

    def __init__(self) -> None:
        super().__init__()
        self._outdated = asyncio.Event()

    def compose_body(self) -> ComposeResult:
        yield Pane("Forwards", TargetList(id="targets-list"), hint=NOTHING, id="targets")
        yield Static(id="about", markup=False)
        yield Pane("Sent", ForwardList(self.console.clock.now, id="sent-list"), hint=NOTHING_SENT, id="sent")

    def paint(self, update: Update) -> None:
        if update.reloaded or update.kinds & TELLING:
            self._outdated.set()

    def on_mount(self) -> None:
        self._load_forwards()

    @work(exclusive=True, group="forwards")
    async def _load_forwards(self) -> None:
        """Ask again after each change that may matter, a few times a second at most."""
        while True:
            await self._outdated.wait()
            self._outdated.clear()
            try:
                await self._ask()
            except RelayError:
                continue  # the notice says that the connection is lost; with the reload that follows it is asked again
            await asyncio.sleep(RELOAD_EVERY_S)

    async def _ask(self) -> None:
        page = await self.console.source.call(ListForwardTargets())
        self.targets.rows = page.rows
        self.targets_pane.empty = not page.rows
        self.targets_pane.note = str(len(page.rows)) if page.rows else ""
        self.set_class(not page.rows, "-nothing")
        self.refresh_bindings()
        if (target := self.targets.selected) is None:
            self.sent.rows = ()
            return
        detail = await self.console.source.call(ShowForwardTarget(target=target.name, limit=200))
        self.about.update(about(detail.target))
        self.sent_pane.rename(f"Sent to {target.name}")
        self.sent_pane.empty = not detail.forwards
        self.sent.rows = detail.forwards

    @on(RowList.Highlighted, "#targets-list")
    def _target_highlighted(self) -> None:
        self._outdated.set()

    @on(RowList.Opened, "#sent-list")
    def _forward_opened(self, message: RowList.Opened) -> None:
        self.console.open_forward(message.row.id)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("retry", "pause", "grade", "remove"):
            return self.is_mounted and bool(self.targets.rows)
        return super().check_action(action, parameters)

    # Actions.

    def action_add(self) -> None:
        from devconsole.screens.modals.forwards import AddForwardForm

        self.console.open_form(AddForwardForm(), self._added)

    def _added(self, new: NewForwardTarget) -> None:
        from devconsole.screens.modals.forwards import SecretTold

        self._outdated.set()
        if new.secret is not None:
            self.console.push_screen(SecretTold(new.target.name, new.secret))

    def action_retry(self) -> None:
        if (target := self.targets.selected) is None:
            return
        one = self.sent.selected if self.focused is self.sent else None
        self.console.perform(RetryForwards(target=target.name, forwards=(one.id,) if one else ()), self._changed)

    def action_pause(self) -> None:
        if (target := self.targets.selected) is None:
            return
        going = target.health in ("healthy", "failing")
        change = PauseForwardTarget(target=target.name) if going else ResumeForwardTarget(target=target.name)
        self.console.perform(change, self._changed)

    def action_remove(self) -> None:
        from devconsole.screens.modals.forwards import RemoveForwardForm

        if (target := self.targets.selected) is not None:
            self.console.open_form(RemoveForwardForm(target), self._changed)

    def action_grade(self) -> None:
        if (target := self.targets.selected) is not None:
            self.notify("Sending good, forged and odd events …", title=f"Grading {target.name}", markup=False)
            self.console.perform(GradeForwardTarget(target=target.name), self._graded)

    def _graded(self, grade: GradeView) -> None:
        from devconsole.screens.grade import GradeScreen

        self.console.push_screen(GradeScreen(grade))

    def _changed(self, _answer: object) -> None:
        self._outdated.set()


def about(target: ForwardTargetView) -> Content:
    """How it is, and how it is sent to: two lines."""
    look = health(target)
    first = Content.assemble(toned(f"{look}  ", look.tone), toned(target.health_reason, Tone.STRONG))
    if target.next_try_at is not None:
        first += Content.assemble(toned(f"  next try {moment(target.next_try_at)}", Tone.ACCENT))
    signed = f"signed with {target.signing_secret}" if target.signing_secret else "signed by its sender"
    again = ", ".join(span(delay) for delay in target.retry_delays_s)
    parts = [signed, f"again after {again}" if again else "never tried again", " ".join(target.event_types)]
    parts.append(f"a full queue ({target.queue_max:,}) disables it, nothing is lost")
    if target.missed:
        parts.append(f"{target.missed:,} missed")
    return Content("\n").join((first, Content.assemble(toned(" · ".join(parts), Tone.MUTED))))
