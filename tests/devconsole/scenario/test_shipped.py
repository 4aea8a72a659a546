"""Every shipped story passes: the first row of each here, all rows twice in the long proofs."""

from __future__ import annotations

from pathlib import Path

import pytest

from devconsole.scenario import shelf, suite
from devconsole.scenario.report import lines_of
from devconsole.scenario.script import load
from tests.devconsole.scenario.conftest import Play
from tests.support.digests import known


@pytest.mark.parametrize("path", shelf.shipped(), ids=lambda path: path.stem)
def test_a_shipped_story_passes(path: Path, play: Play) -> None:
    """And what happened in it is the same, to the byte, as on every other machine and Python."""
    result = play(load(path)[0])
    assert result.passed, "\n".join(lines_of(result))
    assert result.digest == known()[result.name], "if this is meant: python -m tests.support.digests"


def test_the_digest_of_each_row_of_each_story_is_known() -> None:
    scripts, _ = suite.scripts_of(shelf.shipped())
    assert list(known()) == [script.name for script in scripts]


def test_what_the_product_promises_has_a_story() -> None:
    """At least twenty-five, and one for each word that QA looks for."""
    scripts, broken = suite.scripts_of(shelf.shipped())
    assert broken == []
    assert len({script.path for script in scripts}) >= 25
    tags = {tag for script in scripts for tag in script.story.tags}
    assert {"topup", "auto-topup", "call", "refund", "dispute", "sepa", "crash", "bonus", "limit", "demo"} <= tags
