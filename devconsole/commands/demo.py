"""`devconsole demo`: stories that play by themselves, in the console or as lines."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

import click

from devconsole import output
from devconsole.commands.verb import Invocation, Verb

FILE = click.Path(dir_okay=False, writable=True, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)
PACE_S = 6.0
"""Long enough to read a caption aloud and look at what changed."""


@click.command(
    "demo",
    cls=Verb,
    help="Play a story in the console, with captions; without a name all that are made for it, over and over.\n\n"
    "Each plays on a server of its own in a temporary home. Without a terminal it is told on stdout, a line a step.",
)
@click.argument("story", metavar="[STORY|FILE]", required=False)
@click.option(
    "--pace",
    type=click.FloatRange(0, 60),
    default=PACE_S,
    show_default=True,
    metavar="SECONDS",
    help="How long a caption stands.",
)
@click.option("--once", is_flag=True, help="End after the last story; exit code 1 when an expectation failed.")
@click.option("--projector", is_flag=True, help="The layout for a projector: caption, events and balances, no more.")
@click.option("--cast", type=FILE, metavar="FILE", help="Show nothing; write an asciinema recording.")
@click.option("--frames", type=FOLDER, metavar="DIR", help="Show nothing; write an SVG picture of each moment.")
@click.option("--animation", type=FILE, metavar="FILE", help="Show nothing; write one SVG that plays by itself.")
@click.pass_obj
def command(
    invocation: Invocation,
    story: str | None,
    pace: float,
    once: bool,
    projector: bool,
    cast: Path | None,
    frames: Path | None,
    animation: Path | None,
) -> int:
    """Deferred imports: the screens or the lines, never both."""
    from devconsole.demo.reel import reel_of
    from devconsole.demo.stage import OwnStages

    reel, stages = reel_of([story] if story else []), OwnStages()
    if cast or frames or animation:
        from devconsole.demo import film

        with closing(stages):
            taken = film.film(reel, stages=stages, pace_s=pace or PACE_S, projector=projector)
        for path in film.written(taken, cast=cast, frames=frames, animation=animation, title=reel[0].story.title):
            output.write(path)
        return film.exit_code(taken)
    if invocation.json or not (sys.stdin.isatty() and sys.stdout.isatty()):
        from devconsole.demo.narrator import narrate

        with closing(stages):
            return narrate(reel, stages=stages, seconds=pace, once=once, as_json=invocation.json)

    from devconsole.demo.console import run_demo

    with closing(stages):
        return run_demo(reel, stages=stages, seconds=pace, once=once, projector=projector)
