"""A demo as a recording: each moment of the story as one picture, on a timeline of its own and not of this machine.

An asciinema cast for terminals, numbered SVG frames for slides, and one animated SVG for a README.
"""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from textual.pilot import Pilot

from devconsole.demo.captions import Moment
from devconsole.demo.console import DemoConsole, following
from devconsole.demo.player import READING
from devconsole.demo.stage import Stages
from devconsole.output import ExitCode
from devconsole.scenario.script import Script

SIZE = (110, 32)
WAITS_S = 3_600.0
"""The pace while it is filmed: nothing goes on before the picture is taken."""
STILL_S = 0.6
"""A picture is taken once nothing has changed for so long: the last event has arrived."""
PATIENCE_S = 15.0
POLL_S = 0.05


@dataclass(frozen=True)
class Frame:
    """One picture: when it appears, in seconds, and how it looks in a terminal and as SVG."""

    at_s: float
    ansi: str
    svg: str


@dataclass(frozen=True)
class Film:
    """All pictures, and how long the last of them stands."""

    frames: Sequence[Frame]
    ends_s: float
    failures: int


def film(
    reel: Sequence[Script],
    *,
    stages: Stages,
    pace_s: float,
    projector: bool = False,
    size: tuple[int, int] = SIZE,
) -> Film:
    """Play the reel once, unseen, and take a picture of each moment. Raises `Failure` or `RelayError`."""
    app = following(reel, stages=stages, seconds=WAITS_S, once=True, projector=projector)
    app.told_pace_s = pace_s
    camera = _Camera(app, pace_s)
    asyncio.run(app.run_async(headless=True, size=size, auto_pilot=camera.run))
    if app.stopped_by is not None:
        raise app.stopped_by
    return Film(camera.frames, camera.now_s, app.failures)


class _Camera:
    def __init__(self, app: DemoConsole, pace_s: float) -> None:
        self._app, self._pace_s = app, pace_s
        self.frames: list[Frame] = []
        self.now_s = 0.0

    async def run(self, pilot: Pilot[Any]) -> None:
        """From caption to caption, until the demo ends by itself."""
        last = None
        while self._app.return_code is None and self._app.is_running:
            caption = self._app.showing.caption
            if caption is None or caption is last:
                await asyncio.sleep(POLL_S)
                continue
            last = caption
            await self._still(pilot)
            self.frames.append(Frame(self.now_s, self._ansi(), self._app.export_screenshot(title="devconsole demo")))
            self.now_s += self._pace_s * _share(caption.moment)
            self._app.action_demo_next()

    async def _still(self, pilot: Pilot[Any]) -> None:
        """Return when the screen has not changed for a while."""
        shown, since = "", 0.0
        clock = asyncio.get_running_loop().time
        ends = clock() + PATIENCE_S
        while clock() < ends:
            await pilot.pause(POLL_S)
            now = self._ansi()
            if now != shown:
                shown, since = now, clock()
            elif clock() - since >= STILL_S:
                return

    def _ansi(self) -> str:
        console = Console(file=io.StringIO(), force_terminal=True, color_system="truecolor", legacy_windows=False)
        strips = self._app.screen._compositor.render_strips()
        return "\r\n".join(strip.render(console) for strip in strips)


def _share(moment: Moment) -> float:
    """How much of a caption's time this moment stands."""
    return {Moment.TOLD: READING, Moment.DONE: 1 - READING}.get(moment, 1.0)


def write_cast(film: Film, path: Path, *, title: str, size: tuple[int, int] = SIZE) -> None:
    """An asciinema cast, version 2; `asciinema play` shows it."""
    width, height = size
    head = {"version": 2, "width": width, "height": height, "title": title, "env": {"TERM": "xterm-256color"}}
    lines: list[object] = [head, [0.0, "o", "\x1b[?25l\x1b[2J"]]
    lines += [[round(frame.at_s, 3), "o", "\x1b[H" + frame.ansi] for frame in film.frames]
    lines.append([round(film.ends_s, 3), "o", "\x1b[?25h"])
    path.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))


def write_frames(film: Film, folder: Path) -> list[Path]:
    """Numbered SVG files, `frame-01.svg` and so on; returns them."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"frame-{number:02d}.svg" for number in range(1, len(film.frames) + 1)]
    for path, frame in zip(paths, film.frames, strict=True):
        path.write_text(own_fonts(frame.svg), encoding="utf-8")
    return paths


def write_animation(film: Film, path: Path) -> None:
    """One SVG that shows the frames one after the other, over and over, without any script."""
    starts = [frame.at_s for frame in film.frames]
    ends = [*starts[1:], film.ends_s]
    view = re.search(r'viewBox="([^"]+)"', film.frames[0].svg)
    assert view is not None, "a screenshot has a view box"
    styles = "".join(
        _shown(n, start, end, film.ends_s) for n, (start, end) in enumerate(zip(starts, ends, strict=True))
    )
    bodies = (f'<g class="f f{n}">{own_fonts(frame.svg)}</g>' for n, frame in enumerate(film.frames))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{view.group(1)}"><style>.f{{opacity:0}}{styles}</style>'
    path.write_text(head + "".join(bodies) + "</svg>\n", encoding="utf-8")


def _shown(number: int, start_s: float, end_s: float, all_s: float) -> str:
    """The style of one frame: seen from its start to its end, hidden otherwise."""
    start, end = 100 * start_s / all_s, 100 * end_s / all_s
    before = "" if start == 0 else f"0%,{start - 0.01:.2f}%{{opacity:0}}"
    after = "" if end >= 100 else f"{end:.2f}%,100%{{opacity:0}}"
    frames = f"@keyframes k{number}{{{before}{start:.2f}%,{end - 0.01:.2f}%{{opacity:1}}{after}}}"
    return f"{frames}.f{number}{{animation:k{number} {all_s:g}s infinite step-end}}"


def own_fonts(svg: str) -> str:
    """The picture in the reader's own monospace font: looking at it asks no other host for anything."""
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL).replace("Fira Code, monospace", "monospace")


def written(film: Film, *, cast: Path | None, frames: Path | None, animation: Path | None, title: str) -> Iterable[str]:
    """Write what was asked for, and say where."""
    if cast is not None:
        write_cast(film, cast, title=title)
        yield str(cast)
    if frames is not None:
        yield from map(str, write_frames(film, frames))
    if animation is not None:
        write_animation(film, animation)
        yield str(animation)


def exit_code(film: Film) -> int:
    return ExitCode.REFUSED if film.failures else ExitCode.DONE
