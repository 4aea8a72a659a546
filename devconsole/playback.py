"""A story that is played in the console, step by step, on a server of its own which the console then shows.

Used from one event loop alone; what blocks runs in threads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devconsole.scenario.runner import Run, StepResult
from relay.api import ListEvents

if TYPE_CHECKING:
    from devconsole.demo.stage import Stage, Stages
    from devconsole.scenario.script import Script
    from devconsole.source import Address


@dataclass(frozen=True)
class Played:
    """A step that was played, and the inbox numbers of the events that it caused: those after `first`, up to `last`."""

    result: StepResult
    first: int
    last: int


class Playback:
    """At most one story at a time. `move` takes the console to a server, None takes it home."""

    def __init__(self, stages: Stages, *, move: Callable[[Address | None], None]) -> None:
        self._stages, self._move = stages, move
        self._standing: AbstractContextManager[Stage] | None = None
        self._steps: Iterator[StepResult] = iter(())
        self._busy = asyncio.Lock()
        self._stage: Stage | None = None
        self.script: Script | None = None
        """What is played; None when nothing is."""
        self.played: list[Played] = []

    @property
    def total(self) -> int:
        """How many steps there are, the end of the story included."""
        return 0 if self.script is None else len(self.script.story.steps) + (self.script.story.expect is not None)

    @property
    def has_ended(self) -> bool:
        """Whether all steps were played, or one of them failed."""
        return len(self.played) == self.total or any(not each.result.passed for each in self.played)

    async def open(self, script: Script) -> None:
        """Build a stage, bring about what is given, and take the console there. Raises `Failure` or `RelayError`."""
        async with self._busy:
            await self._take_down()
            standing = self._stages(script)
            stage = await asyncio.to_thread(standing.__enter__)
            self._standing, self._stage = standing, stage
            run = Run(script, stage.scene)
            await asyncio.to_thread(run.prepare)
            self.script, self.played, self._steps = script, [], run.steps()
            self._move(stage.address)

    async def next(self) -> Played | None:
        """Play one step; None when the story has ended."""
        async with self._busy:
            if self._stage is None or self.has_ended:
                return None
            played = await asyncio.to_thread(self._play, self._stage)
            self.played.append(played)
            return played

    async def leave(self) -> None:
        """Take the console home, and the stage down with its home directory."""
        async with self._busy:
            if self._standing is not None:
                self._move(None)
            await self._take_down()
            self.script, self.played = None, []

    async def end(self) -> None:
        """The console ends: nothing is played any more."""
        await self.leave()
        self._stages.close()

    def _play(self, stage: Stage) -> Played:
        first = stage.scene.call(ListEvents(limit=1)).last_id
        result = next(self._steps, None)
        assert result is not None, "there is one result per step until one fails"
        return Played(result, first, stage.scene.call(ListEvents(limit=1)).last_id)

    async def _take_down(self) -> None:
        if self._standing is not None:
            standing, self._standing, self._stage = self._standing, None, None
            await asyncio.to_thread(standing.__exit__, None, None, None)
