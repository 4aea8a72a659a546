"""One event loop for all stories of a worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devconsole.scenario import suite
from devconsole.scenario.results import StoryResult
from devconsole.scenario.script import Script, parse
from devconsole.virtual.host import Host, hosting

Play = Callable[..., StoryResult]


@pytest.fixture(scope="session")
def host() -> Iterator[Host]:
    with hosting() as running:
        yield running


@pytest.fixture
def play(host: Host, tmp_path: Path) -> Play:
    """Play a text, or a script, and return what came of it."""

    def played(story: str | Script, *, seed: int | None = None, keep: bool = False) -> StoryResult:
        told = parse(story, tmp_path / "story.yaml")[0] if isinstance(story, str) else story
        return suite.play(told, host, suite.Playing(seed=seed, keep="failed" if keep else "none"), lambda *_step: None)

    return played
