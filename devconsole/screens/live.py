"""What every full screen shares: banner, notice, keys at the bottom, and being shown the newest snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.screen import Screen

from devconsole.store import Snapshot, Update
from devconsole.widgets.banner import Banner, Notice
from devconsole.widgets.key_bar import KeyBar

if TYPE_CHECKING:
    from devconsole.app import DevConsole


class LiveScreen(Screen[None]):
    """A screen that is painted from updates, but only while somebody can see it."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide"), (160, "-huge")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (32, "-tall")]

    mode_name: ClassVar[str] = "overview"
    """The tab of the banner that stands for this screen."""

    _missed = True
    """Updates came that this screen did not show: with the next look everything is shown anew."""

    @property
    def console(self) -> DevConsole:
        return cast("DevConsole", self.app)

    @property
    def snapshot(self) -> Snapshot:
        return self.console.snapshot

    def compose(self) -> ComposeResult:
        yield Banner()
        yield Notice()
        yield from self.compose_body()
        yield KeyBar()

    def compose_body(self) -> ComposeResult:
        """What is between banner and keys."""
        raise NotImplementedError

    def paint(self, update: Update) -> None:
        """Show what changed; `update.reloaded` when anything may have. Called only after the first load."""
        raise NotImplementedError

    def is_ready(self) -> bool:
        """Whether everything is mounted that `paint` needs."""
        return True

    def show_all(self) -> None:
        """Show the newest snapshot, and load anew whatever was missed."""
        self._show(Update(self.snapshot, reloaded=self._missed))

    def on_mount(self) -> None:
        self.query_one(Banner).mode = self.mode_name
        self.console.updates.subscribe(self, self._updated)

    def on_screen_resume(self) -> None:
        self.show_all()

    def _updated(self, update: Update) -> None:
        if self.is_active:
            self._show(update)
        else:
            self._missed = True

    def _show(self, update: Update) -> None:
        self.query_one(Banner).snapshot = update.snapshot
        self.query_one(Notice).snapshot = update.snapshot
        if update.snapshot.loaded and self.is_ready():
            self._missed = False
            self.paint(update)
        else:
            self._missed = True
