"""The lines at the top that tell the audience what they see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from devconsole.demo.captions import Caption, Moment
from devconsole.looks import Tone, toned

if TYPE_CHECKING:
    from devconsole.demo.console import DemoConsole

SIGNS = {
    Moment.OPENING: ("▶", "bold $text-primary"),
    Moment.TOLD: ("▶", "bold $text-primary"),
    Moment.DONE: ("✓", "bold $text-success"),
    Moment.FAILED: ("✗", "bold $text-error"),
}


@dataclass(frozen=True, kw_only=True)
class Showing:
    """What the bar says. Without a caption the first stage is still being built."""

    caption: Caption | None
    seconds: float
    """How long a caption stands."""
    is_paused: bool


class CaptionBar(Vertical):
    """First line: the story, where in it we are, and the pace. Below, large enough for the last row: the caption."""

    DEFAULT_CSS = """
    CaptionBar {
        height: auto;
        padding: 1 2;
        background: $panel;
        border-left: outer $primary;
        &.-failed { background: $error 25%; border-left: outer $error; }
        &.-paused { border-left: outer $warning; }
        Static { height: auto; width: 1fr; }
        #caption-text { margin-top: 1; min-height: 2; text-style: bold; }
        &.-low { padding: 0 2; #caption-text { margin-top: 0; } }
    }
    """
    ALLOW_SELECT: ClassVar[bool] = False

    def compose(self) -> ComposeResult:
        yield Static(id="caption-story")
        yield Static(id="caption-text")

    def on_mount(self) -> None:
        demo = cast("DemoConsole", self.app)
        demo.shown.subscribe(self, self._shown)
        self._shown(demo.showing)

    def on_resize(self) -> None:
        self.set_class(self.screen.has_class("-low"), "-low")
        self._shown(cast("DemoConsole", self.app).showing)

    def _shown(self, showing: Showing) -> None:
        self.set_class(showing.is_paused, "-paused")
        self.set_class(showing.caption is not None and showing.caption.moment is Moment.FAILED, "-failed")
        self.query_one("#caption-story", Static).update(self._story(showing))
        self.query_one("#caption-text", Static).update(_text(showing.caption))

    def _story(self, showing: Showing) -> Content:
        caption, width = showing.caption, self.content_size.width
        title = Content.styled(caption.title if caption else "A demo", "$text-muted")
        right = Content.assemble(*_place(caption), "   ", _pace(showing))
        room = max(0, width - right.cell_length - 2)
        if title.cell_length > room:
            title = title.truncate(room, ellipsis=True)
        return title + " " * max(0, width - title.cell_length - right.cell_length) + right


def _place(caption: Caption | None) -> tuple[tuple[str, str], ...]:
    if caption is None:
        return ()
    done, left = "●" * caption.number, "○" * (caption.total - caption.number)
    step = f"step {caption.number} of {caption.total}  " if caption.number else "about to begin  "
    return toned(step, Tone.MUTED), (done, "$text-primary"), toned(left, Tone.MUTED)


def _pace(showing: Showing) -> tuple[str, str]:
    if showing.is_paused:
        return ("‖ paused", "bold $text-warning")
    return toned(f"{round(showing.seconds, 1):g} s a step", Tone.MUTED)


def _text(caption: Caption | None) -> Content:
    if caption is None:
        return Content("Building the stage: a server of its own, with nobody's money on it ...")
    line = Content.assemble(SIGNS[caption.moment], " ", toned(caption.text, Tone.STRONG))
    if caption.problem is not None:
        line = Content("\n").join((line, Content.assemble("  ", toned(caption.problem, Tone.BAD))))
    return line
