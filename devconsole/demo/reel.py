"""Which stories a demo shows, and in which order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from devconsole.output import Failure
from devconsole.scenario import shelf, suite
from devconsole.scenario.story import Story

TAG = "demo"

ORDER = (
    "manual-topup",
    "automatic-topup",
    "declined-then-paid",
    "automatic-topup-declined",
    "duplicate-webhook",
)
"""The main job first, then what goes wrong, then why that is no harm. Stories that are not named here follow."""


@dataclass(frozen=True)
class Take:
    """A story to be shown, and its name."""

    name: str
    story: Story


def reel_of(names: Sequence[str]) -> tuple[Take, ...]:
    """The stories named, else all shipped ones that bear the tag `demo`, in `ORDER`. Raises `Failure`."""
    paths = shelf.find(names) if names else sorted(suite.selected(shelf.shipped(), TAG), key=_place)
    if not paths:
        raise Failure("no story to show", remedy="See `devconsole scenario list`.", code="no_story")
    return tuple(Take(path.stem, suite.story_at(path)) for path in paths)


def _place(path: Path) -> tuple[int, str]:
    return (ORDER.index(path.stem) if path.stem in ORDER else len(ORDER), path.stem)
