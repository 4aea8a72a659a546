"""`devconsole demo`: stories that play by themselves, in the console or as lines."""

from __future__ import annotations

import sys
from contextlib import closing

import click

from devconsole.commands.verb import Invocation, Verb

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
@click.pass_obj
def command(invocation: Invocation, story: str | None, pace: float, once: bool) -> int:
    """Deferred imports: the screens or the lines, never both."""
    from devconsole.demo.reel import reel_of
    from devconsole.demo.stage import OwnStages

    reel, stages = reel_of([story] if story else []), OwnStages()
    if invocation.json or not (sys.stdin.isatty() and sys.stdout.isatty()):
        from devconsole.demo.narrator import narrate

        with closing(stages):
            return narrate(reel, stages=stages, seconds=pace, once=once, as_json=invocation.json)

    from devconsole.demo.console import run_demo

    with closing(stages):
        return run_demo(reel, stages=stages, seconds=pace, once=once)
