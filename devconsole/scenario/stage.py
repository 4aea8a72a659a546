"""Where a story plays by itself: a server of its own on virtual time and a temporary home, always on the sandbox."""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from devconsole.scenario.given import options_of, start_of
from devconsole.scenario.scene import Scene
from devconsole.scenario.script import Script
from devconsole.virtual.host import Host, VirtualServer
from devconsole.virtual.time import START, VirtualTime
from devconsole.virtual.world import SEED, World
from relay.home import Home

NAME_MAX = 60
"""Of a home directory's name, so that whoever keeps some can tell them apart."""


def seed_of(script: Script, seed: int | None) -> int:
    """The one that was asked for, else that of the file, else the usual one."""
    given = script.story.given.seed
    return seed if seed is not None else given if given is not None else SEED


@contextlib.contextmanager
def own_stage(
    script: Script, host: Host, *, seed: int | None, by_itself: bool = False, usually_at: datetime = START
) -> Iterator[Scene]:
    """A server for one playing; its home directory stays until somebody discards it. Raises `StepInvalid`.

    `by_itself`: somebody else acts there too, in a browser or the console, so it settles without being asked, and
    addresses are real ones. `usually_at` is when a story begins that does not say when.
    """
    given = script.story.given
    world = World(
        time=VirtualTime(start_of(given) or usually_at),
        seed=seed_of(script, seed),
        by_itself=by_itself,
        shown_addresses=not by_itself,
    )
    name = re.sub(r"[^A-Za-z0-9]+", "-", script.name).strip("-")[:NAME_MAX]
    home = Home(Path(tempfile.mkdtemp(prefix=f"devconsole-{name}-")))
    try:
        server = VirtualServer(host, home, world, options_of(given.settings))
    except BaseException:
        discard(home.path)
        raise
    try:
        yield Scene(server, script.folder, own=server)
    finally:
        server.close()


def discard(home: Path) -> None:
    """Remove a home directory that a story has left."""
    shutil.rmtree(home, ignore_errors=True)


def webhook_secret(seed: int) -> str:
    """What the sandbox of a story with this seed signs webhooks with: the first secret that it makes."""
    from fixtures.sandbox.ids import TAIL_LENGTHS, SeededIds

    return f"whsec_{SeededIds(seed).characters('whsec', TAIL_LENGTHS['whsec'])}"
