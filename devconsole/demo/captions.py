"""What the audience is told at each moment."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from devconsole.scenario.runner import StepResult, title_of
from devconsole.scenario.story import Step


class Moment(StrEnum):
    OPENING = "opening"
    """The story's title, while its companies are made."""
    TOLD = "told"
    """What comes next, before it is done."""
    DONE = "done"
    """It has been done, and all that was expected came true."""
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Caption:
    """One moment of a story. `number` is 0 for its opening, else the step, from 1 to `total`."""

    story: str
    """Its name on the shelf, such as `manual-topup`."""
    title: str
    number: int
    total: int
    text: str
    moment: Moment
    problem: str | None = None
    """Why it failed."""


def sentence_of(step: Step) -> str:
    """What is said about a step: its caption, or what it does when nobody wrote one."""
    return title_of(step)


def problem_of(result: StepResult) -> str | None:
    """Why a step failed, in one sentence; None when it did not."""
    if result.passed:
        return None
    return result.problem or "; ".join(map(str, result.mismatches))
