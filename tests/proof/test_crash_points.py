"""A server killed with SIGKILL at every commit and every call to Stripe: the money is as if nothing had happened."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from devconsole.lab.points import Point
from tests.support.proof_crash import STORIES, CrashStory, Outcome, run

AT_ONCE = 2
TRIES = 3
"""What comes together shares a commit, and work beside the story may come after its end: not every run passes all."""
SAMPLE = (("Checkout paid", 2), ("automatic top-up after a call", 3))
"""So many points of these stories in the quick run."""


async def survive(
    story: CrashStory, points: Sequence[Point], calm: Outcome, template: Path, place: Path
) -> list[Point]:
    """Kill the server at each point, some at once; returns those that were reached."""
    free = asyncio.Semaphore(AT_ONCE)

    async def killed_at(number: int, point: Point) -> bool:
        for attempt in range(TRIES):
            async with free:
                outcome = await run(story, template, place / f"{number}-{attempt}", deadly=point)
            assert outcome.money == calm.money, f"{story.name}, killed {point}"
            if outcome.deaths:
                return True
        return False

    deaths = await asyncio.gather(*(killed_at(number, point) for number, point in enumerate(points)))
    return [point for point, died in zip(points, deaths, strict=True) if died]


def by_name(story: CrashStory) -> str:
    return story.name.replace(" ", "-")


@pytest.mark.proof
@pytest.mark.timeout(600)
@pytest.mark.parametrize("story", STORIES, ids=by_name)
async def test_killed_at_every_point(story: CrashStory, template: Path, tmp_path: Path) -> None:
    calm = await run(story, template, tmp_path / "calm")
    assert calm.deaths == 0
    points = calm.points if story is not STORIES[0] else (*calm.start_points, *calm.points)
    reached = await survive(story, points, calm, template, tmp_path)
    print(f"\n{story.name}: killed at {len(reached)} of {len(points)} points")
    for point in points:
        print(f"  {point}{'' if point in reached else ' - not passed again'}")
    assert {point for point in points if point.nth == 1} <= set(reached)


@pytest.mark.parametrize(("name", "count"), SAMPLE)
async def test_killed_at_some_points(name: str, count: int, template: Path, tmp_path: Path) -> None:
    (story,) = [story for story in STORIES if story.name == name]
    calm = await run(story, template, tmp_path / "calm")
    first = [point for point in calm.points if point.nth == 1]
    points = first[:: len(first) // count][:count]
    assert await survive(story, points, calm, template, tmp_path) == points
