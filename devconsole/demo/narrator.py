"""A demo without a screen: one line per moment, for scripts, tests and logs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from devconsole import output
from devconsole.demo.captions import Caption, Moment
from devconsole.demo.pace import Pace
from devconsole.demo.player import Player
from devconsole.demo.stage import Stages
from devconsole.output import ExitCode
from devconsole.scenario.script import Script


def narrate(reel: Sequence[Script], *, stages: Stages, seconds: float, once: bool, as_json: bool) -> int:
    """Play the reel and print what is said; the answer is the exit code. Raises `Failure`."""
    tell = _write_json if as_json else _write

    async def show() -> int:
        player = Player(reel, stages=stages, pace=Pace(seconds), tell=tell)
        await player.show(once=once)
        return player.failures

    return ExitCode.REFUSED if asyncio.run(show()) else ExitCode.DONE


def _write(caption: Caption) -> None:
    line = line_of(caption)
    if line is not None:
        output.write(output.printable(line))


def line_of(caption: Caption) -> str | None:
    """The line for a moment; None for one that has been told already."""
    place = f"{caption.story} {caption.number}/{caption.total}"
    match caption.moment:
        case Moment.OPENING:
            return f"{caption.story}  {caption.title}"
        case Moment.TOLD:
            return f"{place}  {caption.text}"
        case Moment.FAILED:
            return f"{place}  FAILED  {caption.problem}"
        case Moment.DONE:
            return None


def _write_json(caption: Caption) -> None:
    output.write_json_line(caption)
