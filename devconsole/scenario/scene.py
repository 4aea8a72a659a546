"""What a step may touch: the server that it is played against, the answers so far, and the story's own folder."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from devconsole.scenario.inputs import StepInvalid
from devconsole.scenario.stripe_door import StripeDoor
from devconsole.virtual.host import VirtualServer
from relay.api import AdvanceClock, Operation, ShowClock, ShowStatus

R = TypeVar("R")

FILE_BYTES_MAX = 1 << 20


class Server(Protocol):
    """The one call that a story makes; the synchronous client fulfils it."""

    def call(self, operation: Operation[R]) -> R: ...


@dataclass
class Scene:
    """One playing of one story."""

    server: Server
    folder: Path
    """Where files that the story names lie, and nowhere else."""
    own: VirtualServer | None = None
    """The server, where it is the story's own and can be restarted."""
    results: dict[str, Any] = field(default_factory=dict)
    """The answers so far, by the names given with `as`."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Of companies: as the story calls them to as they are called on the server."""
    first_event: int = 0
    """Inbox numbers up to this were there before the story."""
    _virtual: bool | None = None

    def call(self, operation: Operation[R]) -> R:
        return self.server.call(operation)

    @property
    def is_virtual(self) -> bool:
        """Whether the server's clock can be moved."""
        if self._virtual is None:
            self._virtual = self.call(ShowClock()).virtual
        return self._virtual

    def settle(self) -> None:
        """Let all that is due by the clock be done. On the machine's clock nobody can know; expectations wait."""
        if self.is_virtual:
            self.call(AdvanceClock())

    def let_pass(self, seconds: float) -> None:
        if self.is_virtual:
            self.call(AdvanceClock(seconds=seconds))
        else:
            time.sleep(seconds)

    def stripe(self) -> StripeDoor:
        """The sandbox. Raises `StepInvalid` where there is none."""
        url = self.call(ShowStatus()).sandbox_url
        if url is None:
            raise StepInvalid("this needs the sandbox; on real Stripe somebody does it in a browser or the dashboard")
        return StripeDoor(url)

    def named(self, slug: str) -> str:
        """The company as the server calls it."""
        return self.names.get(slug, slug)

    def file(self, name: str) -> bytes:
        """A file of the story's folder. Raises `StepInvalid` for anything outside of it, links followed."""
        return read_inside(self.folder, name)


def read_inside(folder: Path, name: str) -> bytes:
    """A file below `folder`. Raises `StepInvalid`."""
    root, path = folder.resolve(), (folder / name).resolve()
    if Path(name).is_absolute() or not path.is_relative_to(root):
        raise StepInvalid(f"{name!r} lies outside of the story's folder")
    if any(part.startswith(".") for part in path.relative_to(root).parts):
        raise StepInvalid(f"{name!r} is hidden; secrets live in such files, so a story does not read them")
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise StepInvalid(f"{name!r} is larger than {FILE_BYTES_MAX:,} bytes")
        return path.read_bytes()
    except OSError as error:
        raise StepInvalid(f"{name!r} cannot be read: {error.strerror}") from error
