"""Payment stories in the console: chosen from a list, played step by step on a server of their own, and looked into.

While a story is open every other screen shows its server, so that enter on a step leads to what the step caused.
"""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from devconsole.looks import Tone, toned
from devconsole.output import Failure
from devconsole.scenario.inputs import StepInvalid
from devconsole.scenario.report import DIGEST_SHOWN
from devconsole.scenario.script import Script
from devconsole.screens.live import LiveScreen
from devconsole.store import Update
from devconsole.widgets.pane import Pane
from devconsole.widgets.row_list import RowList
from devconsole.widgets.story_lists import StepList, StepRow, StoryList, rows_of
from relay.api import ShowDigest
from relay.errors import RelayError

STEP_EVERY_S = 1.0
"""So long each step stands while a story plays by itself."""
NOT_OPEN = "enter opens the selected story on a server of its own; nobody else's money is on it."


class ScenariosScreen(LiveScreen):
    """Stories on one side, the steps of the open one on the other, what came of the selected step below."""

    CSS_PATH = "scenarios.tcss"
    AUTO_FOCUS = "#story-list"
    mode_name = "scenarios"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "next", "Next step", id="scenarios.next", tooltip="Play one step"),
        Binding(
            "space", "play", "Play / pause", id="scenarios.play", tooltip="Play by itself, or stop after this step"
        ),
        Binding("r", "again", "Again", id="scenarios.again", tooltip="From its beginning, on a new server"),
        Binding("escape", "leave", "Leave", id="scenarios.leave", tooltip="Back to the console's own server"),
    ]

    stories_list = getters.query_one("#story-list", StoryList)
    steps_pane = getters.query_one("#steps", Pane)
    steps_list = getters.query_one("#step-list", StepList)
    shown = getters.query_one("#step", Static)

    plays: reactive[bool] = reactive(False, init=False)
    """Whether the open story goes on by itself."""

    def compose_body(self) -> ComposeResult:
        with Container(id="scenarios-body"):
            yield Pane("Scenarios", StoryList(id="story-list"), id="stories")
            yield Pane("Steps", StepList(id="step-list"), hint=NOT_OPEN, id="steps")
        with VerticalScroll(id="step-scroll", can_focus=False):
            yield Static(id="step", markup=False)

    def on_mount(self) -> None:
        self._load_stories()
        self._show_steps()

    def paint(self, update: Update) -> None:
        """What was recorded meanwhile is on the list too."""
        if update.reloaded:
            self._load_stories()

    @work(exclusive=True, group="scenarios.load")
    async def _load_stories(self) -> None:
        from devconsole.recorded import stories_of

        self.stories_list.rows = await asyncio.to_thread(stories_of, self.snapshot.status)

    # Playing.

    @on(RowList.Opened, "#story-list")
    def _story_opened(self, message: RowList.Opened) -> None:
        self._open(message.row)

    @work(exclusive=True, group="scenarios.play")
    async def _open(self, script: Script) -> None:
        self.plays = False
        self.shown.update(Content.assemble(toned("Building a server of its own ...", Tone.MUTED)))
        try:
            await self.console.playback.open(script)
        except (Failure, RelayError, StepInvalid) as error:
            self.notify(str(error), title="The story did not begin", severity="error", markup=False)
        self._show_steps()
        self.steps_list.focus()

    @work(exclusive=True, group="scenarios.play")
    async def _go_on(self, *, by_itself: bool) -> None:
        """One step, or all that are left while nobody stops it."""
        while True:
            try:
                played = await self.console.playback.next()
            except RelayError as error:
                self.notify(str(error), title="The server of the story is gone", severity="error", markup=False)
                return
            self._show_steps()
            if played is not None:
                self.steps_list.cursor = played.result.number - 1
            if played is None or self.console.playback.has_ended or not (by_itself and self.plays):
                self.plays = False
                return
            await asyncio.sleep(STEP_EVERY_S)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("next", "play", "again", "leave"):
            return self.is_mounted and self.console.playback.script is not None
        return super().check_action(action, parameters)

    def action_next(self) -> None:
        self.plays = False
        self._go_on(by_itself=False)

    def action_play(self) -> None:
        """While it plays, the step that is under way is its last."""
        self.plays = not self.plays
        if self.plays:
            self._go_on(by_itself=True)

    def action_again(self) -> None:
        script = self.console.playback.script
        if script is not None:
            self._open(script)

    @work(exclusive=True, group="scenarios.play")
    async def action_leave(self) -> None:
        self.plays = False
        await self.console.playback.leave()
        self._show_steps()
        self.stories_list.focus()

    # Showing.

    def watch_plays(self) -> None:
        self._show_title()

    def _show_steps(self) -> None:
        playback = self.console.playback
        script = playback.script
        self.steps_list.rows = () if script is None else rows_of(script, playback.played)
        self.steps_pane.empty = script is None
        row = self.steps_list.selected
        self.shown.update(Content("") if row is None else _in_full(row))
        self._show_title()
        self.refresh_bindings()

    def _show_title(self) -> None:
        playback = self.console.playback
        if playback.script is None:
            self.steps_pane.note = ""
            return
        failed = any(not each.result.passed for each in playback.played)
        ended = "failed" if failed else "passed" if playback.has_ended else "playing" if self.plays else "paused"
        self.steps_pane.note = f"{len(playback.played)} of {playback.total} · {ended}"
        if ended == "passed":
            self._show_digest()

    @work(exclusive=True, group="scenarios.digest")
    async def _show_digest(self) -> None:
        """What two runs of the story can be compared by."""
        try:
            digest = (await self.console.source.call(ShowDigest())).digest
        except RelayError:
            return
        self.steps_pane.note += f" · digest {digest[:DIGEST_SHOWN]}"

    @on(RowList.Highlighted, "#step-list")
    def _step_highlighted(self, message: RowList.Highlighted) -> None:
        self.shown.update(Content("") if message.row is None else _in_full(message.row))

    @on(RowList.Opened, "#step-list")
    def _step_opened(self, message: RowList.Opened) -> None:
        """Jump to what the step caused: the newest of its events, from which left and right lead to the others."""
        row: StepRow = message.row
        if row.played is not None and row.caused:
            self.console.open_event(str(row.played.last))
        elif row.played is not None:
            self.notify("This step caused no event.", markup=False)
        else:
            self.action_next()


def _in_full(row: StepRow) -> Content:
    """Expected beside actual, and the trace of the event to blame; else what the step did in a line."""
    lines = [Content.assemble(toned(f"{row.number}  ", Tone.MUTED), toned(row.title, Tone.STRONG))]
    if row.played is None:
        lines.append(Content.assemble(toned("not played yet; n plays the next step, space all of them", Tone.MUTED)))
        return Content("\n").join(lines)
    result = row.played.result
    if result.problem is not None:
        lines.append(Content.assemble(toned(result.problem, Tone.BAD)))
    for each in result.mismatches:
        lines.append(Content.assemble(toned(each.what, Tone.BAD)))
        lines.append(Content.assemble(toned("  expected  ", Tone.MUTED), toned(each.expected, Tone.GOOD)))
        lines.append(Content.assemble(toned("  actual    ", Tone.MUTED), toned(each.actual, Tone.BAD)))
    lines += [Content.assemble(toned(line, Tone.MUTED)) for line in result.trace]
    if result.passed:
        went = "all that was expected came true" if not row.caused else "came true; enter leads to what it caused"
        lines.append(Content.assemble(toned(went, Tone.GOOD)))
    return Content("\n").join(lines)
