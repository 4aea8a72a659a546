"""Everything that failed, in one place: why, what to do, and when it is tried again."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from devconsole.format import moment, relative
from devconsole.looks import Tone, toned
from devconsole.screens.live import LiveScreen
from devconsole.store import Update
from devconsole.widgets.failure_list import FailureList
from devconsole.widgets.pane import Pane
from devconsole.widgets.row_list import RowList
from relay.api import FailureView, FeedKind, ListFailures, Page
from relay.errors import RelayError

NOTHING = Content.from_markup(
    "[$text-success]✓ Nothing has failed.[/]\n\n"
    "To see what a failure looks like:\n"
    "[$text-primary]x[/]  trigger an event that belongs to no top-up, such as payment_intent.succeeded\n"
    "[$text-primary]t[/]  top up with a card that declines\n"
    "[$text-primary]5[/]  see what each test card does\n"
    "[$text-primary]d[/]  drain a balance to nothing, then [$text-primary]c[/] make a call: it stays unpaid"
)
TELLING = frozenset({FeedKind.EVENT, FeedKind.DELIVERY, FeedKind.TOPUP, FeedKind.CALL, FeedKind.STATUS})
"""Changes after which the list of failures may be another."""
RELOAD_EVERY_S = 0.5


class FailuresScreen(LiveScreen):
    """The list above, the selected failure in full below."""

    CSS_PATH = "failures.tcss"
    AUTO_FOCUS = "#failures-list"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "replay", "Replay", id="failures.replay", tooltip="Deliver the selected event again"),
        Binding("R", "replay_all", "Replay all", id="failures.replay-all", tooltip="Everything that failed"),
    ]
    mode_name = "failures"

    pane = getters.query_one("#failures", Pane)
    failures = getters.query_one("#failures-list", FailureList)
    shown = getters.query_one("#failure", Static)

    def __init__(self) -> None:
        super().__init__()
        self._outdated = asyncio.Event()

    def compose_body(self) -> ComposeResult:
        failures = FailureList(self.console.clock.now, id="failures-list")
        yield Pane("Failures", failures, hint=NOTHING, id="failures")
        with VerticalScroll(id="failure-scroll", can_focus=False):
            yield Static(id="failure", markup=False)

    def paint(self, update: Update) -> None:
        if update.reloaded or update.kinds & TELLING:
            self._outdated.set()

    def on_mount(self) -> None:
        self._load_failures()

    @work(exclusive=True, group="failures")
    async def _load_failures(self) -> None:
        """Ask again after each change that may matter, but no more often than twice a second."""
        while True:
            await self._outdated.wait()
            self._outdated.clear()
            try:
                page = await self.console.source.call(ListFailures())
            except RelayError:
                continue  # the notice says that the connection is lost; with the reload that follows it is asked again
            self._show_failures(page)
            await asyncio.sleep(RELOAD_EVERY_S)

    def _show_failures(self, page: Page[FailureView]) -> None:
        self.failures.rows = page.rows
        self.pane.empty = not page.rows
        self.pane.note = f"{page.total:,}" if page.rows else ""
        self.set_class(not page.rows, "-nothing")
        self.refresh_bindings()

    @on(RowList.Highlighted, "#failures-list")
    def _failure_highlighted(self, message: RowList.Highlighted) -> None:
        self.shown.update(Content("") if message.row is None else self._in_full(message.row))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("replay", "replay_all"):
            return self.is_mounted and bool(self.failures.rows)
        return super().check_action(action, parameters)

    def action_replay(self) -> None:
        self.console.action_replay()

    def action_replay_all(self) -> None:
        self.console.action_replay_failed()

    def _in_full(self, failure: FailureView) -> Content:
        now = self.console.clock.now()
        if failure.next_attempt_at is not None:
            next_try = f"{relative(failure.next_attempt_at, now=now)}, at {moment(failure.next_attempt_at)}"
        else:
            next_try = "not by itself; r replays it now" if failure.replayable else "not by itself"
        facts = [
            ("What", failure.title, Tone.STRONG),
            ("Id", failure.reference, Tone.PLAIN),
            ("Company", failure.company_slug or "none", Tone.PLAIN),
            ("Why", failure.reason, Tone.BAD),
            ("Do", failure.remedy or "nothing", Tone.PLAIN),
            ("Next try", next_try, Tone.PLAIN),
        ]
        lines = [Content.assemble(toned(f"{name:<10}", Tone.MUTED), toned(text, tone)) for name, text, tone in facts]
        return Content("\n").join(lines)

    @on(RowList.Opened, "#failures-list")
    def _failure_opened(self, message: RowList.Opened) -> None:
        failure: FailureView = message.row
        if failure.kind == "event":
            self.console.open_event(failure.reference)
        elif failure.kind == "delivery":
            self.console.open_delivery(failure.id)
        elif failure.company_slug is not None:
            self.console.open_company(failure.company_slug)
