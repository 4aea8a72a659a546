"""The console while a story plays in it: captions at the top, and keys for the one who presents it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.signal import Signal
from textual.widgets import Input
from textual.worker import Worker, WorkerCancelled

from devconsole.app import DevConsole
from devconsole.console_commands import ACTIONS
from devconsole.demo.caption_bar import CaptionBar, Showing
from devconsole.demo.captions import Caption, Moment
from devconsole.demo.pace import Pace
from devconsole.demo.player import Player
from devconsole.demo.stage import Stage, Stages
from devconsole.moving import MovingSource
from devconsole.output import ExitCode, Failure
from devconsole.scenario.script import Script
from devconsole.screens.live import LiveScreen
from devconsole.source import Source
from relay.errors import RelayError

STORYS_OWN = frozenset((*(command.action for command in ACTIONS), "command_palette"))
"""Whoever presents may look around; what happens is the story's to decide, or its expectations would fail."""


class DemoConsole(DevConsole):
    """Shows a reel of stories on servers of their own; `follow_to` brings `source` to each new stage."""

    CSS = """
    .-projector {
        Banner, KeyBar, Notice, #calls, #decisions { display: none; }
        CaptionBar { padding: 2 4; #caption-text { margin-top: 1; min-height: 3; text-style: bold; } }
    }
    OverviewScreen.-projector #overview {
        grid-size: 1 2; grid-columns: 1fr; grid-rows: 2fr 1fr; padding: 1 3;
        #events { column-span: 1; margin-bottom: 1; }
    }
    """
    CSS_PATH = [Path(__file__).parent.parent / path for path in DevConsole.CSS_PATH]  # seen from here
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "demo_pause", "Pause", id="demo.pause", priority=True, tooltip="Stop, and go on"),
        Binding("n", "demo_next", "Next", id="demo.next", priority=True, tooltip="Do not wait any longer"),
        Binding("plus,equals_sign", "demo_faster", "Faster", key_display="+", id="demo.faster", priority=True),
        Binding("minus", "demo_slower", "Slower", key_display="-", id="demo.slower", priority=True),
        Binding("r", "demo_again", "Again", id="demo.again", priority=True, tooltip="This story from its beginning"),
        Binding("b", "demo_projector", "Projector", id="demo.projector", priority=True, tooltip="Less, seen from afar"),
    ]

    def __init__(
        self,
        source: Source,
        reel: Sequence[Script],
        *,
        stages: Stages,
        seconds: float,
        once: bool,
        projector: bool = False,
        follow_to: Callable[[Stage], None] = lambda _stage: None,
        **console: Any,
    ) -> None:
        super().__init__(source, **console)
        self._pace = Pace(seconds)
        self._player = Player(reel, stages=stages, pace=self._pace, tell=self._tell, arrive=self._arrive)
        self._once, self._follow_to = once, follow_to
        self._projector = projector
        self.told_pace_s: float | None = None
        """What the caption bar says about the pace, where that is not how fast it really goes: while it is filmed."""
        self._caption: Caption | None = None
        self._playing: Worker[None] | None = None
        self.shown: Signal[Showing] = Signal(self, "shown")
        """What the caption bars say, each time that it changes."""

    @property
    def failures(self) -> int:
        """Stories that did not go as they are told."""
        return self._player.failures

    @property
    def showing(self) -> Showing:
        return Showing(
            caption=self._caption, seconds=self.told_pace_s or self._pace.seconds, is_paused=self._pace.is_paused
        )

    def on_mount(self) -> None:
        self.screen_change_signal.subscribe(self, self._screen_changed)
        self._screen_changed(self.screen)
        self._playing = self._play()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in STORYS_OWN:
            return False
        if action.startswith("demo_") and isinstance(self.focused, Input):
            return False  # somebody types a filter, and means letters
        return super().check_action(action, parameters)

    # The story.

    @work(group="demo")
    async def _play(self) -> None:
        try:
            await self._player.show(once=self._once)
        except (Failure, RelayError) as error:
            self.stopped_by = error
            self.exit(return_code=ExitCode.REFUSED)
        else:
            self.exit(return_code=ExitCode.REFUSED if self._player.failures else ExitCode.DONE)

    def _arrive(self, stage: Stage) -> None:
        self._follow_to(stage)
        while len(self.screen_stack) > 1:  # details of the last story mean nothing on the next server
            self.pop_screen()
        self.switch_mode(self.DEFAULT_MODE)

    def _tell(self, caption: Caption) -> None:
        self._caption = caption
        self._publish_showing()
        if caption.moment is Moment.FAILED:
            self.bell()

    def _publish_showing(self) -> None:
        self.shown.publish(self.showing)

    def _screen_changed(self, screen: Screen[Any]) -> None:
        # In the screen's own time: a new one is mounted by then, one that is left at once may be gone.
        screen.call_after_refresh(self._caption_screen, screen)

    def _caption_screen(self, screen: Screen[Any]) -> None:
        if isinstance(screen, LiveScreen) and screen.is_attached and not screen.query(CaptionBar):
            screen.mount(CaptionBar(), before=0)
        screen.set_class(self._projector, "-projector")

    # Keys.

    def action_demo_pause(self) -> None:
        self._pace.pause_or_resume()
        self._publish_showing()

    def action_demo_next(self) -> None:
        self._pace.go_on()

    def action_demo_faster(self) -> None:
        self._pace.faster()
        self._publish_showing()

    def action_demo_slower(self) -> None:
        self._pace.slower()
        self._publish_showing()

    def action_demo_projector(self) -> None:
        """What matters from the last row: the caption, events and balances; the rest makes room."""
        self._projector = not self._projector
        self._screen_changed(self.screen)

    def action_demo_again(self) -> None:
        self._pace.start_again()

    async def action_quit(self) -> None:
        """End the story first, and with it its server and home directory."""
        if self._playing is not None:
            self._playing.cancel()
            with contextlib.suppress(WorkerCancelled):
                await self._playing.wait()
        self.exit(return_code=ExitCode.DONE)


def following(
    reel: Sequence[Script], *, stages: Stages, seconds: float, once: bool, projector: bool = False
) -> DemoConsole:
    """A console that goes with the reel from stage to stage."""
    source = MovingSource()
    return DemoConsole(
        source,
        reel,
        stages=stages,
        seconds=seconds,
        once=once,
        projector=projector,
        follow_to=lambda stage: source.move(stage.address),
    )


def run_demo(reel: Sequence[Script], *, stages: Stages, seconds: float, once: bool, projector: bool) -> int:
    """Show the reel until it ends or somebody quits; the answer is the exit code. Raises `Failure` or `RelayError`."""
    console = following(reel, stages=stages, seconds=seconds, once=once, projector=projector)
    console.run()
    if console.stopped_by is not None:
        raise console.stopped_by
    return console.return_code or ExitCode.DONE
