"""Experiments: one fault, or two at once, in a world of its own, compared with a world where nothing goes wrong."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from devconsole.lab import host, story
from devconsole.lab.catalog import BREWS, Trouble
from devconsole.lab.listing import IN_LAB
from devconsole.lab.points import Point
from devconsole.lab.verdict import Invariant, Money, judge, money_of
from devconsole.lab.world import Stuck, World, running_world

REACHED_AFTER_TRIES = 3
"""What comes together shares a commit, so not every run passes each point: so often it is tried to strike."""
ANOTHER_CHOICE_MAX = 20
HELD, BROKEN, NOT_REACHED = "held", "broken", "not reached"


@dataclass(frozen=True)
class Result:
    """One experiment. `verdict`: held, broken, or not reached when not every fault has struck."""

    faults: tuple[str, ...]
    seed: int
    how: tuple[str, ...]
    struck: tuple[bool, ...]
    invariants: tuple[Invariant, ...]
    duration_s: float
    deaths: int
    home: Path | None = None

    @property
    def name(self) -> str:
        return " + ".join(self.faults)

    @property
    def verdict(self) -> str:
        if not all(invariant.held for invariant in self.invariants):
            return BROKEN
        return HELD if all(self.struck) else NOT_REACHED

    def document(self) -> dict[str, Any]:
        """The same as plain data."""
        return {
            "faults": self.faults,
            "seed": self.seed,
            "verdict": self.verdict,
            "how": self.how,
            "struck": self.struck,
            "invariants": {
                each.name.replace(" ", "_"): {"held": each.held, "seen": each.seen or None} for each in self.invariants
            },
            "deaths": self.deaths,
            "duration_ms": round(self.duration_s * 1000),
            "home": str(self.home) if self.home else None,
        }


@dataclass(frozen=True)
class Calm:
    """What a story without faults leaves behind, and the points that it passes."""

    template: Path
    money: Money
    points: tuple[Point, ...]


def singles_of(names: Sequence[str]) -> list[tuple[str, ...]]:
    """An experiment for each; all when none is named."""
    return [(name,) for name in names or IN_LAB]


def pairs_of(names: Sequence[str]) -> list[tuple[str, ...]]:
    """An experiment for each two of them, in the order of the catalogue; of all when none is named."""
    return list(itertools.combinations([name for name in IN_LAB if not names or name in names], 2))


async def run(cases: Sequence[tuple[str, ...]], *, seed: int, jobs: int, keep: bool = False) -> AsyncIterator[Result]:
    """Carry experiments out, `jobs` at once, and yield each result when it is there."""
    host.preload()
    place = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="devconsole-faults-"))
    tasks: set[asyncio.Task[Result]] = set()
    try:
        calm = await observe_calm(place)
        free = asyncio.Semaphore(jobs)

        async def one(number: int, names: tuple[str, ...]) -> Result:
            async with free:
                return await experiment(names, calm, place / f"{number:04d}", seed=seed, keep=keep)

        tasks = {asyncio.create_task(one(number, names)) for number, names in enumerate(cases)}
        for finished in asyncio.as_completed(list(tasks)):
            yield await finished
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if not keep:
            await asyncio.to_thread(shutil.rmtree, place, ignore_errors=True)


async def observe_calm(place: Path) -> Calm:
    """Make a home with the companies, and see what the story does when nothing goes wrong. Raises `Stuck`."""
    async with running_world(place / "template") as world:
        await story.prepare(world)
        await world.server.end()
    for trace in ("points", "struck", "output"):
        (place / "template" / trace).unlink(missing_ok=True)
    async with running_world(place / "calm", template=place / "template") as world:
        started = len(_points(world))
        await story.play(world)
        return Calm(place / "template", await money_of(world), tuple(_points(world)[started:]))


async def experiment(names: tuple[str, ...], calm: Calm, place: Path, *, seed: int, keep: bool) -> Result:
    """Play the story under these faults, and judge; again with the same chance while one of them has not struck."""
    started = time.monotonic()
    for attempt in range(REACHED_AFTER_TRIES):
        home = place / str(attempt)
        troubles = brew(names, calm.points, seed=seed)
        async with _troubled(home, calm, troubles) as (world, stuck):
            result = Result(
                faults=names,
                seed=seed,
                how=tuple(trouble.how for trouble in troubles),
                struck=tuple(trouble.struck(world) for trouble in troubles),
                invariants=await judge(world, calm.money, stuck=stuck),
                duration_s=time.monotonic() - started,
                deaths=world.deaths,
                home=home if keep else None,
            )
        if not keep:
            await asyncio.to_thread(shutil.rmtree, place, ignore_errors=True)
        if result.verdict != NOT_REACHED:
            break
    return result


def brew(names: tuple[str, ...], points: Sequence[Point], *, seed: int) -> list[Trouble]:
    """What the seed chooses for these faults; two at the sandbox hit different things, or one would hide the other."""
    for again in range(ANOTHER_CHOICE_MAX):
        troubles = [
            BREWS[name](Random(f"{seed}/{'+'.join(names)}/{name}/{again * place}"), points)
            for place, name in enumerate(names)
        ]
        hit = [(rule.target, rule.path) for trouble in troubles for rule in trouble.rules]
        if len(set(hit)) == len(hit):
            break
    return troubles


@contextlib.asynccontextmanager
async def _troubled(home: Path, calm: Calm, troubles: Sequence[Trouble]) -> AsyncIterator[tuple[World, str | None]]:
    """A world after the story under these troubles; the text says why it got stuck, if it did."""
    deadly = tuple(trouble.deadly for trouble in troubles if trouble.deadly is not None)
    impatient = any(trouble.impatient for trouble in troubles)
    async with running_world(home, template=calm.template, deadly=deadly, impatient=impatient) as world:
        for trouble in troubles:
            for rule in trouble.rules:
                world.sandbox.faults.add(rule)
            for name, value in trouble.told:
                world.tell(name, value)
        stuck = None
        besides = [asyncio.create_task(trouble.beside(world)) for trouble in troubles if trouble.beside is not None]
        try:
            await story.play(world)
            await asyncio.gather(*besides)
            await world.quiet()
        except Stuck as error:
            stuck = str(error)
        finally:
            for task in besides:
                task.cancel()
            await asyncio.gather(*besides, return_exceptions=True)
        yield world, stuck


def _points(world: World) -> list[Point]:
    return [Point.read(line) for line in (world.home / "points").read_text(encoding="utf-8").splitlines()]
