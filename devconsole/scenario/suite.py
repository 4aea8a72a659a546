"""Plays many stories, each on a server of its own, one after the other or several at once."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any, Literal

from devconsole.output import Failure
from devconsole.scenario.against import makes_no_sense, scene_against
from devconsole.scenario.inputs import StepInvalid
from devconsole.scenario.results import StoryResult
from devconsole.scenario.runner import Run, StepResult
from devconsole.scenario.scene import Scene, Server
from devconsole.scenario.script import Script, StoryInvalid, load
from devconsole.scenario.stage import discard, own_stage, seed_of
from devconsole.virtual.host import Host, hosting
from relay.api import ShowDigest
from relay.errors import RelayError

Listener = Callable[[str, int, StepResult], None]
"""Hears of each step: the story's name, how many steps it has, what came of this one."""


@dataclass(frozen=True)
class Playing:
    """How stories are played."""

    seed: int | None = None
    keep: Literal["none", "failed", "all"] = "none"
    """Whose home directories stay; their clock stands where they ended. They bear the name of the story."""

    def keeps(self, *, failed: bool) -> bool:
        return self.keep == "all" or (self.keep == "failed" and failed)


def play_all(scripts: Sequence[Script], playing: Playing, *, jobs: int, listener: Listener) -> Iterator[StoryResult]:
    """Play the scripts, up to `jobs` at once, and yield their results in the order of `scripts`."""
    if jobs == 1 or len(scripts) == 1:
        with hosting() as host:
            for script in scripts:
                yield play(script, host, playing, listener)
        return
    yield from _play_in_processes(scripts, playing, min(jobs, len(scripts)), listener)


def play(script: Script, host: Host, playing: Playing, listener: Listener) -> StoryResult:
    """Play one script on a server of its own."""
    start, steps = time.monotonic(), list[StepResult]()
    error = digest = home = None
    try:
        with own_stage(script, host, seed=playing.seed) as scene:
            assert scene.own is not None
            home = scene.own.home.path
            _steps(Run(script, scene), steps, listener)
            digest = scene.call(ShowDigest()).digest
    except (Failure, RelayError, StepInvalid) as failure:
        error = str(failure)
    except BaseException:  # somebody pressed ctrl+c: nothing of it is wanted
        if home is not None:
            discard(home)
        raise
    result = StoryResult(
        script.path,
        script.name,
        script.story.title,
        time.monotonic() - start,
        tuple(steps),
        error=error,
        digest=digest,
        seed=seed_of(script, playing.seed),
    )
    if home is None:
        return result
    if playing.keeps(failed=result.failed):
        return replace(result, home=home)
    discard(home)
    return result


def play_against(script: Script, server: Server, listener: Listener) -> StoryResult:
    """Play one script against a server that runs already, or say why that makes no sense."""
    start, steps = time.monotonic(), list[StepResult]()
    skipped = error = None
    try:
        skipped = makes_no_sense(script, server)
        if skipped is None:
            _steps(Run(script, scene_against(script, server)), steps, listener)
    except (RelayError, StepInvalid) as failure:
        error = str(failure)
    return StoryResult(
        script.path,
        script.name,
        script.story.title,
        time.monotonic() - start,
        tuple(steps),
        error=error,
        skipped=skipped,
    )


def _steps(run: Run, steps: list[StepResult], listener: Listener) -> None:
    for result in run.play():
        steps.append(result)
        listener(run.script.name, run.total, result)


# Several at once: a process each, because one interpreter uses one core -----------------------------------------------


def _play_in_processes(
    scripts: Sequence[Script], playing: Playing, jobs: int, listener: Listener
) -> Iterator[StoryResult]:
    context = multiprocessing.get_context("spawn")
    said = context.SimpleQueue()
    hearing = threading.Thread(target=_hear, args=(said, listener), name="steps", daemon=True)
    hearing.start()
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin, initargs=(said,)) as pool:
        yield from pool.map(_play_here, scripts, [playing] * len(scripts))
    said.put(None)
    hearing.join()


def _hear(said: Any, listener: Listener) -> None:
    while (step := said.get()) is not None:
        listener(*step)


_host: Host | None = None
_said: Any = None
_open = ExitStack()


def _begin(said: Any) -> None:
    """In a new process: one host for all that is played here."""
    global _host, _said
    _host, _said = _open.enter_context(hosting()), said
    Finalize(None, _open.close, exitpriority=10)  # a worker of a pool ends without `atexit`


def _play_here(script: Script, playing: Playing) -> StoryResult:
    assert _host is not None
    return play(script, _host, playing, lambda *step: _said.put(step))


# Choosing -------------------------------------------------------------------------------------------------------------


def scripts_of(
    paths: Sequence[Path], *, tag: str | None = None, values: Mapping[str, str] | None = None
) -> tuple[list[Script], list[StoryInvalid]]:
    """All scripts of these files that bear the tag, and the files that are no stories.

    `values` replace those of the rows of a table.
    """
    scripts, broken = list[Script](), list[StoryInvalid]()
    for path in paths:
        try:
            scripts.extend(load(path, values))
        except StoryInvalid as error:
            broken.append(error)
    return [script for script in scripts if tag is None or tag in script.story.tags], broken


def broken_result(error: StoryInvalid) -> StoryResult:
    """A file that is no story fails as a whole."""
    told = "\n".join(map(str, error.all))
    return StoryResult(error.path, error.path.stem, error.path.stem, 0.0, error=told)


def scripts_at(path: Path) -> tuple[Script, ...]:
    """Of one file. Raises `Failure` instead of `StoryInvalid`, for the command line."""
    try:
        return load(path)
    except StoryInvalid as error:
        raise Failure("\n".join(map(str, error.all)), code="story_invalid") from error


__all__ = ["Playing", "Scene", "StoryResult", "play", "play_against", "play_all", "scripts_at", "scripts_of"]
