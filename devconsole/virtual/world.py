"""What a virtual server is made of beyond its settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from devconsole.virtual.time import VirtualTime
from relay.home import Home, write_private

SEED = 1
FILE = "virtual-clock.json"


@dataclass(frozen=True, kw_only=True)
class World:
    """Handed to the composition root. A server that is started again in the same world goes on where it was."""

    time: VirtualTime = field(default_factory=VirtualTime)
    seed: int = SEED
    starts: int = 0
    """How often a server of this world was started before: ids go on, they do not begin again."""
    by_itself: bool = True
    """Settle also what comes from elsewhere than an operation. A story has it off: it says itself when."""
    shown_addresses: bool = False
    """Objects show the usual ports instead of those that were free, so that their bytes are the same each time."""
    empty_database: Path | None = None
    """A prepared file without rows to begin with; None: it is prepared anew."""
    empty_sandbox: Path | None = None
    """The same for the sandbox."""


class _Kept(msgspec.Struct):
    now: datetime
    seed: int
    starts: int


def keep_world(home: Home, world: World) -> None:
    """Note in the home directory what time it is there."""
    kept = _Kept(world.time.now, world.seed, world.starts)
    write_private(home.path / FILE, msgspec.json.encode(kept))


def world_of(home: Home, *, wanted: bool, seed: int | None) -> World | None:
    """The world of a home that has one, gone on; else a new one from the present moment if `wanted`, else none."""
    try:
        kept = msgspec.json.decode((home.path / FILE).read_bytes(), type=_Kept)
    except (FileNotFoundError, NotADirectoryError, msgspec.DecodeError):
        if not wanted:
            return None
        return World(time=VirtualTime(datetime.now(UTC).replace(microsecond=0)), seed=SEED if seed is None else seed)
    return World(time=VirtualTime(kept.now), seed=kept.seed, starts=kept.starts + 1)
