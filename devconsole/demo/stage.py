"""Where a demo plays: for each story a server of its own on a temporary home, which nobody else's money is on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from devconsole.scenario.scene import Scene
from devconsole.scenario.script import Script
from devconsole.scenario.stage import discard, own_stage
from devconsole.source import Address
from devconsole.virtual.host import Host


@dataclass(frozen=True)
class Stage:
    """A server that is ready, for the one who plays (`scene`) and for those who watch (`address`)."""

    scene: Scene
    address: Address


class Stages(Protocol):
    """Builds stages. Entering and leaving one blocks for a moment."""

    def __call__(self, script: Script, /) -> AbstractContextManager[Stage]: ...

    def close(self) -> None:
        """No stages are wanted any more."""


class OwnStages:
    """Stages on servers of this process; the event loop for them starts with the first."""

    def __init__(self) -> None:
        self._host: Host | None = None

    @contextlib.contextmanager
    def __call__(self, script: Script, /) -> Iterator[Stage]:
        """A server that ends with the block, and takes its home directory with it.

        It starts at the present moment, unless the story says when: what is shown happens now.
        """
        if self._host is None:
            self._host = Host()
        now = datetime.now(UTC).replace(microsecond=0)
        with own_stage(script, self._host, seed=None, by_itself=True, usually_at=now) as scene:
            assert scene.own is not None
            home = scene.own.home.path
            yield Stage(scene, scene.own.address)
        discard(home)

    def close(self) -> None:
        if self._host is not None:
            self._host.close()
