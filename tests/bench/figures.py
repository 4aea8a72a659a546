"""Figures of several rounds as one line: median, spread, and the ratio to a baseline taken in the same rounds."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Series:
    """The same figure from several rounds."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def spread(self) -> float:
        """(max - min) / median."""
        return (max(self.values) - min(self.values)) / self.median if self.median else 0.0

    def __str__(self) -> str:
        return f"{self.median:,.1f} ({min(self.values):,.1f} - {max(self.values):,.1f})"


@dataclass(frozen=True)
class Goal:
    """What must be reached; `at_most` tells the direction."""

    must: float
    aim: float | None = None
    at_most: bool = False

    def verdict(self, value: float) -> str:
        def reached(bound: float) -> bool:
            return value <= bound if self.at_most else value >= bound

        if self.aim is not None and reached(self.aim):
            return f"aim {self.aim:g} reached"
        sign = "<=" if self.at_most else ">="
        return f"must {sign} {self.must:g} {'reached' if reached(self.must) else 'MISSED'}"


def series(values: Sequence[float]) -> Series:
    return Series(tuple(values))


def ratio(ours: Series, baseline: Series) -> Series:
    """Round by round, so that what slows both of them cancels out."""
    return Series(tuple(mine / base for mine, base in zip(ours.values, baseline.values, strict=True)))


def report(name: str, ours: str, baseline: str, value: float, goal: Goal | None, *, note: str = "") -> None:
    """Print one row: what was measured, beside what, and whether the goal holds."""
    verdict = goal.verdict(value) if goal else ""
    _ROWS.append((name, ours, baseline, f"{value:.2f}", verdict))
    print(
        f"{name}\n    ours      {ours}\n    baseline  {baseline}\n    result    {value:.2f}  {verdict}{note}",
        flush=True,
    )


def print_table() -> None:
    """All that was reported, as the README shows it."""
    print("\n| measured | ours | beside it | result | goal |\n|---|---|---|---|---|")
    for row in _ROWS:
        print("| " + " | ".join(cell.replace("|", "/") for cell in row) + " |", flush=True)


_ROWS: list[tuple[str, ...]] = []


def void_note(baseline: Series, *, limit: float = 0.15) -> str:
    """A baseline that wobbles more than this proves nothing."""
    return f"  (VOID: the baseline spread over {baseline.spread:.0%})" if baseline.spread > limit else ""
