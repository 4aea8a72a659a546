"""Plays a reel of stories at a pace, and tells each moment as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager

from devconsole.demo.captions import Caption, Moment, problem_of, sentence_of
from devconsole.demo.pace import Pace, StartAgain
from devconsole.demo.stage import Stage, Stages
from devconsole.scenario.runner import Run, StepResult
from devconsole.scenario.script import Script

READING = 0.4
"""Of a caption's time, before what it says is done; the rest is for looking at what it did."""
FAILED = 3.0
"""A failure stands so many captions long."""


class Player:
    """One showing. `tell` hears of each moment; `arrive` of each new stage, before the first moment on it."""

    def __init__(
        self,
        reel: Sequence[Script],
        *,
        stages: Stages,
        pace: Pace,
        tell: Callable[[Caption], None],
        arrive: Callable[[Stage], None] = lambda _stage: None,
    ) -> None:
        self._reel, self._stages, self._pace, self._tell, self._arrive = reel, stages, pace, tell, arrive
        self.failures = 0
        """Stories that did not go as they are told."""
        self._standing: list[_Standing] = []
        """The stage that is played on; two while one follows the other."""

    async def show(self, *, once: bool) -> None:
        """Play the reel, once or for ever. Raises `Failure` when no server can be started.

        Blocking work happens in threads. The stage of a story stands until that of the next one does, so that
        the last picture can be looked at meanwhile.
        """
        try:
            while True:
                for script in self._reel:
                    while not await self._play(script):
                        pass
                if once:
                    return
        finally:
            await self._leave(keep=0)

    async def _play(self, script: Script) -> bool:
        """Play one story to its end; False when somebody asked for its beginning."""
        try:
            stage = await self._enter(script)
            await self._story(Run(script, stage.scene))
        except StartAgain:
            return False
        return True

    async def _story(self, run: Run) -> None:
        script, story = run.script, run.script.story
        self._tell(_caption(script, 0, story.description or story.title, Moment.OPENING))
        await asyncio.to_thread(run.prepare)
        await self._pace.wait()
        steps = run.steps()
        for number, step in enumerate(story.steps, start=1):
            text = sentence_of(step)
            self._tell(_caption(script, number, text, Moment.TOLD))
            await self._pace.wait(READING)
            if not await self._came_true(steps, script, number, text):
                return
            await self._pace.wait(1 - READING)
        if story.expect is not None:
            await self._came_true(steps, script, len(story.steps), sentence_of(story.steps[-1]))

    async def _came_true(self, steps: Iterator[StepResult], script: Script, number: int, text: str) -> bool:
        problem = problem_of(await asyncio.to_thread(_next, steps))
        self._tell(_caption(script, number, text, Moment.FAILED if problem else Moment.DONE, problem))
        if problem is not None:
            self.failures += 1
            await self._pace.wait(FAILED)
        return problem is None

    async def _enter(self, script: Script) -> Stage:
        standing = _Standing(self._stages(script))
        self._standing.append(standing)
        stage = await asyncio.shield(standing.built)
        self._arrive(stage)
        await self._leave(keep=1)
        return stage

    async def _leave(self, *, keep: int) -> None:
        while len(self._standing) > keep:
            await self._standing.pop(0).end()


class _Standing:
    """A stage from the moment that it is begun, so that one half built is taken down too."""

    def __init__(self, stage: AbstractContextManager[Stage]) -> None:
        self._stage = stage
        self.built = asyncio.ensure_future(asyncio.to_thread(stage.__enter__))

    async def end(self) -> None:
        await asyncio.wait({self.built})
        if self.built.exception() is None:
            await asyncio.to_thread(self._stage.__exit__, None, None, None)


def _caption(script: Script, number: int, text: str, moment: Moment, problem: str | None = None) -> Caption:
    total = len(script.story.steps)
    return Caption(
        story=script.name,
        title=script.story.title,
        number=number,
        total=total,
        text=text,
        moment=moment,
        problem=problem,
    )


def _next(steps: Iterator[StepResult]) -> StepResult:
    # Not `next` itself: a StopIteration cannot leave a thread, and there is one result per step until one fails.
    result = next(steps, None)
    assert result is not None
    return result
