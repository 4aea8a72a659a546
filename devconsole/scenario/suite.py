"""Plays many stories, each on a server of its own, and tells the results: for people, for scripts, for CI."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devconsole.attach import Attachment
from devconsole.output import Failure
from devconsole.scenario.runner import Run, StepResult
from devconsole.scenario.story import Story, StoryInvalid, load
from relay.errors import RelayError
from relay.home import Home
from relay.sync_client import SyncControlClient

Listener = Callable[[Path, StepResult], None]

ISOLATED = {"isolated": True, "port": 0, "sandbox_port": 0, "no_samples": True}
"""How the server of a story starts: deaf to the environment, so always on the sandbox; on free ports; nobody there but
the companies that the story names."""


@dataclass(frozen=True)
class StoryResult:
    """One story played. `error` is set when it could not even begin."""

    path: Path
    title: str
    duration_s: float
    steps: tuple[StepResult, ...] = ()
    error: str | None = None
    home: Path | None = None
    """Kept on request: the home directory as it was at the end."""

    @property
    def passed(self) -> bool:
        return self.error is None and all(step.passed for step in self.steps)

    @property
    def reason(self) -> str | None:
        """Why it failed, in one paragraph."""
        if self.error is not None:
            return self.error
        failed = next((step for step in self.steps if not step.passed), None)
        if failed is None:
            return None
        return f"step {failed.number}: {failed.problem or '; '.join(map(str, failed.mismatches))}"

    def document(self) -> dict[str, Any]:
        """The same as plain data."""
        return {
            "story": str(self.path),
            "title": self.title,
            "passed": self.passed,
            "duration_ms": round(self.duration_s * 1000),
            "reason": self.reason,
            "home": str(self.home) if self.home else None,
            "steps": [
                {
                    "number": step.number,
                    "title": step.title,
                    "passed": step.passed,
                    "duration_ms": round(step.duration_s * 1000),
                    "problem": step.problem,
                    "mismatches": [
                        {"what": each.what, "expected": each.expected, "actual": each.actual}
                        for each in step.mismatches
                    ],
                }
                for step in self.steps
            ],
        }


def play_all(paths: list[Path], *, jobs: int, keep: bool, listener: Listener) -> Iterator[StoryResult]:
    """Play the stories, up to `jobs` at once, and yield their results in the order of `paths`."""
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        yield from pool.map(lambda path: play(path, keep=keep, listener=listener), paths)


def play(path: Path, *, keep: bool, listener: Listener) -> StoryResult:
    """Play one story on an isolated server."""
    start = time.monotonic()
    try:
        story = load(path)
    except StoryInvalid as error:
        return StoryResult(path, path.stem, 0.0, error=str(error))
    steps: list[StepResult] = []
    home = Path(tempfile.mkdtemp(prefix=f"devconsole-{path.stem}-"))
    try:
        with isolated_server(home) as server:
            for result in Run(story, server).play():
                steps.append(result)
                listener(path, result)
    except (Failure, RelayError) as error:
        return StoryResult(path, story.title, time.monotonic() - start, tuple(steps), error=str(error))
    finally:
        if not keep:
            discard(home)
    return StoryResult(path, story.title, time.monotonic() - start, tuple(steps), home=home if keep else None)


@contextlib.contextmanager
def isolated_server(home: Path) -> Iterator[SyncControlClient]:
    """A server on `home` that ends with the block."""
    attachment = Attachment(Home(home), ISOLATED)
    try:
        attached = attachment.wait()
        yield SyncControlClient(attached.url, attached.token)
    finally:
        attachment.close()


def discard(home: Path) -> None:
    """Remove a home directory that a story has left."""
    import shutil

    shutil.rmtree(home, ignore_errors=True)


def selected(paths: list[Path], tag: str | None) -> list[Path]:
    """Those that bear the tag; a file that is no story stays, so that running it tells why."""

    def bears(path: Path) -> bool:
        try:
            return tag in load(path).tags
        except StoryInvalid:
            return True

    return [path for path in paths if tag is None or bears(path)]


def story_at(path: Path) -> Story:
    """One story. Raises `Failure` instead of `StoryInvalid`, for the command line."""
    try:
        return load(path)
    except StoryInvalid as error:
        raise Failure(str(error), code="story_invalid") from error
