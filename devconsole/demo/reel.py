"""Which stories a demo shows, and in which order."""

from __future__ import annotations

from collections.abc import Sequence

from devconsole.output import Failure
from devconsole.scenario import shelf, suite
from devconsole.scenario.script import Script

TAG = "demo"

ORDER = (
    "manual-topup",
    "automatic-topup",
    "declined-then-paid",
    "automatic-topup-declined",
    "duplicate-webhook",
)
"""The main job first, then what goes wrong, then why that is no harm. Stories that are not named here follow."""


def reel_of(names: Sequence[str]) -> tuple[Script, ...]:
    """The stories named, else all shipped ones that bear the tag `demo`, in `ORDER`. Raises `Failure`."""
    if names:
        return tuple(script for path in shelf.find(names) for script in suite.scripts_at(path))
    scripts, _ = suite.scripts_of(shelf.shipped(), tag=TAG)
    if not scripts:
        raise Failure("no story to show", remedy="See `devconsole scenario list`.", code="no_story")
    return tuple(sorted(scripts, key=_place))


def _place(script: Script) -> tuple[int, str]:
    return (ORDER.index(script.name) if script.name in ORDER else len(ORDER), script.name)
